"""The build backend: what it says where it cannot build, and the version of what it builds."""

import base64
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "scirs2-python"
SPEC = importlib.util.spec_from_file_location("build_version", FOLDER / "build_version.py")
build_version = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build_version)

# Every hook of a front end, in the order of its calls, ends like this.
HOOK = """
import sys
sys.path.insert(0, sys.argv[1])
import build_backend
print(getattr(build_backend, sys.argv[2])(*sys.argv[3:]))
"""


def call(hook, *arguments, checkout=CHECKOUT, options=(), **environment):
    """Run a hook as pip does, in a process of its own."""
    command = [sys.executable, *options, "-c", HOOK, checkout / "scirs2-python", hook, *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(
        command, cwd=checkout, env=env, capture_output=True, text=True, check=False, timeout=100
    )


def refused(process):
    """The one line that a hook ends with."""
    assert process.returncode == 1, process.stderr
    (line,) = process.stderr.splitlines()
    return line


def path_with(folder, *programs):
    """A search path on which there is nothing else."""
    for program in programs:
        (folder / program).symlink_to(shutil.which(program))
    return str(folder)


HOOKS = [
    ("get_requires_for_build_sdist",),
    ("get_requires_for_build_wheel",),
    ("get_requires_for_build_editable",),
    ("prepare_metadata_for_build_wheel", "nowhere"),
    ("prepare_metadata_for_build_editable", "nowhere"),
    ("build_sdist", "nowhere"),
    ("build_wheel", "nowhere"),
    ("build_editable", "nowhere"),
]
LINKING = [hook for hook in HOOKS if not hook[0].startswith("prepare") and "sdist" not in hook[0]]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook[0])
def test_no_rust_is_one_line(hook, tmp_path):
    line = refused(call(*hook, PATH=str(tmp_path)))
    assert "command cargo is not on the PATH: install Rust 1." in line


needs_cc = pytest.mark.skipif(sys.platform == "win32", reason="rustc finds the linker itself")


@needs_cc
@pytest.mark.parametrize("hook", LINKING, ids=lambda hook: hook[0])
def test_no_c_compiler_is_one_line(hook, tmp_path):
    path = path_with(tmp_path, "cargo", "rustc")
    assert "command cc is not on the PATH: install gcc or clang" in refused(call(*hook, PATH=path))


@needs_cc
def test_another_linker_will_do(tmp_path):
    path = path_with(tmp_path, "cargo", "rustc")
    process = call("get_requires_for_build_wheel", PATH=path, CARGO_TARGET_X_LINKER="clang")
    assert process.returncode == 0, process.stderr


def test_an_old_rust_is_one_line(tmp_path):
    # The Rust that is here, and a package that needs a newer one.
    files = ["Cargo.toml", "pyproject.toml", "scirs2-python/build_backend.py"]
    files += ["scirs2-python/build_checks.py", "scirs2-python/build_version.py"]
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / file, tmp_path / file)
    manifest = tmp_path / "Cargo.toml"
    old = re.sub(r'(?m)^rust-version = ".*"', 'rust-version = "9.0"', manifest.read_text())
    manifest.write_text(old)
    line = refused(call("get_requires_for_build_wheel", checkout=tmp_path))
    assert re.search(r"needs Rust 9\.0 or later, and this is 1\.\d+\.\d+\S*: run 'rustup", line)


def test_no_network_for_the_crates_is_told_after_the_reason(tmp_path):
    home = {"CARGO_HOME": str(tmp_path), "CARGO_NET_OFFLINE": "true"}
    process = call("prepare_metadata_for_build_wheel", str(tmp_path), **home)
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert process.stderr.splitlines()[-1].endswith("without a network: docs/install.rst")


def test_no_maturin_is_one_line(tmp_path):
    # -S leaves out what is installed.
    process = call("build_sdist", str(tmp_path), options=["-I", "-S"])
    assert "run first: python -m pip install --group build" in refused(process)


def test_what_the_build_needs_is_named_once():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    assert project["build-system"]["requires"] == []
    process = call("get_requires_for_build_wheel", options=["-I", "-S"])
    assert process.stdout.strip() == str(project["dependency-groups"]["build"])


def git(folder, *arguments):
    nobody = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    command = ["git", "-C", folder, *nobody, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init")
    (folder / "file").write_text("first")
    git(folder, "add", "file")
    git(folder, "commit", "--message=first")
    return folder


class TestTheCommit:
    def test_a_commit(self, checkout):
        commit = git(checkout, "rev-parse", "HEAD")
        assert build_version.local_version(checkout, "0.1.0") == f"+g{commit[:7]}"

    def test_with_changes(self, checkout):
        (checkout / "file").write_text("second")
        assert build_version.local_version(checkout, "0.1.0").endswith(".dirty")

    def test_a_file_that_git_does_not_know_is_no_change(self, checkout):
        (checkout / "other").write_text("new")
        assert not build_version.local_version(checkout, "0.1.0").endswith(".dirty")

    def test_a_release_names_none_unless_it_was_changed(self, checkout):
        git(checkout, "tag", "v0.1.0")
        assert build_version.local_version(checkout, "0.1.0") == ""
        assert build_version.local_version(checkout, "0.2.0").startswith("+g")
        (checkout / "file").write_text("second")
        assert build_version.local_version(checkout, "0.1.0").startswith("+g")

    def test_a_folder_in_the_checkout_of_another_project_has_none(self, checkout):
        inner = checkout / "scirs2-0.1.0"
        inner.mkdir()
        assert build_version.local_version(inner, "0.1.0") == ""

    def test_without_git_there_is_none(self, checkout, tmp_path, monkeypatch):
        assert build_version.local_version(tmp_path, "0.1.0") == ""
        monkeypatch.setenv("PATH", str(tmp_path))
        assert build_version.local_version(checkout, "0.1.0") == ""


DIST_INFO = "scirs2-0.1.0.dist-info"


@pytest.fixture
def wheel(tmp_path):
    """As small as a wheel can be; with the file that names the commit as it is."""
    file = tmp_path / "scirs2-0.1.0-py3-none-any.whl"
    source = (FOLDER / "python" / build_version.VERSION_FILE).read_text()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(build_version.VERSION_FILE, source)
        archive.writestr("scirs2/__init__.py", "")
        archive.writestr("scirs2/_scirs2.py", '__version__ = "0.1.0"\n')
        archive.writestr(
            f"{DIST_INFO}/METADATA", "Metadata-Version: 2.4\nName: scirs2\nVersion: 0.1.0\n\ntext\n"
        )
        archive.writestr(
            f"{DIST_INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{DIST_INFO}/RECORD", "")
    return file


class TestTheWheel:
    def test_names_the_commit_everywhere(self, wheel, checkout, tmp_path):
        version = f"0.1.0+g{git(checkout, 'rev-parse', 'HEAD')[:7]}"
        final = build_version.write_to_wheel(wheel, checkout)
        assert final.name == f"scirs2-{version}-py3-none-any.whl"
        assert not wheel.exists()

        place = tmp_path / "installed"
        zipfile.ZipFile(final).extractall(place)
        (found,) = metadata.distributions(path=[str(place)])
        assert (found.name, found.version) == ("scirs2", version)
        code = "from scirs2 import _version; print(_version.__version__)"
        told = subprocess.check_output([sys.executable, "-c", code], cwd=place, text=True)
        assert told.strip() == version

    def test_has_a_record_of_every_file(self, wheel, checkout):
        final = build_version.write_to_wheel(wheel, checkout)
        with zipfile.ZipFile(final) as archive:
            names = archive.namelist()
            assert len(names) == 6
            (record,) = (name for name in names if name.endswith("/RECORD"))
            rows = [line.split(",") for line in archive.read(record).decode().splitlines()]
            assert [row[0] for row in rows] == names
            assert rows.pop() == [record, "", ""]
            for name, digest, size in rows:
                content = archive.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
                assert digest == "sha256=" + expected.decode().rstrip("=")
                assert int(size) == len(content)

    def test_pip_installs_it(self, wheel, checkout, tmp_path):
        final = build_version.write_to_wheel(wheel, checkout)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        subprocess.run([*pip, "--target", tmp_path / "installed", final], check=True)
        assert (tmp_path / "installed" / f"{final.name.split('-py3')[0]}.dist-info").is_dir()

    def test_is_left_as_it_is_without_a_commit(self, wheel, tmp_path):
        before = wheel.read_bytes()
        assert build_version.write_to_wheel(wheel, tmp_path) == wheel
        assert wheel.read_bytes() == before

    def test_its_metadata_beforehand_are_the_same(self, wheel, checkout, tmp_path):
        zipfile.ZipFile(wheel).extractall(tmp_path / "before")
        before = build_version.write_to_metadata(tmp_path / "before" / DIST_INFO, checkout)
        final = build_version.write_to_wheel(wheel, checkout)
        with zipfile.ZipFile(final) as archive:
            assert archive.read(f"{before.name}/METADATA") == (before / "METADATA").read_bytes()
