"""The mutation operators: what each changes, what none touches, and that every edit is a program of its own."""

from __future__ import annotations

import ast
import importlib.util
import tokenize
import warnings
from pathlib import Path

import pytest

from apr_core.errors import SelectionError, SubjectError, UsageError
from apr_core.trial.operators import OPERATORS, Edit, apply, definitions, derivation, derive, first_line

HEAD = "import numpy as np\nimport torch\nimport scipy.special\nfrom math import floor, ceil\n"


def mutated(line: str, operator: str, name: str = "f") -> list[str]:
    """What an operator makes of a line in the body of a function of a module with some imports."""
    source = f"{HEAD}def f(x, y, i, n, mask):\n    {line}\n"
    edits = derive(source, name, operators=[operator])
    return [apply(source, edit).removeprefix(f"{HEAD}def f(x, y, i, n, mask):\n    ").rstrip("\n") for edit in edits]


TABLE: dict[str, list[tuple[str, list[str]]]] = {
    "axis": [
        ("x.sum(axis=0)", ["x.sum(axis=1)", "x.sum(axis=-1)"]),
        ("np.max(x, axis=1)", ["np.max(x, axis=0)"]),
        ("x.mean(dim=None)", ["x.mean(dim=0)"]),
        ("x.mean(-1)", ["x.mean(0)"]),
        ("x.mean(None)", ["x.mean(0)"]),
        ("x.mean('a')", []),
        ("torch.softmax(x, -1)", ["torch.softmax(x, 0)"]),
        ("scipy.special.softmax(x, -1)", ["scipy.special.softmax(x, 0)"]),
        ("n.m.softmax(x, -1)", []),
        ("torch.cat(x, 0)", ["torch.cat(x, 1)", "torch.cat(x, -1)"]),
        ("max(x, 0)", []),
        ("f(x, keepdim=0)", []),
    ],
    "dtype": [
        ("np.zeros(n, dtype=np.float64)", ["np.zeros(n, dtype=np.float32)"]),
        ("x.double()", ["x.float()"]),
        ("x.float()", ["x.half()"]),
        ("x.astype('int64')", ['x.astype("int32")']),
        ("x.to(torch.bfloat16)", ["x.to(torch.float16)"]),
        ("float(x)", []),
    ],
    "arithmetic": [
        ("x + y", ["x - y"]),
        ("x - y", ["x + y"]),
        ("x*y", ["x/y"]),
        ("x / y", ["x * y"]),
        ("x // y", ["x / y"]),
        ("x % y", ["x // y"]),
        ("x ** y", ["x * y"]),
        ("x @ y", ["x * y"]),
        ("x @= y", ["x *= y"]),
        ("x -= y", ["x += y"]),
        ("(x)+(y)", ["(x)-(y)"]),
        ("(x  # a + b\n + y)", ["(x  # a + b\n - y)"]),
        ("x \\\n + y", ["x \\\n - y"]),
        ("x + y * n", ["x - y * n", "x + y / n"]),
        ("'a' + x", []),
        ("x + [y]", []),
        ("'%d' % x", []),
        ("[0] * n", []),
    ],
    "bitwise": [("x & y", ["x | y"]), ("x | y", ["x & y"]), ("x << y", ["x >> y"]), ("x ^= y", ["x |= y"])],
    "boundary": [
        ("x < y", ["x <= y"]),
        ("x >= y", ["x > y"]),
        ("0 < x <= n", ["0 <= x <= n", "0 < x < n"]),
        ("x == y", []),
    ],
    "negation": [
        ("x == y", ["x != y"]),
        ("x != y", ["x == y"]),
        ("x in y", ["x not in y"]),
        ("x not  in y", ["x in y"]),
        ("(x)in(y)", ["(x)not in(y)"]),
        ("x is None", ["x is not None"]),
        ("x is not y", ["x is y"]),
        ("x < y", []),
    ],
    "logic": [
        ("x and y or n", ["x or y or n", "x and y and n"]),
        ("x and y and n", ["x or y and n", "x and y or n"]),
        ("not x", ["x"]),
        ("not(x)", ["(x)"]),
        ("return not x", ["return x"]),
    ],
    "condition": [
        ("if x < 0: return n", ["if True: return n", "if False: return n"]),
        ("if x < 0: raise ValueError", ["if False: raise ValueError"]),
        ("while x: n()", ["while False: n()"]),
        ("x if y else n", ["x if True else n", "x if False else n"]),
        ("x if(y)else n", ["x if(True)else n", "x if(False)else n"]),
        ("[i for i in x if i if n]", ["[i for i in x if True if n]", "[i for i in x if i if True]"]),
        ("while True: n()", []),
    ],
    "number": [
        ("x[0]", ["x[1]"]),
        ("x ** 2", ["x ** 3", "x ** 1"]),
        ("x[-1]", ["x[0]", "x[-2]"]),
        ("return 0xff", ["return 256", "return 254"]),
        ("return 0.5", ["return 0.55", "return 0.0"]),
        ("return 10.0", ["return 11.0", "return 0.0"]),
        ("return 1e30", ["return 1.1e+30", "return 0.0"]),
        ("return 1.7e308", ["return 0.0"]),
        ("return 1e-9", ["return 0.0"]),
        ("-2.5", ["-2.75", "0.0"]),
        ("return 0.0", ["return 1.0"]),
        ("x if n else-1", ["x if n else 0", "x if n else-2"]),
        ("True", []),
        ("3j", []),
    ],
    "boolean": [
        ("x.sum(0, keepdim=True)", ["x.sum(0, keepdim=False)"]),
        ("zip(x, y, strict=False)", ["zip(x, y, strict=True)"]),
    ],
    "string": [
        ("x == 'two-sided'", ["x == 'two-sidedX'"]),
        ("x in ('a', b'b', \"c\")", ["x in ('aX', b'b', \"c\")", "x in ('a', b'b', \"cX\")"]),
        ("'\\n'.join(x)", ["'\\nX'.join(x)"]),
        ("x.split('```', 1)", ["x.split('```X', 1)"]),
        ("x == '''a'''", ["x == '''aX'''"]),
        ("x == ''", []),
        ("f('a')", []),
    ],
    "sign": [("-x", ["x"]), ("return-x", ["return x"]), ("~mask", ["mask"]), ("x - -y", ["x - y"]), ("-1.0", ["1.0"])],
    "clamp": [
        ("max(0, x - 1) * 2", ["(x - 1) * 2"]),
        ("min(x, 1.0)", ["x"]),
        ("np.clip(x, 0, 1)", ["x"]),
        ("x.clamp(min=0)", ["x"]),
        ("torch.clamp(x + y, 0)", ["(x + y)"]),
        ("np.maximum(x, -1.0)", ["x"]),
        ("x.max(1)", []),
        ("max(x, y)", []),
        ("max(0, *x)", []),
        ("max(x, 0, key=n)", []),
    ],
    "extremum": [
        ("min(x)", ["max(x)"]),
        ("x.argmax()", ["x.argmin()"]),
        ("any(x)", ["all(x)"]),
        ("np.all(x)", ["np.any(x)"]),
    ],
    "related": [
        ("np.mean(x)", ["np.sum(x)"]),
        ("x.sum()", ["x.mean()"]),
        ("floor(x)", ["ceil(x)"]),
        ("torch.tril(x)", ["torch.triu(x)"]),
        ("np.log(x)", ["np.log2(x)"]),
        ("math.log(x, 2)", []),
        ("sum(x)", []),
        ("exp(x)", []),
    ],
    "unwrap": [
        ("abs(x - y)", ["(x - y)"]),
        ("np.sqrt(x)", ["x"]),
        ("x.clone()", ["x"]),
        ("round(x, 3)", ["x"]),
        ("sorted(i for i in x)", ["list((i for i in x))"]),
        ("sorted(x, key=n)", ["list(x)"]),
        ("list(reversed(x))", ["list(list(x))"]),
        ("abs(*x)", []),
    ],
    "transpose": [
        ("x.T @ y", ["x @ y"]),
        ("(x @ y).mT", ["(x @ y)"]),
        ("x.transpose(0, 1)", ["x"]),
        ("np.transpose(x)", ["x"]),
        ("x.t()", ["x"]),
    ],
    "off-by-one": [
        ("x[i:n]", ["x[i + 1:n]", "x[i - 1:n]", "x[i:n + 1]", "x[i:n - 1]"]),
        ("x[: n * 2]", ["x[: n * 2 + 1]", "x[: n * 2 - 1]"]),
        ("x[: n or 2]", ["x[: (n or 2) + 1]", "x[: (n or 2) - 1]"]),
        ("range(n)", ["range(n + 1)", "range(n - 1)"]),
        ("range(n + 1)", []),
        ("f(n)", []),
        ("x.range(n)", []),
        ("x[1:-1]", []),
    ],
    "arguments": [
        ("f(x, y)", ["f(y, x)"]),
        ("f(x.a,  2, -1)", ["f(2,  x.a, -1)", "f(x.a,  -1, 2)"]),
        ("f(x, x)", []),
        ("f(x, y + 1)", []),
        ("f(x, *y)", []),
        ("f(x=x, y=y)", []),
        ("max(x, y)", []),
        ("isinstance(x, y)", []),
    ],
    "loop": [("for i in x: break", ["for i in x: continue"]), ("while x: continue", ["while x: break"])],
    "statement": [
        ("x += y", ["pass"]),
        ("x[mask] = 0", ["pass"]),
        ("x.clamp_(0); n()", ["pass; n()"]),
        ("x = y", []),
        ("f(x)", []),
        ("x[0] = n = 1", []),
    ],
    "return": [("return x", ["return None"]), ("return None", []), ("return", [])],
}


def test_the_table_of_this_file_has_every_operator() -> None:
    assert TABLE.keys() == OPERATORS.keys()


@pytest.mark.parametrize(
    ("operator", "line", "expected"), [(name, *row) for name, rows in TABLE.items() for row in rows]
)
def test_an_operator_makes_of_a_line(operator: str, line: str, expected: list[str]) -> None:
    assert mutated(line, operator) == expected


UNTOUCHED = [
    '"""Less than 3: x < 3."""',
    "y: int = x",
    "raise ValueError(f'{x + 1} of {max(0, 2)}', x < 3)",
    "assert x < 3, 'x + 1'",
    "logger.info('x', 1 + 2)",
    "self.logger.debug(x + 1)",
    "warnings.warn('x', stacklevel=2)",
    "print(x + 1)",
    "import x.y as z",
    "global g",
    "return f'{x + 1:>{3}}'",
    "if TYPE_CHECKING: x = 3",
    "if typing.TYPE_CHECKING:\n        x = 1 + 2",
]


@pytest.mark.parametrize("line", UNTOUCHED)
def test_what_is_for_people_or_for_types_is_left_alone(line: str) -> None:
    names = [name for name in OPERATORS if name != "return"]
    assert derive(f"def f(x):\n    {line}\n", "f", operators=names) == []


BETWEEN = """\
class C:
    def f(self, x):
        \"\"\"Less than 2.\"\"\"
        if x < 3:
            raise ValueError(x + 1)
        elif x < 4:
            print(x + 2)
        else:
            x = x + 5
        assert x < 6
        return x < 7
"""


def test_what_stands_around_the_untouched_is_changed() -> None:
    found = [(edit.line, edit.what) for edit in derive(BETWEEN, "C.f", operators=["boundary", "arithmetic"])]
    assert found == [
        (4, "`<` became `<=`"), (6, "`<` became `<=`"), (9, "`+` became `-`"), (11, "`<` became `<=`"),
    ]  # fmt: skip


def test_the_else_of_a_type_check_is_code() -> None:
    source = "def f(x):\n    if TYPE_CHECKING:\n        y = 1 < 2\n    else:\n        y = x < 2\n"
    assert [(edit.line, edit.what) for edit in derive(source, "f", operators=["boundary"])] == [(5, "`<` became `<=`")]


def test_annotations_and_decorators_are_left_alone_and_defaults_are_not() -> None:
    source = "@cache(maxsize=2)\ndef f(x: Literal[1, 2] = 3, *, y: 'a < b' = x < 4) -> Tuple[5]:\n    z: Array[6] = x\n"
    assert {edit.replace for edit in derive(source, "f")} == {"3", "4", "<"}


def test_only_the_definition_that_is_named_is_changed() -> None:
    methods = "class C:\n    def f(self, x):\n        return x * 2\n    def g(self):\n        return 3 / 4\n"
    source = f"def g(x):\n    return x + 1\n{methods}"
    assert {edit.line for edit in derive(source, "g")} == {2}
    assert {edit.line for edit in derive(source, "C.f")} == {5}
    assert {edit.line for edit in derive(source, "C")} == {5, 7}


def test_a_function_is_renamed_only_to_what_the_module_or_python_has() -> None:
    source = (
        "def f(x):\n    return floor(x) + min(x) + tril(x) + exp(x)\nclass ceil: pass\ntriu = 3\nx: int = 4\nx[0] = 5\n"
    )
    edits = derive(source, "f", operators=["related", "extremum"])
    assert [edit.what for edit in edits] == ["`floor` became `ceil`", "`min` became `max`", "`tril` became `triu`"]


def test_a_nested_function_goes_by_its_qualified_name() -> None:
    source = "def f(x):\n    def g(y):\n        return y + 1\n    return g(x) - 1\n"
    assert {edit.line for edit in derive(source, "f.<locals>.g")} == {3}
    assert {edit.line for edit in derive(source, "f")} == {3, 4}


def test_of_several_definitions_the_line_decides_and_else_the_last_counts() -> None:
    source = "if True:\n    @a\n    def f(x): return x + 1\nelse:\n    def f(x): return x - 1\n"
    assert {edit.line for edit in derive(source, "f", line=2)} == {3}
    assert {edit.line for edit in derive(source, "f")} == {5}


def test_a_definition_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(SelectionError, match=r"defines no 'medain'\. Did you mean 'median'\?"):
        derive("def median(x): return x\n", "medain")


def test_an_operator_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no mutation operator 'boundry'.* Did you mean 'boundary'\?"):
        derive("def f(x): return x\n", "f", operators=["boundry"])


@pytest.mark.parametrize("source", ["def f(:", "def f(): return '\x00'", "\ufeffdef f(): return 1"])
def test_what_is_not_python_is_refused(source: str) -> None:
    with pytest.raises(SubjectError, match="cannot be parsed"):
        derive(source, "f")


def test_an_edit_that_two_operators_make_belongs_to_the_first_of_them() -> None:
    edits = derive("def f(x):\n    return x.sum(axis=0)\n", "f")
    assert [(edit.operator, edit.by) for edit in edits if edit.replace == "0"] == [("axis", "1"), ("axis", "-1")]


def test_edits_that_mean_the_same_are_one() -> None:
    edits = derive("def f(x):\n    return not not x\n", "f", operators=["logic"])
    assert len(edits) == 1


def test_the_order_is_that_of_the_source_and_always_the_same() -> None:
    source = Path(ast.__file__).read_text(encoding="utf-8")
    once, twice = derive(source, "literal_eval"), derive(source, "literal_eval")
    assert once == twice
    assert len(once) > 20
    assert [edit.start for edit in once] == sorted(edit.start for edit in once)


def test_an_operator_that_is_off_by_default_runs_only_when_named() -> None:
    source = "def f(x):\n    return x\n"
    assert derive(source, "f") == []
    assert [edit.operator for edit in derive(source, "f", operators=["return"])] == ["return"]


MARKED = """\
def f(x):
    y = x < 3  # apr: no mutate (x is never 3)
    z = (x +  # apr: no mutate (only the sign of it counts)
         1)
    s = "# apr: no mutate"
    return y + z
"""


def test_a_marked_line_has_no_mutants_and_they_are_counted_with_the_reason() -> None:
    found = derivation(MARKED, "f", operators=["boundary", "arithmetic", "number"])
    assert [(edit.line, edit.what) for edit in found.edits] == [
        (4, "`1` became `2`"), (4, "`1` became `0`"), (6, "`+` became `-`"),
    ]  # fmt: skip
    assert {(edit.line, reason) for edit, reason in found.suppressed} == {
        (2, "x is never 3"), (3, "only the sign of it counts"),
    }  # fmt: skip
    assert len(found.suppressed) == 4


@pytest.mark.parametrize(
    "mark", ["# apr: no mutate", "# apr: no mutate ()", "# apr: no mutate (  )", "#apr:no mutate why"]
)
def test_a_mark_without_a_reason_is_refused(mark: str) -> None:
    with pytest.raises(UsageError, match=r"line 2 is marked .* without a reason"):
        derive(f"def f(x):\n    return x < 3  {mark}\n", "f")


FILES = (
    "statistics", "textwrap", "fractions", "heapq", "numpy.lib._twodim_base_impl", "scipy.stats._binomtest",
    "scipy.special._logsumexp", "apr_core.statistics.paired", "apr_core.trial.finders",
)  # fmt: skip


def source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    with tokenize.open(spec.origin) as file:
        return file.read()


@pytest.mark.parametrize("module", FILES)
def test_every_edit_of_real_code_touches_nothing_else_and_gives_a_text_of_its_own(module: str) -> None:
    source = source_of(module)
    edits = everything(source)
    assert len(edits) >= 50
    assert len({apply(source, edit) for edit in edits} - {source}) == len(edits)
    for edit in edits:
        text = apply(source, edit)
        assert text[: edit.start] == source[: edit.start]
        assert text[edit.start + len(edit.by) :] == source[edit.end :]
        line = source.split("\n")[edit.line - 1]
        assert line[edit.column - 1 :].startswith(edit.replace.split("\n")[0])


@pytest.mark.parametrize("module", FILES)
def test_every_edit_of_real_code_is_a_program_that_means_something_else(module: str) -> None:
    source = source_of(module)
    real = ast.dump(ast.parse(source))
    edits = everything(source)
    for edit in edits[:: 1 + len(edits) // 60]:  # the whole module is parsed and compiled for each
        mutant = ast.parse(apply(source, edit))
        assert ast.dump(mutant) != real, edit
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # `1 is not x`
            compile(mutant, module, "exec")


def everything(source: str) -> list[Edit]:
    """All mutants of all definitions at the top of a source, by all operators."""
    tops = [node for name, node in definitions(ast.parse(source)) if "." not in name]
    return [edit for node in tops for edit in derive(source, node.name, operators=OPERATORS, line=first_line(node))]
