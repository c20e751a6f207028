"""Walk the road of a new function that CONTRIBUTING.md tells, in a copy of the checkout.

The new function is Cholesky under another name, because the page names Cholesky as its
example: files and lines that mention it are written once more, in the places that the
page lists and nowhere else. Whatever is missing there fails a build or a test here.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
OLD, NEW = "cholesky", "cholesky_again"


def renamed(text: str) -> str:
    """Give the function, and what belongs to it alone, the other name."""
    # The kernels, which the new function shares, keep theirs.
    text = re.sub(rf"(?<!many::)(?<!one::)\b{OLD}(?=(_into|_shape)?\b)", NEW, text)
    # The operation and its routine, which stand beside those of the model.
    text = re.sub(r"\bCholesky\b", "CholeskyAgain", text)
    return re.sub(r"\bpotrf\b", "potrf_again", text)


def write_file(model: str) -> None:
    """Write a new file after a model."""
    file = Path(model)
    (file.parent / file.name.replace(OLD, NEW)).write_text(renamed(file.read_text()))


def add_lines(path: str, model: str) -> None:
    """Write what matches the model once more, below it, with the new name."""
    file = Path(path)
    text, count = re.subn(model, lambda found: found[0] + renamed(found[0]), file.read_text())
    assert count, f"{path} has no line like {model}"
    file.write_text(text)


def walk() -> None:
    """Take the five steps, in the words and the order of the page."""
    line = rf"(?m)^.*\b{OLD}\b.*\n"

    # 1. The routine behind a safe function.
    write_file("scirs2-linalg/src/lapack/cholesky.rs")
    add_lines("scirs2-linalg/src/lapack/mod.rs", line)
    add_lines("scirs2-linalg/src/lapack/sys.rs", r" *///.*\n *potrf [^;]*;\n")

    # 2. The allocating form, the shape, the `_into` form, one matrix, and the operation.
    write_file("scirs2-linalg/src/solve/cholesky.rs")
    add_lines("scirs2-linalg/src/solve/mod.rs", line)
    add_lines("scirs2-linalg/src/lib.rs", line)
    add_lines("scirs2-linalg/src/operation.rs", line)
    add_lines("scirs2-linalg/src/operation.rs", r" +Cholesky,\n")

    # 3. Signature, docstring and three lines; a line each in three lists.
    write_file("scirs2-python/src/ops/cholesky.rs")
    add_lines("scirs2-python/src/ops/mod.rs", line)
    add_lines("scirs2-python/python/scirs2/linalg.py", line)
    add_lines("scirs2-python/python/scirs2/_scirs2.pyi", rf"(@overload\ndef {OLD}\([^@]*\.\.\.\n)+")

    # 4. What it takes and what must be true of its answer.
    add_lines("scirs2-python/tests/functions.py", line)

    # 5. Its own tests, and the line of the reference.
    write_file("scirs2-python/tests/test_cholesky.py")
    add_lines("docs/api.rst", line)


def run(*command: str) -> None:
    """Run a command as the page gives it."""
    print("+", *command, flush=True)
    subprocess.run(command, check=True)


def copy_files(copy: Path) -> None:
    """Copy what git knows, and what it would be told of, as it is now."""
    tracked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(tracked, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (CHECKOUT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, copy / name)


def main() -> None:
    """Copy, walk, build, test."""
    with tempfile.TemporaryDirectory() as copy, contextlib.chdir(copy):
        copy_files(Path(copy))
        # Where cargo finds OpenBLAS, once make has filled it.
        os.environ["VIRTUAL_ENV"] = f"{copy}/.venv"
        # What is compiled already, of other people's crates, serves here too.
        (CHECKOUT / "target").mkdir(exist_ok=True)
        Path("target").symlink_to(CHECKOUT / "target", target_is_directory=True)
        walk()
        run("make", "fmt")
        run("make", "lint")
        run("cargo", "test", "--quiet", "--package=scirs2-linalg", "--doc", NEW)
        run("make", "types")
        run(".venv/bin/pytest", "--quiet", "-k", NEW, "scirs2-python/tests")
        run("make", "docs")
    print("CONTRIBUTING.md tells all that a new function needs")


if __name__ == "__main__":
    main()
