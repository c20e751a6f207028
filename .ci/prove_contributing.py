"""Add a function by the steps of CONTRIBUTING.md, in a copy, and count what it costs.

The new function is Cholesky under another name, because the page names Cholesky as its
example: files and lines that mention it are written once more, in the places that the
page lists and nowhere else. Whatever is missing there fails a build or a test here; and
where a step writes more than the page says, the count fails.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
OLD, NEW = "cholesky", "cholesky_again"
LINE = rf"(?m)^.*\b{OLD}\b.*\n"


@dataclass(frozen=True)
class Step:
    """A step of the page: files to write after a model, and lists to add lines to."""

    what: str
    files: tuple[str, ...] = ()
    # How many lines, and what they look like.
    lists: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)


# In the order of the page. Where files move, this is what changes.
ROUTINE = Step(
    "a routine of LAPACK that is new",
    ("scirs2-linalg/src/lapack/cholesky.rs",),
    {
        "scirs2-linalg/src/lapack/mod.rs": (3, (LINE,)),
        "scirs2-linalg/src/lapack/sys.rs": (4, (r" *///.*\n *potrf [^;]*;\n",)),
    },
)
OPERATION = Step(
    "the operation",
    ("scirs2-linalg/src/solve/cholesky.rs",),
    {
        "scirs2-linalg/src/solve/mod.rs": (2, (LINE,)),
        "scirs2-linalg/src/lib.rs": (2, (LINE,)),
        "scirs2-linalg/src/operation.rs": (1, (LINE,)),
    },
)
BINDING = Step(
    "the binding",
    ("scirs2-python/src/ops/cholesky.rs",),
    {"scirs2-python/src/ops/mod.rs": (1, (LINE,))},
)
TRUTH = Step(
    "what is true of it",
    lists={"scirs2-python/python/scirs2/_truths.py": (1, (rf'(?m)^ +"{OLD}": .*\n',))},
)
TESTS = Step("its own tests", ("scirs2-python/tests/test_cholesky.py",))
STEPS = (ROUTINE, OPERATION, BINDING, TRUTH, TESTS)

# What `make generated` writes.
GENERATED = {
    "docs/api.rst",
    "docs/reference.md",
    "scirs2-python/python/scirs2/_scirs2.pyi",
    "scirs2-python/python/scirs2/linalg.py",
}


def renamed(text: str) -> str:
    """Give the function, and what belongs to it alone, the other name."""
    # The kernels and their plan, which the new function shares, keep theirs.
    text = re.sub(rf"(?<!batched::)(?<!small::)\b{OLD}(?=(_into|_shape)?\b)", NEW, text)
    # The operation and its routine, which stand beside those of the model.
    text = re.sub(r"(?<!Problem::)\bCholesky\b", "CholeskyAgain", text)
    return re.sub(r"\bpotrf\b", "potrf_again", text)


def new_file(model: str) -> str:
    """Name a file after its model."""
    folder, _, name = model.rpartition("/")
    return f"{folder}/{name.replace(OLD, NEW)}"


def walk(step: Step) -> None:
    """Write what matches the model once more: files beside it, lines below it."""
    for model in step.files:
        Path(new_file(model)).write_text(renamed(Path(model).read_text()))
    for path, (_, patterns) in step.lists.items():
        for pattern in patterns:
            text, count = re.subn(
                pattern, lambda found: found[0] + renamed(found[0]), Path(path).read_text()
            )
            assert count, f"{path} has no line like {pattern}"
            Path(path).write_text(text)


def changed() -> dict[str, tuple[int, int]]:
    """Return the lines that each file gained and lost since the copy was made."""
    git("add", "--all")
    rows = map(str.split, git("diff", "--cached", "--numstat", "--no-renames").splitlines())
    return {path: (int(added), int(lost)) for added, lost, path in rows}


def count() -> None:
    """Print what the function cost, and fail where that is not what the steps say."""
    found = changed()
    print(f"{'a new function costs':34} lines")
    for step in STEPS:
        for model in step.files:
            added, _ = found.pop(new_file(model))
            print(f"  {step.what:32} {added:5}  {new_file(model)}, a new file")
        for path, (lines, _) in step.lists.items():
            assert found[path] == (lines, 0), f"{path}: {found[path]} lines, not {lines}"
            del found[path]
            print(f"  {step.what:32} {lines:5}  {path}")
    assert found.keys() == GENERATED, f"changed beside it: {sorted(found.keys() ^ GENERATED)}"
    for path, (added, _) in found.items():
        print(f"  {'generated':32} {added:5}  {path}", flush=True)


def git(*arguments: str) -> str:
    """Run git, as nobody in particular; return what it prints."""
    nobody = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    command = ["git", *nobody, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


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
    """Copy, walk, count, build, test."""
    with tempfile.TemporaryDirectory() as copy, contextlib.chdir(copy):
        copy_files(Path(copy))
        # Where cargo finds OpenBLAS, once make has filled it.
        os.environ["VIRTUAL_ENV"] = f"{copy}/.venv"
        # What is compiled already, of other people's crates, serves here too.
        (CHECKOUT / "target").mkdir(exist_ok=True)
        Path("target").symlink_to(CHECKOUT / "target", target_is_directory=True)
        git("init", "--quiet")
        git("add", "--all")
        git("commit", "--quiet", "--message=before")
        for step in STEPS:
            walk(step)
        run("make", "generated")
        run("make", "fmt")
        count()
        run("make", "lint")
        run("cargo", "test", "--quiet", "--package=scirs2-linalg", "--doc", NEW)
        run("make", "types")
        run(".venv/bin/pytest", "--quiet", "-k", NEW, "scirs2-python/tests")
        run("make", "docs")
    print("CONTRIBUTING.md names all that a new function needs")


if __name__ == "__main__":
    main()
