"""README, reference and gallery run as written, are complete, and their links lead somewhere."""

import doctest
import importlib.util
import re
import runpy
from operator import attrgetter
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import scirs2

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOMS = ["scirs2-*", "docs", "examples", "benches"]
PAGES = sorted(ROOT.glob("*.md"))
GALLERY = sorted((ROOT / "examples" / "gallery").glob("*.py"))


def listed():
    """Every name in the tables of the reference, with its module."""
    module = None
    for line in (ROOT / "docs" / "api.rst").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            module = match[1]
        elif match := re.fullmatch(r"   (\w+)", line):
            yield f"{module}.{match[1]}"


DOCUMENTED = list(listed())


def test_readme_prints_what_it_says(capsys, tmp_path):
    namespace = {}
    script = tmp_path / "readme.py"
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        script.write_text(block, encoding="utf-8")
        namespace = runpy.run_path(str(script), init_globals=namespace)
        promised = re.findall(r"^print\(.*\)  # (.+)$", block, re.MULTILINE)
        assert capsys.readouterr().out.splitlines() == promised


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    named = re.findall(r"`([\w./-]+\.(?:rs|py|md))`", page.read_text(encoding="utf-8"))
    rooms = [file.as_posix() for room in ROOMS for file in ROOT.glob(f"{room}/**/*.*")]
    assert [name for name in named if not any(f.endswith(f"/{name}") for f in rooms)] == []


def test_reference_names_everything_public():
    # LinAlgError is that of linalg.
    others = ("__version__", "linalg", "LinAlgError")
    public = {name for name in scirs2.__all__ if name not in others}
    in_linalg = {f"scirs2.linalg.{name}" for name in scirs2.linalg.__all__ if name not in public}
    assert sorted(DOCUMENTED) == sorted({f"scirs2.{name}" for name in public} | in_linalg)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_in_docstrings(name):
    text = attrgetter(name.removeprefix("scirs2."))(scirs2).__doc__
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert doctest.DocTestRunner().run(examples).failed == 0


# One of them starts processes, slowly on a busy machine.
@pytest.mark.timeout(400)
@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
def test_gallery(script):
    plt.switch_backend("agg")
    runpy.run_path(str(script), run_name="__main__")
    assert plt.get_fignums()
    plt.close("all")


def test_demo(monkeypatch):
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    for name, value in {"COUNT": 50, "ROWS": 1000, "ROUNDS": 1}.items():
        monkeypatch.setattr(demo, name, value)
    assert demo.main() == 0
    # And with NumPy alone.
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert demo.main() == 0
