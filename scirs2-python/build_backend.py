"""Builds the wheel: maturin, with OpenBLAS and every licence inside.

The hooks are maturin's. What is added here: `pip install .` repairs the wheel
(by default maturin does that only for a release), so that it carries OpenBLAS
and needs nothing of the build once it is installed; and OpenBLAS stands in the
bill of materials (SBOM) beside the crates.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shlex
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
OPENBLAS = "scipy-openblas32"
OPENBLAS_VARIABLE = "SCIRS2_OPENBLAS_DIR"
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
    _point_at_openblas()
    target = _carry_licences()
    _drop_repaired(target)
    arguments = os.environ.get("MATURIN_PEP517_ARGS", REPAIR)
    if bom := _openblas_bom(target):
        arguments += f" --sbom-include {shlex.quote(str(bom))}"
    os.environ["MATURIN_PEP517_ARGS"] = arguments


def _packaged_openblas() -> str | None:
    """Return the folder of this interpreter's OpenBLAS."""
    spec = importlib.util.find_spec(OPENBLAS.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        return None
    return str(Path(spec.submodule_search_locations[0], "lib"))


def _point_at_openblas() -> None:
    """Name the OpenBLAS of this interpreter, unless the build script finds it itself."""
    if os.environ.get("VIRTUAL_ENV") == sys.prefix and "PYTHONPATH" not in os.environ:
        return
    if folder := _packaged_openblas():
        os.environ.setdefault(OPENBLAS_VARIABLE, folder)


def _openblas_bom(target: Path) -> Path | None:
    """Write the bill of materials of the packaged OpenBLAS; maturin knows only of crates.

    None where another is linked: of a system's library maturin itself names the package.
    """
    folder = _packaged_openblas()
    if folder is None or os.environ.get(OPENBLAS_VARIABLE, folder) != folder:
        return None
    version = importlib.metadata.version(OPENBLAS)
    component = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{OPENBLAS}@{version}",
        "name": "OpenBLAS",
        "version": version,
        "description": "BLAS and LAPACK, with the libgfortran and libquadmath that it needs",
        "licenses": [{"license": {"name": "BSD-3-Clause and others: LICENSE-OpenBLAS.txt"}}],
        "purl": f"pkg:pypi/{OPENBLAS}@{version}",
    }
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [component]}
    target.mkdir(parents=True, exist_ok=True)
    file = target / "openblas.cdx.json"
    file.write_text(json.dumps(bom, indent=2), encoding="utf-8")
    return file


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
