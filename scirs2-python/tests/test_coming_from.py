"""The pages for users of PyTorch and JAX list every function, and name only ours as ours."""

import re
from operator import attrgetter
from pathlib import Path

import jax
import pytest
import scirs2
import torch

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in DOCS.glob("from_*.rst")}

LIBRARIES = [
    ("from_torch", "torch.linalg", torch, torch.linalg),
    ("from_jax", "jax.numpy.linalg", jax, jax.numpy.linalg),
    ("from_jax", "jax.scipy.linalg", jax, jax.scipy.linalg),
]


def rows(page, heading):
    """The cells of the table whose first column has this heading."""
    _, found, table = PAGES[page].partition(f"   * - {heading}\n")
    assert found, f"{page}.rst has no table of {heading}"
    table = re.split(r"\n(?=\S)", table)[0]
    for row in table.split("   * - ")[1:]:
        yield re.split(r"\n     -(?: |$)", row)


def functions(module):
    public = vars(module).items()
    return {
        name
        for name, value in public
        if name[0] != "_" and callable(value) and not isinstance(value, type)
    }


@pytest.mark.parametrize(("page", "heading", "library", "module"), LIBRARIES)
def test_every_function_is_listed(page, heading, library, module):
    listed = [name for first, *_ in rows(page, heading) for name in re.findall(r"``(\w+)``", first)]
    missing = functions(module) - set(listed)
    gone = set(listed) - functions(module)
    described = re.search(r"^Of \w+ (\d+\.\d+)", PAGES[page], re.MULTILINE)[1]
    installed = ".".join(library.__version__.split(".")[:2])
    if installed != described and (missing or gone):
        pytest.skip(f"{heading} {installed}: new {sorted(missing)}, not there {sorted(gone)}")
    assert (missing, gone) == (set(), set())
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("page", "heading"), [*(row[:2] for row in LIBRARIES), ("from_torch", "torch")]
)
def test_every_row_says_what_is_ours(page, heading):
    for row in rows(page, heading):
        first, here, _ = row
        assert here == "not here" or ":func:" in here, first


@pytest.mark.parametrize("page", PAGES)
def test_functions_of_ours_exist(page):
    for name in re.findall(r":func:`([\w.]+)`", PAGES[page]):
        path = name if name.startswith("scirs2.") else f"scirs2.linalg.{name}"
        assert callable(attrgetter(path.removeprefix("scirs2."))(scirs2))
