"""Builds the wheel: maturin, with OpenBLAS and every licence inside.

The hooks are maturin's. What is added here: a machine that cannot build the package is told
so in one line, before anything is fetched; `pip install .` repairs the wheel (by default
maturin does that only for a release), so that it carries OpenBLAS and needs nothing of the
build once it is installed; OpenBLAS stands in the bill of materials (SBOM) beside the crates;
and the version of a wheel built from a git checkout names the commit.
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
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import build_checks
import build_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    Settings = Mapping[str, Any] | None

CHECKOUT = Path(__file__).resolve().parents[1]
CRATE = "scirs2-python"
LICENCES = Path("third-party-licences")
LICENCE_NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE")
OPENBLAS = "scipy-openblas32"
OPENBLAS_VARIABLE = "SCIRS2_OPENBLAS_DIR"
# `pypi` asks for the lowest tag that fits what was linked here.
REPAIR = "--auditwheel repair --compatibility pypi"


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Name what the build needs, once it is known that this machine can build at all."""
    build_checks.need_rust()
    build_checks.need_linker()
    return _requirements()


get_requires_for_build_editable = get_requires_for_build_wheel


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Name what an sdist needs; nothing is compiled for it."""
    build_checks.need_rust()
    return _requirements()


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build the source archive."""
    build_checks.need_rust()
    return _maturin().build_sdist(sdist_directory, config_settings)


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel that carries all it needs and says what it was built from."""
    _prepare()
    # maturin makes the metadata anew, because those in the folder name the commit.
    name = _maturin().build_wheel(wheel_directory, config_settings)
    return build_version.write_to_wheel(Path(wheel_directory, name), CHECKOUT).name


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build an editable wheel; it finds OpenBLAS in the target folder.

    It names no commit, because the Python files that it refers to change with the checkout.
    """
    _prepare()
    return _maturin().build_editable(wheel_directory, config_settings, metadata_directory)


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write the metadata, which list the licences and name the commit."""
    name = prepare_metadata_for_build_editable(metadata_directory, config_settings)
    return build_version.write_to_metadata(Path(metadata_directory, name), CHECKOUT).name


def prepare_metadata_for_build_editable(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write the metadata, which list the licences."""
    build_checks.need_rust()
    _carry_licences()
    return _maturin().prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def _requirements() -> list[str]:
    """Return the dependency group of the build."""
    with open("pyproject.toml", "rb") as file:
        return tomllib.load(file)["dependency-groups"]["build"]


def _maturin() -> ModuleType:
    """Return maturin, which is installed only after the first hooks have run."""
    if importlib.util.find_spec("maturin") is None:
        sys.exit(
            "scirs2 is built by maturin, which is not installed here; for a build without "
            "isolation run first: python -m pip install --group build"
        )
    return importlib.import_module("maturin")


def _prepare() -> None:
    build_checks.need_rust()
    build_checks.need_linker()
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
    process = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if process.returncode:
        sys.exit(
            "scirs2: cargo did not get the crates that are compiled into the package, for the "
            "reason above; how to build without a network: docs/install.rst"
        )
    metadata = json.loads(process.stdout)

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
