"""What an expression is told when it leaves the language: the place, what was written, what to write instead.

The one thing a reader would get wrong: nothing here decides what is allowed. A kind of syntax is refused because
`translation` has no handler for it; this table only makes the refusal useful.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import ExpressionError, did_you_mean

_INSTEAD: dict[type[ast.AST], str] = {
    ast.Lambda: "`lambda` is not part of the language: make it a subject, or write the expression out",
    ast.JoinedStr: "f-strings are not part of the language: use + and str(…)",
    ast.NamedExpr: "`:=` is not part of the language: use `let`",
    ast.Set: "`{…}` without values is not part of the language: write set([…])",
    ast.SetComp: "set comprehensions are not part of the language: write set([… for … in …])",
    ast.DictComp: "map comprehensions are not part of the language: write a list comprehension",
    ast.GeneratorExp: "a generator stands only as the one argument of a function: put it in [ ]",
    ast.Starred: "`*` before an argument is not part of the language: write the arguments out",
    ast.Slice: "a slice stands only between brackets, as in x[1:3]",
}
_MODULES = frozenset({"np", "numpy", "torch", "math", "jnp", "jax", "scipy", "statistics", "operator", "builtins"})
_ATTRIBUTES = {
    "T": "transpose", "mT": "transpose", "astype": "cast", "to": "cast", "type": "cast", "item": "float",
    "tolist": "list", "numel": "size", "dim": "ndim", "amax": "max", "amin": "min", "maximum": "max", "minimum": "min",
    "absolute": "abs", "fabs": "abs", "view": "reshape", "ravel": "flatten", "clamp": "clip", "cat": "concatenate",
    "vdot": "dot", "array_equal": "equal", "length": "len", "read": "read_bytes", "cosine_similarity": "cosine",
}  # fmt: skip


def refuse_node(node: ast.AST) -> str:
    """Why a kind of syntax is refused."""
    if isinstance(node, ast.Attribute):
        return _refuse_attribute(node, None)
    return _INSTEAD.get(type(node), f"{type(node).__name__} syntax is not part of the language")


def refuse_function(function: ast.expr, arguments: list[ast.expr]) -> str:
    """Why what is called is not a function of the contract."""
    if isinstance(function, ast.Attribute):
        return _refuse_attribute(function, arguments)
    return "only functions can be called, by name: declare them in `subjects`"


def _refuse_attribute(node: ast.Attribute, arguments: list[ast.expr] | None) -> str:
    """`np.mean(x)` → `mean(x)`, `x.mean()` → `mean(x)`, `x.shape` → `shape(x)`."""
    written = _text(node)
    root: ast.expr = node.value
    while isinstance(root, ast.Attribute):
        root = root.value
    of_module = isinstance(root, ast.Name) and root.id in _MODULES
    word = _nearest(node.attr)
    advice = "declare what computes it in `subjects`"
    if of_module and word in CONSTANTS:
        advice = f"write {word}"
    elif word in VOCABULARY:
        shown = [_text(argument) for argument in arguments or []]
        advice = f"write {word}({', '.join(shown if of_module else [_text(node.value), *shown])})"
    return f"`{written}` is an attribute, and there are none in expressions: {advice}"


def _nearest(attribute: str) -> str:
    if attribute in VOCABULARY or attribute in CONSTANTS:
        return attribute
    return _ATTRIBUTES.get(attribute) or did_you_mean(attribute, VOCABULARY).removeprefix(" Did you mean '")[:-2]


def _text(node: ast.expr) -> str:
    """A short text for a part; what is too deep or too long is an ellipsis."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = node.value
        middle = f".{inner.attr}" if isinstance(inner, ast.Attribute) else ""
        root = inner.value if isinstance(inner, ast.Attribute) else inner
        return f"{root.id if isinstance(root, ast.Name) else '…'}{middle}.{node.attr}"
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)) and len(str(node.value)) < 20:
        return repr(node.value)
    return "…"


def refuse_syntax(text: str, error: Exception) -> ExpressionError:
    """The error for a text that Python cannot parse."""
    if not isinstance(error, SyntaxError):
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        return ExpressionError(f"the expression cannot be read: {reason}")
    said = (error.msg or "invalid syntax").replace("'==' or ':=' instead of '='", "'==' instead of '='")
    hints = [advice for fragment, advice in _SYNTAX_HINTS if fragment in text]
    column = error.offset or 0
    before = sum(len(line) for line in text.splitlines(keepends=True)[: (error.lineno or 1) - 1])
    return ExpressionError(" ".join([f"the expression cannot be read: {said}.", *hints[:1]]), before + column)


_SYNTAX_HINTS = (
    (" = ", "Write `==` to compare."),
    ("&&", "Write `and`, or `&` between arrays."),
    ("||", "Write `or`, or `|` between arrays; norm(x) for a norm."),
    ("!", "Write `not`, or `~` for an array."),
    ("\n", "It has several lines: put it in parentheses, or use YAML's `>` to join them."),
    ("≤", "Write `<=`."),
    ("≥", "Write `>=`."),
    ("·", "Write `*`."),
    ("−", "Write `-`, the minus of the keyboard."),
)


def refuse_unicode(text: str, tree: ast.expr, span: Callable[[Any], tuple[int, int]]) -> None:
    """Raises for a character beyond ASCII outside of quotes: Python reads some as other letters than they show."""
    raw = text.encode()
    quoted = sorted(span(node) for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str)
    position = 0
    for start, end in [*quoted, (len(raw), len(raw))]:
        outside = raw[position:start]
        if not outside.isascii():
            offset = position + next(index for index, byte in enumerate(outside) if byte > 127)
            character = raw[offset:].decode()[0]
            raise ExpressionError(
                f"the character {character!r} stands outside of quotes: names and operators are plain ASCII",
                len(raw[:offset].decode()) + 1,
            )
        position = max(position, end)
