"""The reference of the names that other programs may import, written from their docstrings.

The one thing a reader would get wrong: docstrings here are Markdown. They are handed to Sphinx's Python domain as they stand,
so that names are found by the search and link to each other; autodoc would read them as reStructuredText.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

PUBLIC: dict[str, tuple[str, ...] | None] = {
    "apr_core.statistics": None,
    "apr_core.evidence.ledger": ("Ledger", "Selection"),
    "apr_core.evidence.record": (
        "Record", "Subject", "Protocol", "Sampling", "Environment", "Arguments", "Source", "ProblemsOutcome", "ProblemResult",
        "ExamplesOutcome", "ExampleResult", "SeriesOutcome", "SeriesPoint", "ScalarOutcome", "AggregateOutcome",
        "load_record", "record_text",
    ),
    "apr_core.errors": (
        "AprError", "ContractError", "ExpressionError", "SubjectError", "EvidenceError", "SelectionError", "TrialError",
        "UsageError", "Untestable", "Refutation",
    ),
}  # fmt: skip
"""Module → what it offers; None stands for its `__all__`."""


def page() -> str:
    """Every public name by module."""
    parts = []
    for module, names in PUBLIC.items():
        held = importlib.import_module(module)
        parts += [f"## {module}", f"```{{py:module}} {module}\n```", text_of(held, module)]
        parts += [described(getattr(held, name), name) for name in (held.__all__ if names is None else names)]
    return "\n\n".join(parts)


def described(thing: Any, name: str) -> str:
    """One function, class or exception, as a directive of the Python domain."""
    if not inspect.isclass(thing):
        return _directive("function", name + signature(thing), text_of(thing, name))
    kind = "exception" if issubclass(thing, BaseException) else "class"
    return _directive(kind, name, "\n\n".join([text_of(thing, name), fields(thing), *_methods(thing)]))


def fields(kind: type) -> str:
    """What a record, data class or named tuple holds, as a list of its annotated names."""
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    parts = []
    for node, after in pairwise([*tree.body, ast.Pass()]):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            alias = re.search(r"alias='(\w+)'", ast.unparse(node.annotation))
            name = alias[1] if alias else node.target.id
            optional = "" if node.value is None else "; optional"
            text = f": {_comment(after)}" if _comment(after) else ""
            parts.append(f"- `{name}` (`{_shown(node.annotation)}`{optional}){text}")
    return "\n".join(parts)


def _shown(annotation: ast.expr) -> str:
    """A type without the bounds that `Annotated` adds, which the errors name."""
    if isinstance(annotation, ast.BinOp):
        return f"{_shown(annotation.left)} | {_shown(annotation.right)}"
    text = ast.unparse(annotation)
    found = isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated"
    return ast.unparse(annotation.slice.elts[0]) if found else text  # type: ignore[attr-defined]


def _comment(node: ast.AST) -> str:
    """The string that stands below an attribute."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _methods(kind: type) -> Iterator[str]:
    for name, thing in vars(kind).items():
        if name.startswith("_") or not inspect.getdoc(thing):
            continue
        if isinstance(thing, property):
            yield _directive("property", name, text_of(thing, name))
        elif inspect.isfunction(thing) and thing.__module__ == kind.__module__:
            yield _directive("method", name + signature(thing, bound=True), text_of(thing, name))


def signature(function: Any, bound: bool = False) -> str:
    """`(lost: int, n: int = 5) -> float`, with types as the source writes them."""
    whole = inspect.signature(function)
    parts, star = [], False
    for parameter in list(whole.parameters.values())[bound:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        parts.append(f"{parameter.name}: {parameter.annotation}{default}")
    return f"({', '.join(parts)}) -> {whole.return_annotation}"


def text_of(thing: Any, name: str) -> str:
    """A docstring, with its list of errors as Markdown.

    Raises:
        LookupError: there is none.
    """
    text = inspect.getdoc(thing)
    if not text:
        raise LookupError(f"{name} is public and has no docstring. Write one: shapes, units, errors raised.")
    return re.sub(r"^Raises:\n((?:    .*\n?)+)", _raises, text, flags=re.MULTILINE)


def _raises(found: re.Match[str]) -> str:
    joined = re.sub(r"\n        +", " ", found[1])
    return "Raises:\n\n" + re.sub(r"^    (\w+): ", r"- `\1`: ", joined, flags=re.MULTILINE)


def _directive(kind: str, head: str, body: str) -> str:
    longest = max((len(run) for run in re.findall(r"^`{3,}", body, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{{py:{kind}}} {head}\n{body}\n{fence}"
