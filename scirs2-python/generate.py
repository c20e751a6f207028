"""Write what follows from the sources of the binding and from the table of truths.

- `scirs2/linalg.py`, its list of names;
- `scirs2/_scirs2.pyi`: after what `stub.pyi` says by hand, the overloads of every other
  function, with the docstrings;
- the lists of functions in `docs/api.rst`;
- `docs/reference.md`: what these lists name, with signatures and docstrings, to be read
  without building the site;
- the table in `docs/in_torch.rst` of what has a gradient.

The files are checked in, and `make lint` fails where one is not what this program writes.
Sources are read, not run: nothing is built before.

A function's signature is that of its `#[pyo3(signature)]`. What its parameters are is told
by the types in its docstring, what its results are by the kinds in the table of truths. What
neither can say, because the results depend on an option, is an overload in `stub.pyi`.
"""

import argparse
import ast
import difflib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUST = HERE / "src"
BY_HAND = HERE / "stub.pyi"
PACKAGE = HERE / "python" / "scirs2"
TABLE = PACKAGE / "_truths.py"
RESULTS = PACKAGE / "_results.py"
REFERENCE = HERE.parent / "docs" / "api.rst"
MARKDOWN = HERE.parent / "docs" / "reference.md"
ELSEWHERE = PACKAGE / "_elsewhere"
GRADIENTS = HERE.parent / "docs" / "in_torch.rst"

# In NumPy, too, it is no part of linalg.
NOT_IN_LINALG = {"einsum"}

# The type of a parameter in a docstring, and what a type checker is told. An operand, `out`
# and a threshold depend on the overload.
ANNOTATIONS = {
    "bool": "bool",
    "dtype": "Any",
    "float": "float",
    "int": "int",
    "int, or pair of ints or of sequences of ints": "_Axes",
    "sequence of int": "Sequence[int]",
    "None, int or (int, int)": "int | tuple[int] | tuple[int, int] | None",
    "None, int or float": "float | None",
    "None, int or tuple of ints": "int | tuple[int, ...] | None",
    'None, int, float, "fro" or "nuc"': "_MatrixOrder",
    'None, 1, -1, 2, -2, inf, -inf, "fro" or "nuc"': "_MatrixOrder",
    '{"L", "U"}': "_Triangle",
    '{"full", "economic", "r"}': 'Literal["full", "economic", "r"]',
    '{"right", "left"}': 'Literal["right", "left"]',
    "{1, 2, 3}": "Literal[1, 2, 3]",
    "None or float": "float | None",
    "None or array_like": "ArrayLike | _SupportsDLPack | None",
    '{"raise", "nan"}': "_OnFailure",
    "{0, 1, 2, 'N', 'T', 'C'}": "_Transposed",
}
OPERAND = "array_like"
OUTPUT = "array"
THRESHOLDS = {"float or array_like", "None, float or array_like"}
# These allow None.
WITH_NONE = {"Any", "_MatrixOrder"}


class Problem(Exception):
    """Something that the sources must say and do not."""


# The sources of the binding.


@dataclass(frozen=True)
class Function:
    """A function as its Rust source declares it."""

    name: str
    doc: str
    # As Python writes it, without the parentheses.
    signature: str

    def types(self) -> dict[str, str]:
        """Return the type of each parameter, as the docstring has it."""
        _, found, section = self.doc.partition("\nParameters\n----------\n")
        types: dict[str, str] = {}
        for names, text in re.findall(r"(?m)^(\*?\w+(?:, \w+)*) : (.*)$", section):
            text = text.removesuffix(", optional")
            text = re.sub(r", shapes? .*", "", text)
            types |= dict.fromkeys(names.split(", "), text)
        return types if found else {}


def functions() -> dict[str, Function]:
    """Read every function that Python can call."""
    found: dict[str, Function] = {}
    for file in sorted(RUST.rglob("*.rs")):
        for function in functions_of(file.read_text(encoding="utf-8")):
            if function.name in found:
                raise Problem(f"{function.name}: declared twice, the second time in {file.name}")
            found[function.name] = function
    return found


def functions_of(text: str) -> Iterator[Function]:
    """Read the functions of a Rust file: lines of docstring, attributes, and the head."""
    doc: list[str] = []
    attributes = ""
    lines = iter(text.splitlines())
    for line in map(str.strip, lines):
        if line.startswith("///"):
            doc.append(line[3:].removeprefix(" "))
        elif line.startswith("#["):
            attributes += line
            while attributes.count("[") > attributes.count("]"):
                attributes += next(lines).strip() + " "
        elif not line.startswith("//"):
            head = re.match(r"(?:pub(?:\(\w+\))? )?fn (\w+)", line)
            if head and "#[pyfunction" in attributes:
                while ") " not in line:
                    line += next(lines).strip() + " "
                name = re.search(r'\bname = "(\w+)"', attributes)
                yield Function(name[1] if name else head[1], "\n".join(doc),
                               signature(head[1], attributes, line))  # fmt: skip
            doc, attributes = [], ""


def signature(name: str, attributes: str, head: str) -> str:
    """Write the signature as Python does."""
    if given := re.search(r'text_signature = "\((.*?)\)"', attributes):
        return given[1]
    if start := re.search(r"\bsignature = \(", attributes):
        rest = attributes[start.end() :]
        depth = 1
        for end, letter in enumerate(rest):
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if depth == 0:
                return ", ".join(python(name, part) for part in split(rest[:end]))
    return ", ".join(
        part for part in re.findall(r"(\w+): ", head.split("->")[0]) if part not in ("py", "_py")
    )


def split(parameters: str) -> list[str]:
    """Split at the commas outside of parentheses."""
    return [part.strip() for part in re.split(r",(?![^(\[]*[)\]])", parameters) if part.strip()]


def python(name: str, parameter: str) -> str:
    """Write a parameter with its default as Python does."""
    # Rust's way to write a name that is one of its keywords.
    parameter = parameter.removeprefix("r#")
    parameter, equals, default = map(str.strip, parameter.partition("="))
    if not equals:
        return parameter
    default = {"true": "True", "false": "False"}.get(default, default)
    try:
        ast.literal_eval(default)
    except (SyntaxError, ValueError):
        raise Problem(f"{name}: {default} is no value of Python; write a text_signature") from None
    return f"{parameter}={default}"


# The table of truths.


@dataclass(frozen=True)
class Entry:
    """What the table says of a function's results."""

    kinds: tuple[str, ...]
    # Integers stay integers.
    exact: bool


def families() -> dict[str, dict[str, Entry]]:
    """Read the entries of each family: its name is the dictionary's."""
    found = {}
    for node in ast.parse(TABLE.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            (target,) = node.targets
            found[ast.unparse(target)] = {
                ast.literal_eval(key): entry(value)
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None and isinstance(value, ast.Call)
            }
    return found


def entry(call: ast.Call) -> Entry:
    """Read one entry."""
    said = {one.arg: one.value for one in call.keywords}
    kinds = ast.literal_eval(said["kinds"]) if "kinds" in said else ("same",)
    return Entry(kinds, "exact" in said)


# The stubs.


@dataclass(frozen=True)
class Overload:
    """One overload: the annotations of its operands, and of results by their kinds."""

    operands: tuple[str, ...]
    same: str
    real: str
    threshold: str = "ArrayLike | _SupportsDLPack"

    def of(self, kind: str) -> str:
        """Annotate a result."""
        if kind == "flag":
            return "bool"
        if self.same == "_Tensor":
            return "_Tensor"
        if kind.endswith("number"):
            return "Any"
        others = {"index": "NDArray[np.int32]", "count": "NDArray[np.int64]"}
        # Those of a real matrix may be real.
        others["complex"] = "NDArray[Any]"
        return {"same": self.same, "real": self.real, **others}[kind]

    def output(self) -> str:
        """Annotate memory for the result."""
        return self.same


KEPT, REAL, COMPLEX = "NDArray[_Kept]", "NDArray[_Real]", "NDArray[_Complex]"
ANY, FLOATING, TENSOR, HOST = "NDArray[Any]", "_Floating", "_Tensor", "_Host"


def overloads(operands: int, entry: Entry) -> list[Overload]:
    """List the overloads of a function, in the order that `stub.pyi` explains."""
    kinds = set(entry.kinds)
    # The dtype of the operands says nothing where NumPy may get a scalar.
    open_ = not kinds & {"same", "real"}
    if operands == 1:
        tensor = Overload((TENSOR,), TENSOR, TENSOR, "_Plain | _Tensor")
        # Beside the array of any dtype one of real numbers would contradict the first overload.
        rest = [tensor, Overload(("ArrayLike",), ANY, ANY if "same" in kinds else FLOATING)]
        in_double = Overload(("_ToFloat64",), "_Float64", "_Float64")
        if open_ and "index" not in kinds:
            return [Overload((ANY,), ANY, ANY), *rest]
        if entry.exact:
            return [Overload(("NDArray[_Scalar]",), "NDArray[_Scalar]", ANY), *rest]
        if "real" in kinds:
            complex_ = COMPLEX if "same" in kinds else "NDArray[np.complexfloating[Any, Any]]"
            of_complex = Overload((complex_,), COMPLEX, FLOATING)
            return [Overload((REAL,), REAL, REAL), of_complex, in_double, *rest]
        return [Overload((KEPT,), KEPT, ANY), in_double, *rest]
    if operands == 2:
        rest = [
            Overload((HOST, HOST), ANY, FLOATING),
            Overload((TENSOR, "_Tensor | _Plain"), TENSOR, TENSOR, "_Plain | _Tensor"),
            Overload(("_Plain", TENSOR), TENSOR, TENSOR, "_Plain | _Tensor"),
        ]
        if open_:
            return rest
        same = REAL if "real" in kinds else KEPT
        return [Overload((same, same), same, same), *rest]
    raise Problem(f"no overloads are known for {operands} operands; write them in stub.pyi")


def result(name: str, kinds: tuple[str, ...], overload: Overload) -> str:
    """Annotate the results together."""
    each = [overload.of(kind) for kind in kinds]
    if len(each) == 1:
        return each[0]
    for node in named_tuples():
        if node.name.lower() == f"{name.replace('_', '')}result":
            fields = [ast.unparse(one.annotation) for one in node.body
                      if isinstance(one, ast.AnnAssign)]  # fmt: skip
            return f"{node.name}[{', '.join(dict(zip(fields, each, strict=True)).values())}]"
    return f"tuple[{', '.join(each)}]"


def named_tuples() -> list[ast.ClassDef]:
    """Read the classes of results."""
    body = ast.parse(RESULTS.read_text(encoding="utf-8")).body
    return [node for node in body if isinstance(node, ast.ClassDef)]


def annotated(parameter: str, types: dict[str, str], overload: Overload, which: list[str]) -> str:
    """Annotate a parameter."""
    if parameter in ("/", "*"):
        return parameter
    name, _, default = parameter.partition("=")
    kind = types.get(name)
    if kind is None:
        raise Problem(f"the docstring has no parameter {name}")
    if kind == OPERAND:
        annotation = overload.operands[which.index(name)]
    elif kind == OUTPUT:
        annotation = overload.output()
    elif kind in THRESHOLDS:
        annotation = f"{overload.threshold} | None"
    elif kind in ANNOTATIONS:
        annotation = ANNOTATIONS[kind]
    else:
        raise Problem(
            f"no annotation is known for {name} : {kind}; write one into ANNOTATIONS in "
            f"{Path(__file__).name}, or the overloads into {BY_HAND.name}"
        )
    if default == "None" and "None" not in annotation and annotation not in WITH_NONE:
        annotation += " | None"
    return f"{name}: {annotation}" + (f" = {default}" if default else "")


def stubs_of(function: Function, entry: Entry) -> str:
    """Write the overloads of a function, the first one with the docstring."""
    types = function.types()
    parameters = split(function.signature)
    names = [parameter.partition("=")[0] for parameter in parameters]
    which = [name for name in names if types.get(name) == OPERAND]
    text = ""
    try:
        for overload in overloads(len(which), entry):
            annotations = [annotated(one, types, overload, which) for one in parameters]
            returned = result(function.name, entry.kinds, overload)
            body = "..." if text else f"\n{docstring(function)}"
            text += f"@overload\ndef {function.name}({', '.join(annotations)}) -> {returned}: "
            text += f"{body}\n"
    except Problem as problem:
        raise Problem(f"{function.name}: {problem}") from None
    return text


def docstring(function: Function) -> str:
    """Write the docstring as Python does."""
    lines = [f"    {line}".rstrip() for line in function.doc.splitlines()]
    raw = "r" * ("\\" in function.doc)
    end = "\n    " if len(lines) > 1 else ""
    return f'    {raw}"""' + "\n".join(lines).strip() + f'{end}"""'


def by_hand(known: dict[str, Function]) -> tuple[str, set[str]]:
    """Return what is written by hand, with the docstrings, and the functions in it."""
    # Its first paragraph is of the file itself.
    text = BY_HAND.read_text(encoding="utf-8").partition("\n\n")[2]
    lines = text.splitlines()
    seen: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name not in seen:
            seen.add(node.name)
            last = (node.end_lineno or 0) - 1
            if node.name not in known:
                raise Problem(f"{node.name}: in {BY_HAND.name}, and in no Rust source")
            if known[node.name].doc and not node.name.startswith("_"):
                head = lines[last].removesuffix(" ...")
                lines[last] = f"{head}\n{docstring(known[node.name])}"
    classes = sorted((node.name for node in named_tuples()), key=str.lower)
    imported = f"from ._results import {', '.join(classes)}"
    return re.sub(r"(?m)^from \._results import .*$", imported, "\n".join(lines)), seen


# What is written.

NOTICE = "Written by scirs2-python/generate.py (`make generated`): edit what it reads."


def stub(known: dict[str, Function], table: dict[str, dict[str, Entry]]) -> str:
    """Write the stub file."""
    text, done = by_hand(known)
    text = f"# {NOTICE}\n\n{text}\n"
    for family, entries in table.items():
        text += f"\n# {family.capitalize()}.\n\n"
        for name in sorted(entries.keys() - done):
            text += stubs_of(known[name], entries[name])
    public = {name for name in known if not name.startswith("_")}
    for name in sorted(public - done - {name for entries in table.values() for name in entries}):
        raise Problem(f"{name}: no entry in {TABLE.name}")
    return text


def linalg(names: list[str]) -> str:
    """Write the module `scirs2.linalg`."""
    names = ["LinAlgError", *names]
    return (
        f'"""Linear algebra for tensors of any library."""\n\n# {NOTICE}\n\n'
        f"from ._scirs2 import ({', '.join(names)},)\n\n__all__ = {names!r}\n"
    ).replace("]\n", ",]\n")


def reference(table: dict[str, dict[str, Entry]]) -> str:
    """Write the lists of functions into the reference."""
    text = REFERENCE.read_text(encoding="utf-8")
    for family, entries in table.items():
        top = sorted(entries.keys() & exported())
        others = sorted(entries.keys() - set(top))
        lists = listed("scirs2", top) + listed("scirs2.linalg", others)
        text = with_part(REFERENCE, text, family, lists)
    return text


def with_part(file: Path, text: str, name: str, part: str) -> str:
    """Write a part into a page, between the lines that say so."""
    start, end = f".. Generated: {name}.\n", ".. To here.\n"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise Problem(f"{file.name}: no lines {start.strip()!r} and {end.strip()!r}")
    return f"{before}{start}\n{part}{end}{after}"


def exported() -> set[str]:
    """Return the names of the package itself."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    raise Problem("__init__.py: no __all__")


def listed(module: str, names: list[str]) -> str:
    """Write a table of the reference."""
    if not names:
        return ""
    rows = "".join(f"   {name}\n" for name in names)
    return (
        f".. currentmodule:: {module}\n.. autosummary::\n   :toctree: generated/api\n"
        f"   :nosignatures:\n\n{rows}\n"
    )


# The same in Markdown.

GUIDE = """\
What holds for all functions: [dtypes and accuracy](numerics.rst), [batches and
threads](batches.rst), [errors](errors.rst), [what is shared and what is
copied](dlpack_interop.rst).
"""


def markdown(lists: str, known: dict[str, Function]) -> str:
    """Write a page of everything that the lists of the reference name, in their order."""
    index, entries, module = "", "", ""
    # A heading, a module or a name.
    for title, new_module, name in re.findall(
        r"(?m)^(\w.*)\n-+$|^\.\. currentmodule:: (\S+)$|^   (\w+)$", lists
    ):
        module = new_module or module
        if title:
            index += f"\n{title}:\n\n"
            entries += f"\n## {title}\n"
        elif name in known:
            first, *_ = known[name].doc.splitlines()
            index += f"- [{name}](#{name.lower()}): {inline(first)}\n"
            call = f"{module}.{name}({known[name].signature})"
            entries += f"\n### {name}\n\n```python\n{call}\n```\n\n"
            entries += sections(known[name].doc)
        elif name:
            index += f"- [{name}](#{name.lower()})\n"
            entries += f"\n### {name}\n\nSee [Errors and their cures](errors.rst).\n"
    return f"<!-- {NOTICE} -->\n\n# Reference\n\n{GUIDE}{index}{entries}"


def sections(doc: str) -> str:
    """Write a docstring in Markdown."""
    start, *rest = re.split(r"(?m)^(\w[\w ]*)\n-{3,}\n", f"{doc}\n")
    text = f"{inline(start.strip())}\n"
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        text += f"\n**{title}**\n\n"
        if title in ("Parameters", "Returns", "Raises"):
            body = re.sub(r"(?m)^(\S.*?)( : .*)?$", r"- **`\1`**\2\\", body)
        text += "\n\n".join(map(paragraph, body.strip().split("\n\n"))) + "\n"
    return text


def paragraph(text: str) -> str:
    """Write a paragraph, and code and tables as they are."""
    language = {">>>": "python", "===": "text"}.get(text[:3])
    return f"```{language}\n{text}\n```" if language else inline(text)


def inline(text: str) -> str:
    """Write code and links in a paragraph as Markdown does."""
    text = re.sub(
        r":\w+:`(?:\w+\.)*(\w+)`", lambda found: f"[`{found[1]}`](#{found[1].lower()})", text
    )
    return text.replace("``", "`")


# What has a gradient.


def gradients(names: set[str]) -> str:
    """Write the table of what has a gradient into its page."""
    own, none = rules()
    calls = calls_in_functions()
    rows = ".. list-table::\n   :header-rows: 1\n   :widths: 35 65\n\n"
    rows += "   * - Function\n     - Gradient\n"
    for name in sorted(names):
        module = "scirs2" if name in exported() else "scirs2.linalg"
        if name in native():
            text = "that of PyTorch's own operations"
        elif name not in calls:
            text = "none"
        else:
            used = sorted({own[one] for one in by(name, calls) & own.keys()} & names)
            if none.issuperset(used):
                text = "none: the results are integers"
            elif name in used:
                text = "a rule of its own"
            else:
                text = f"by the rule{'s' * (len(used) > 1)} of {', '.join(used)}"
        rows += f"   * - :func:`~{module}.{name}`\n     - {text}\n"
    return with_part(GRADIENTS, GRADIENTS.read_text(encoding="utf-8"), "gradients", f"{rows}\n")


def rules() -> tuple[dict[str, str], set[str]]:
    """Read the names of the rules, by those of their variables; and which have integers alone."""
    own, none = {}, set()
    for node in ast.parse((ELSEWHERE / "rules.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target, call = ast.unparse(node.targets[0]), node.value
            if ast.unparse(call.func) == "Rule":
                name, results = map(ast.literal_eval, call.args[:2])
                own[target] = name
                if all(one[0] in "IL" for one in results.partition("->")[2].split("),")):
                    none.add(name)
    return own, none


def calls_in_functions() -> dict[str, set[str]]:
    """Read what each function uses: variables of rules, and other functions."""
    found = {}
    for node in ast.parse((ELSEWHERE / "functions.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            every = list(ast.walk(node))
            # A function may be passed to another one.
            called = {one.id for one in every if isinstance(one, ast.Name)}
            of_rules = {ast.unparse(one) for one in every if isinstance(one, ast.Attribute)}
            found[node.name] = called | {name.removeprefix("rules.") for name in of_rules}
    return found


def by(name: str, calls: dict[str, set[str]], seen: frozenset[str] = frozenset()) -> set[str]:
    """Return what a function uses, itself or by another one."""
    used = calls[name]
    for other in used & calls.keys() - seen - {name}:
        used = used | by(other, calls, seen | {name})
    return used


def native() -> set[str]:
    """Read what PyTorch's own operations compute."""
    for node in ast.parse((ELSEWHERE / "torch.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NATIVE":
            return {ast.literal_eval(key) for key in node.value.keys}
    raise Problem("torch.py: no NATIVE")


def others() -> dict[str, Function]:
    """Read what is public and no function of the binding: classes, and functions in Python."""
    found = {}
    for file in sorted(RUST.rglob("*.rs")):
        text = file.read_text(encoding="utf-8")
        declaration = r"(?m)((?:^///.*\n)+)((?:#\[[^\]]*\]\n)+).*\bstruct (\w+)"
        for lines, attributes, name in re.findall(declaration, text):
            if "#[pyclass" in attributes:
                constructor = text.partition(f"impl {name} {{\n    #[new]\n")[2]
                doc = re.sub("(?m)^/// ?", "", lines).strip()
                found[name] = Function(name, doc, signature(name, constructor, ""))
    for file in sorted(PACKAGE.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (doc := ast.get_docstring(node)):
                found[node.name] = Function(node.name, doc, ast.unparse(node.args))
    return found


def formatted(file: Path, text: str) -> str:
    """Format Python as `make fmt` does."""
    command = [sys.executable, "-m", "ruff", "format", "--quiet", f"--stdin-filename={file}", "-"]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise Problem(f"{file.name}: {done.stderr}")
    return done.stdout


def generated() -> dict[Path, str]:
    """Return each file and what must be in it."""
    known, table = functions(), families()
    names = {name for entries in table.values() for name in entries}
    if missing := sorted(names - known.keys()):
        raise Problem(f"{', '.join(missing)}: in {TABLE.name}, and in no Rust source")
    python_files = {
        PACKAGE / "_scirs2.pyi": stub(known, table),
        PACKAGE / "linalg.py": linalg(sorted(names - NOT_IN_LINALG)),
    }
    files = {file: formatted(file, text) for file, text in python_files.items()}
    lists = reference(table)
    files[GRADIENTS] = gradients(names)
    return {**files, REFERENCE: lists, MARKDOWN: markdown(lists, others() | known)}


def main() -> int:
    """Write the files, or with `--check` say which are stale."""
    parser = argparse.ArgumentParser(description="Write what follows from the sources.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail where it would")
    check = parser.parse_args().check
    try:
        files = generated()
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    stale = 0
    for file, text in files.items():
        old = file.read_text(encoding="utf-8") if file.exists() else ""
        if old == text:
            continue
        stale += 1
        if check:
            print(f"{file.relative_to(HERE.parent)} is stale: run `make generated`")
            sys.stdout.writelines(
                difflib.unified_diff(old.splitlines(True), text.splitlines(True), "is", "must be")
            )
        else:
            file.write_text(text, encoding="utf-8", newline="\n")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
