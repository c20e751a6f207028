"""Builds the wheel: maturin, with OpenBLAS and every licence inside.

The hooks are maturin's. What is added here: `pip install .` repairs the wheel
(by default maturin does that only for a release), so that it carries OpenBLAS
and needs nothing of the build once it is installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import maturin
from maturin import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Settings = Mapping[str, Any] | None

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

CRATE = "scirs2-python"
LICENCES = Path("third-party-licences")
LICENCE_NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE")
# `pypi` asks for the lowest tag that fits what was linked here.
REPAIR = "--auditwheel repair --compatibility pypi"


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel that carries all it needs."""
    _prepare()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build an editable wheel; it finds OpenBLAS in the target folder."""
    _prepare()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write the metadata, which lists the licences."""
    _carry_licences()
    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def _prepare() -> None:
    os.environ.setdefault("MATURIN_PEP517_ARGS", REPAIR)
    _point_at_openblas()
    _drop_repaired(_carry_licences())


def _point_at_openblas() -> None:
    """Name the OpenBLAS of this interpreter, unless the build script finds it itself."""
    if os.environ.get("VIRTUAL_ENV") == sys.prefix and "PYTHONPATH" not in os.environ:
        return
    spec = importlib.util.find_spec("scipy_openblas32")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0], "lib")
        os.environ.setdefault("SCIRS2_OPENBLAS_DIR", str(folder))


def _drop_repaired(target: Path) -> None:
    """Make cargo link again: maturin repairs the linked file in place, and only once."""
    for folder in [*target.glob("release"), *target.glob("*/release")]:
        for file in [*folder.glob("*_scirs2.*"), *folder.glob("deps/*_scirs2.*")]:
            if file.suffix in {".so", ".dylib", ".dll"}:
                file.unlink()


def _carry_licences() -> Path:
    """Lay out the licences of the crates linked into the extension; return the target folder."""
    cargo = os.environ.get("CARGO", "cargo")
    command = [cargo, "metadata", "--format-version=1"]
    metadata = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)

    shutil.rmtree(LICENCES, ignore_errors=True)
    LICENCES.mkdir()
    # Made anew by every build, so not for git.
    (LICENCES / ".gitignore").write_text("*\n", encoding="utf-8")
    for package in _linked(metadata):
        if package["source"] is None:
            continue
        folder = LICENCES / f"{package['name']}-{package['version']}"
        folder.mkdir(parents=True)
        files = [
            file
            for file in Path(package["manifest_path"]).parent.iterdir()
            if file.is_file() and file.name.upper().startswith(LICENCE_NAMES)
        ]
        for file in files:
            shutil.copyfile(file, folder / file.name)
        if not files:
            # Some crates only name it.
            (folder / "LICENSE.txt").write_text(f"{package['license']}\n", encoding="utf-8")
    return Path(metadata["target_directory"])


def _linked(metadata: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the extension's crate and all it depends on, at run time."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    seen = {id_ for id_, package in packages.items() if package["name"] == CRATE}
    queue = list(seen)
    while queue:
        id_ = queue.pop()
        yield packages[id_]
        for dependency in nodes[id_]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                queue.append(dependency["pkg"])
