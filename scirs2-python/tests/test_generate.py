"""What is generated from the sources of the binding is what the extension has."""

import ast
import importlib.util
import inspect
import re
import textwrap
from pathlib import Path

import pytest
import scirs2
from scirs2 import _scirs2

FILE = Path(__file__).parents[1] / "generate.py"
SPEC = importlib.util.spec_from_file_location("generate", FILE)
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)

FUNCTIONS = generate.functions()
PUBLIC = [
    name
    for name, value in vars(_scirs2).items()
    if not name.startswith("_") and inspect.isroutine(value)
]
STUB = ast.parse((Path(scirs2.__file__).parent / "_scirs2.pyi").read_text(encoding="utf-8"))


def test_each_function_of_the_extension_is_read():
    assert set(PUBLIC) == {name for name in FUNCTIONS if not name.startswith("_")}


@pytest.mark.parametrize("name", PUBLIC)
def test_its_docstring_is_in_the_stub_once(name):
    overloads = [
        node for node in STUB.body if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    first, *others = map(ast.get_docstring, overloads)
    assert first == inspect.getdoc(getattr(_scirs2, name))
    assert others == [None] * len(others)


@pytest.mark.parametrize("name", PUBLIC)
def test_its_signature_is_read(name):
    expected = str(inspect.signature(getattr(_scirs2, name))).replace("Ellipsis", "...")
    (head,) = ast.parse(f"def f({FUNCTIONS[name].signature}): ...").body
    (other,) = ast.parse(f"def f{expected}: ...").body
    assert ast.unparse(head.args) == ast.unparse(other.args)


def test_the_reference_in_markdown_has_everything_public():
    page = generate.MARKDOWN.read_text(encoding="utf-8")
    headings = re.findall(r"^### (\w+)$", page, re.MULTILINE)
    listed = re.findall(r"^   (\w+)$", generate.REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == listed
    links = re.findall(r"\]\(#(\w+)\)", page)
    assert set(links) == {name.lower() for name in headings}


SOURCE = textwrap.dedent("""
    /// Add.
    ///
    /// Parameters
    /// ----------
    /// a, b : array_like, shape (..., n)
    ///     What is added.
    /// sign : {kind}, optional
    ///     Of the sum.
    #[pyfunction]
    #[pyo3(
        signature = (a, b, /, *, sign=[1, 2], twice=false),
    )]
    // Not what it seems.
    pub(crate) fn add<'py>(
        a: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
    /// Not one of Python's.
    fn other() {}
""")


def test_a_function_is_read_over_many_lines():
    (function,) = generate.functions_of(SOURCE)
    assert function.name == "add"
    assert function.signature == "a, b, /, *, sign=[1, 2], twice=False"
    assert function.types() == {"a": "array_like", "b": "array_like", "sign": "{kind}"}


@pytest.mark.parametrize(
    ("kind", "told"),
    [("sign of Zodiac", r"add: no annotation .* sign : sign of Zodiac; write"),
     ("int", r"add: the docstring has no parameter twice")],
)  # fmt: skip
def test_what_is_not_known_names_the_cure(kind, told):
    (function,) = generate.functions_of(SOURCE.replace("{kind}", kind))
    with pytest.raises(generate.Problem, match=told):
        generate.stubs_of(function, generate.Entry(("same",), exact=False))


def test_a_default_of_rust_needs_a_text_signature():
    with pytest.raises(generate.Problem, match=r"add: Trans\(0\) is no value .* text_signature"):
        generate.python("add", "trans=Trans(0)")


def test_a_docstring_in_markdown():
    doc = textwrap.dedent("""
        Add ``a``.

        Parameters
        ----------
        a : array
            As :func:`scirs2.linalg.inv` takes.

        Notes
        -----
        ===  ===
        a    b_c
        ===  ===

        Examples
        --------
        Two:

        >>> 1 + 1
        2
    """)
    assert generate.sections(doc) == textwrap.dedent("""\
        Add `a`.

        **Parameters**

        - **`a`** : array\\
            As [`inv`](#inv) takes.

        **Notes**

        ```text
        ===  ===
        a    b_c
        ===  ===
        ```

        **Examples**

        Two:

        ```python
        >>> 1 + 1
        2
        ```
    """)
