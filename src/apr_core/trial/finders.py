"""The finders behind the mutation operators: given a node of a syntax tree, which small faults fit there.

The one thing a reader would get wrong: a fault that can only crash is no use. `"a" - "b"` or a call of a name that is not
there raises whatever the claims say, counts as killed, and makes weak claims look strong; so such changes are not made.
"""

from __future__ import annotations

import ast
import builtins
import math
import re
from collections.abc import Iterator

from apr_core.trial.edits import Change, Text

Found = Iterator[Change]

ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"), ast.Pow: ("**", "*"), ast.MatMult: ("@", "*"),
}  # fmt: skip
BITWISE: dict[type[ast.operator], tuple[str, str]] = {
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "|"), ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
}  # fmt: skip
BOUNDARY: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
}  # fmt: skip
NEGATION: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: (r"not\s+in", "in"),
    ast.Is: ("is", "is not"), ast.IsNot: (r"is\s+not", "is"),
}  # fmt: skip

EXTREMUM = {
    "min": "max", "minimum": "maximum", "fmin": "fmax", "amin": "amax", "nanmin": "nanmax", "argmin": "argmax",
    "nanargmin": "nanargmax", "clamp_min": "clamp_max", "any": "all",
}  # fmt: skip
RELATED = {
    "sum": "mean", "nansum": "nanmean", "std": "var", "floor": "ceil", "sin": "cos", "exp": "exp2", "log": "log2",
    "softmax": "log_softmax", "zeros": "ones", "zeros_like": "ones_like", "triu": "tril", "cumsum": "cumprod",
    "logical_and": "logical_or", "bitwise_and": "bitwise_or", "bisect_left": "bisect_right", "add_": "sub_", "mul_": "div_",
    "startswith": "endswith", "lstrip": "rstrip", "partition": "rpartition", "find": "rfind", "lower": "upper",
    "removeprefix": "removesuffix", "union": "intersection", "keys": "values",
}  # fmt: skip
DTYPE = {
    "float64": "float32", "complex128": "complex64", "int64": "int32", "float32": "float16", "int32": "int16", "uint8": "int8",
    "bfloat16": "float16",
}  # fmt: skip
DTYPE_METHOD = {"double": "float", "float": "half", "long": "int"}

CLAMP = {"clip", "clamp", "clamp_min", "clamp_max", "nan_to_num"}
"""Functions and methods of which what is clamped is the first operand."""
CLAMP_PAIR = {"maximum", "minimum", "fmax", "fmin"}
UNWRAP = {"abs", "absolute", "fabs", "sqrt", "round", "copy", "deepcopy", "clone", "detach", "flatten", "normalize"}
TRANSPOSED = {"T", "mT", "H", "mH"}
TRANSPOSE = {"transpose", "permute", "swapaxes", "swapdims", "moveaxis", "movedim", "t"}

AXIS_KEYWORD = {"axis", "dim"}
AXIS_FIRST = {
    "all", "any", "argmax", "argmin", "argsort", "concatenate", "cat", "cumprod", "cumsum", "log_softmax", "logsumexp", "max",
    "mean", "median", "min", "prod", "softmax", "sort", "squeeze", "stack", "std", "sum", "unsqueeze", "var",
}  # fmt: skip
"""Functions whose first argument after the array is its axis."""

TEXT_METHODS = {
    "join", "split", "rsplit", "partition", "rpartition", "startswith", "endswith", "removeprefix", "removesuffix", "replace",
    "find", "rfind", "index", "rindex", "count",
}  # fmt: skip
SYMMETRIC = {
    "max", "min", "maximum", "minimum", "fmax", "fmin", "gcd", "lcm", "hypot", "add", "multiply", "logaddexp", "isclose", "dot",
    "allclose", "array_equal", "equal", "not_equal", "logical_and", "logical_or", "zip", "isinstance", "issubclass", "getattr",
    "hasattr", "setattr", "cast", "print", "set", "frozenset", "union", "intersection", "join", "beta", "betaln",
    "transpose", "swapaxes", "swapdims",
}  # fmt: skip
"""Functions whose first two arguments may change places, or of which only one order means anything."""

_SEQUENCES = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp, ast.Dict, ast.Set)


def _both_ways(table: dict[str, str]) -> dict[str, str]:
    return table | {value: key for key, value in table.items()}


EXTREMUM, RELATED = _both_ways(EXTREMUM), _both_ways(RELATED)


def _swapped(text: Text, left: ast.expr, pattern: str, by: str) -> Found:
    place = text.operator(left, pattern)
    if place is not None:
        yield Change(*place, by)


def _operation(node: ast.BinOp | ast.AugAssign, text: Text, table: dict[type[ast.operator], tuple[str, str]]) -> Found:
    left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
    if type(node.op) not in table or any(map(_is_sequence, (left, right))):
        return
    symbol, by = table[type(node.op)]
    yield from _swapped(text, left, re.escape(symbol), by)  # of `+=` only the `+`


def _is_sequence(node: ast.expr) -> bool:
    """Whether arithmetic on the operand is concatenation, repetition or formatting."""
    return isinstance(node, _SEQUENCES) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def arithmetic(node: ast.BinOp | ast.AugAssign, text: Text) -> Found:
    """`+` and `-`, `*` and `/` change places; `//` becomes `/`, `**` and `@` become `*`, `%` becomes `//`."""
    return _operation(node, text, ARITHMETIC)


def bitwise(node: ast.BinOp | ast.AugAssign, text: Text) -> Found:
    """`&` and `|`, `<<` and `>>` change places; `^` becomes `|`."""
    return _operation(node, text, BITWISE)


def _comparison(node: ast.Compare, text: Text, table: dict[type[ast.cmpop], tuple[str, str]]) -> Found:
    for left, operator in zip([node.left, *node.comparators], node.ops, strict=False):
        if type(operator) in table:
            yield from _swapped(text, left, *table[type(operator)])


def boundary(node: ast.Compare, text: Text) -> Found:
    """`<` and `<=`, `>` and `>=` change places."""
    return _comparison(node, text, BOUNDARY)


def negation(node: ast.Compare, text: Text) -> Found:
    """`==` and `!=`, `in` and `not in`, `is` and `is not` change places."""
    return _comparison(node, text, NEGATION)


def logic(node: ast.BoolOp | ast.UnaryOp, text: Text) -> Found:
    """`and` and `or` change places; a `not` is left out."""
    if isinstance(node, ast.BoolOp):
        words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left in node.values[:-1]:
            yield from _swapped(text, left, *words)
    elif isinstance(node.op, ast.Not):
        yield from _without_prefix(node, text, len("not"))


def sign(node: ast.UnaryOp, text: Text) -> Found:
    """A unary minus or `~` is left out."""
    if isinstance(node.op, ast.USub | ast.Invert):
        yield from _without_prefix(node, text, 1)


def _without_prefix(node: ast.UnaryOp, text: Text, length: int) -> Found:
    start = text.start(node)
    end = start + length
    while text.source[end] in " \t":
        end += 1
    yield Change(start, end, "")


def condition(node: ast.If | ast.IfExp | ast.While | ast.comprehension, text: Text) -> Found:
    """A condition is always true, or always false; a loop is never entered; a filter lets everything through."""
    if isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield Change(text.start(test), text.end(test), "True")
        return
    if isinstance(node.test, ast.Constant):
        return
    refuses = isinstance(node, ast.If) and all(isinstance(one, ast.Raise) for one in node.body)
    for word in ("False",) if refuses or isinstance(node, ast.While) else ("True", "False"):
        yield Change(text.start(node.test), text.end(node.test), word)


TINY = 1e-4
"""A smaller number is most often a tolerance, of which nobody could say why a tenth more would be wrong."""


def number(node: ast.Constant | ast.UnaryOp, text: Text) -> Found:
    """A whole number is one more or one less, 0 is 1; another number is a tenth more, or 0; a tiny one is 0."""
    value = literal(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if isinstance(value, int):
        others = ["1"] if value == 0 else [str(value + 1), str(value - 1)]
    elif value == 0:
        others = ["1.0"]
    else:
        others = [_float(value * 1.1), "0.0"] if TINY <= abs(value) < math.inf else ["0.0"]
    for other in others:
        yield Change(text.start(node), text.end(node), other)


def _float(value: float) -> str:
    shown = f"{value:.6g}" if math.isfinite(value) else "0.0"
    return shown if set(shown) & set(".en") else f"{shown}.0"


def literal(node: ast.AST) -> object:
    """The number or boolean that a node spells, with its sign; None for everything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int | float) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return None


def boolean(node: ast.Constant, text: Text) -> Found:
    """`True` and `False` change places, as in `keepdim=True`."""
    if isinstance(node.value, bool):
        yield Change(text.start(node), text.end(node), str(not node.value))


def string(node: ast.Compare | ast.Call, text: Text) -> Found:
    """A text that is compared, split at, joined with or searched for is another one."""
    if isinstance(node, ast.Compare):
        candidates = [node.left, *node.comparators]
        candidates += [
            one for each in node.comparators if isinstance(each, ast.Tuple | ast.List | ast.Set) for one in each.elts
        ]
    elif isinstance(node.func, ast.Attribute) and node.func.attr in TEXT_METHODS:
        candidates = [node.func.value, *node.args]
    else:
        return
    for one in candidates:
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value:
            spelled = text.of(one)
            quotes = 3 if spelled.endswith(('"""', "'''")) else 1
            yield Change(text.start(one), text.end(one), f"{spelled[:-quotes]}X{spelled[-quotes:]}")


def axis(node: ast.Call, text: Text) -> Found:
    """An `axis` or `dim` is another one, by keyword or by position."""
    named = [one.value for one in node.keywords if one.arg in AXIS_KEYWORD]
    name, operands = called(node, text)
    placed = operands[1:2] if isinstance(node.func, ast.Attribute) and name in AXIS_FIRST else []
    for one in (*named, *placed):
        value = literal(one)
        others: tuple[str, ...] = ()
        if isinstance(value, int) and not isinstance(value, bool):
            others = ("1", "-1") if value == 0 else ("0",)
        elif isinstance(one, ast.Constant) and one.value is None:
            others = ("0",)
        for other in others:
            yield Change(text.start(one), text.end(one), other)


def called(node: ast.Call, text: Text) -> tuple[str, list[ast.expr]]:
    """The name of what is called, and its operands: for a method, what stands before the dot is the first."""
    if isinstance(node.func, ast.Name):
        return node.func.id, node.args
    if not isinstance(node.func, ast.Attribute):
        return "", node.args
    root: ast.expr = node.func.value
    while isinstance(root, ast.Attribute):
        root = root.value
    from_module = isinstance(root, ast.Name) and root.id in text.imported
    return node.func.attr, node.args if from_module else [node.func.value, *node.args]


def dtype(node: ast.Attribute | ast.Call, text: Text) -> Found:
    """A dtype is the next narrower one: `float64` becomes `float32`, `.double()` becomes `.float()`."""
    if isinstance(node, ast.Attribute):
        if node.attr in DTYPE:
            yield Change(text.end(node) - len(node.attr), text.end(node), DTYPE[node.attr])
        return
    if isinstance(node.func, ast.Attribute) and node.func.attr in DTYPE_METHOD and not node.args:
        end = text.end(node.func)
        yield Change(end - len(node.func.attr), end, DTYPE_METHOD[node.func.attr])
    for one in (*node.args, *(each.value for each in node.keywords)):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value in DTYPE:
            yield Change(text.start(one), text.end(one), f'"{DTYPE[one.value]}"')


def clamp(node: ast.Call, text: Text) -> Found:
    """A clamp is left out: `max(0, x)`, `np.clip(x, a, b)` and `x.clamp(a, b)` become `x`."""
    name, operands = called(node, text)
    if name in CLAMP and operands:
        yield from _becomes(node, operands[0], text)
    elif _takes_the_larger(node, name) and len(operands) == 2 and not node.keywords:
        clamped = [one for one in operands if literal(one) is None]
        if len(clamped) == 1:
            yield from _becomes(node, clamped[0], text)


def _takes_the_larger(node: ast.Call, name: str) -> bool:
    """Or the smaller. The method `max` does not: its argument is an axis."""
    return name in CLAMP_PAIR or (name in ("max", "min") and isinstance(node.func, ast.Name))


def unwrap(node: ast.Call, text: Text) -> Found:
    """`abs`, `sqrt`, `round`, `copy`, `clone` and their like are left out; `sorted` and `reversed` become `list`."""
    name, operands = called(node, text)
    if name in UNWRAP and (len(operands) == 1 or (name == "round" and operands)):
        yield from _becomes(node, operands[0], text)
    elif isinstance(node.func, ast.Name) and name in ("sorted", "reversed") and len(operands) == 1:
        yield from (one._replace(by=f"list({text.of(operands[0])})") for one in _becomes(node, operands[0], text))


def transpose(node: ast.Attribute | ast.Call, text: Text) -> Found:
    """A transpose is left out: `.T`, `.transpose(…)`, `.permute(…)`."""
    if isinstance(node, ast.Attribute):
        if node.attr in TRANSPOSED:
            yield from _becomes(node, node.value, text)
        return
    name, operands = called(node, text)
    if isinstance(node.func, ast.Attribute) and name in TRANSPOSE and operands:
        yield from _becomes(node, operands[0], text)


def _becomes(node: ast.expr, operand: ast.expr, text: Text) -> Found:
    if not isinstance(operand, ast.Starred):
        yield Change(text.start(node), text.end(node), text.inside(operand))


def extremum(node: ast.Call, text: Text) -> Found:
    """`min` and `max`, `any` and `all`, and their like change places."""
    return _renamed(node, text, EXTREMUM)


def related(node: ast.Call, text: Text) -> Found:
    """A function is a near relation: `sum` and `mean`, `floor` and `ceil`, `triu` and `tril`, `zeros` and `ones`."""
    return _renamed(node, text, RELATED)


def _renamed(node: ast.Call, text: Text, table: dict[str, str]) -> Found:
    if isinstance(node.func, ast.Attribute) and node.func.attr in table:
        end = text.end(node.func)
        foreign = isinstance(node.func.value, ast.Name) and node.func.value.id == "statistics"  # which has no sum
        if not foreign and not (node.func.attr == "log" and len(node.args) > 1):  # a base, which log2 does not take
            yield Change(end - len(node.func.attr), end, table[node.func.attr])
    elif isinstance(node.func, ast.Name) and node.func.id in table:
        other = table[node.func.id]
        if other in text.top_level or hasattr(builtins, other):
            yield Change(text.start(node.func), text.end(node.func), other)


def off_by_one(node: ast.Slice | ast.Call, text: Text) -> Found:
    """The end of a slice or of a `range` that is no literal is one more or one less."""
    if isinstance(node, ast.Slice):
        bounds = [node.lower, node.upper]
    elif isinstance(node.func, ast.Name) and node.func.id == "range" and not node.keywords:
        bounds = [*node.args[:2]]
    else:
        return
    for bound in bounds:
        if bound is None or literal(bound) is not None or isinstance(bound, ast.Starred | ast.NamedExpr):
            continue
        if (
            isinstance(bound, ast.BinOp)
            and literal(bound.right) is not None
            and isinstance(bound.op, ast.Add | ast.Sub)
        ):
            continue  # `number` changes the one that is there
        for step in (" + 1", " - 1"):
            yield Change(text.start(bound), text.end(bound), _operand(bound, text) + step)


def _operand(node: ast.expr, text: Text) -> str:
    """An expression fit to stand left of a sum."""
    sums = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv)
    signed = isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not)
    return text.of(node) if (sums or signed) and "\n" not in text.of(node) else text.inside(node)


def arguments(node: ast.Call, text: Text) -> Found:
    """Two neighbouring arguments change places, where both are plain."""
    if called(node, text)[0] in SYMMETRIC:
        return
    for left, right in zip(node.args, node.args[1:], strict=False):
        if _is_plain(left) and _is_plain(right) and ast.dump(left) != ast.dump(right):
            between = text.source[text.end(left) : text.start(right)]
            yield Change(text.start(left), text.end(right), f"{text.of(right)}{between}{text.of(left)}")


def _is_plain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) or literal(node) is not None


def loop(node: ast.Break | ast.Continue, text: Text) -> Found:
    """`break` and `continue` change places."""
    yield Change(text.start(node), text.end(node), "continue" if isinstance(node, ast.Break) else "break")


def statement(node: ast.AugAssign | ast.Expr | ast.Assign, text: Text) -> Found:
    """A statement that changes something in place is left out: `x += 1`, `x[mask] = 0`, `x.clamp_(0)`."""
    if isinstance(node, ast.Assign) and not all(isinstance(one, ast.Subscript) for one in node.targets):
        return
    if isinstance(node, ast.Expr) and not (
        isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)
    ):
        return
    yield Change(text.start(node), text.end(node), "pass")


def returned(node: ast.Return, text: Text) -> Found:
    """What is returned is None."""
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield Change(text.start(node.value), text.end(node.value), "None")
