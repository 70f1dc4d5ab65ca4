"""Calls in a contract's expressions that do not fit the signature of the subject they call.

The one thing a reader would get wrong: this looks at the number and the names of arguments, not at their values.
Whether `f("three")` makes sense is for the trial to find out.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from apr_core.contract.obligations import Template
from apr_core.contract.schema import Contract
from apr_core.contract.templates import sides
from apr_core.trial.subjects import misuse

PROSE = frozenset(
    {"id", "claim", "title", "version", "if_falsified", "criteria", "references", "message", "planned", "produce"}
)
"""Fields whose text is for people."""

Location = tuple[str | int, ...]


class Misuse(NamedTuple):
    """A call that does not fit."""

    loc: Location
    column: int
    """Where in the text at `loc` it begins, from 1; 0 when the text is not in the file as it is."""
    message: str


def misused_calls(contract: Contract, subjects: Mapping[str, Callable[..., Any]]) -> Iterator[Misuse]:
    """Every call of one of the subjects that does not fit its signature."""
    raw = contract.model_dump(by_alias=True, exclude={"subjects", "constants", "evidence"}, exclude_none=True)
    templates = {index: one for index, one in enumerate(contract.obligations) if isinstance(one, Template)}
    for loc, text in _texts(raw, ()):
        if not _in_template(loc, templates):
            yield from _in_text(text, loc, subjects, shown=True)
    for index, template in templates.items():
        # Written out, the same call stands there several times.
        found = (
            one for text in sides(template) for one in _in_text(text, ("obligations", index), subjects, shown=False)
        )
        yield from itertools.islice(found, 1)


def _in_template(loc: Location, templates: Mapping[int, Template]) -> bool:
    """Whether a text belongs to what a template expands, where `_` stands for the argument."""
    return (
        len(loc) > 2
        and loc[0] == "obligations"
        and loc[1] in templates
        and loc[2] not in ("inputs", "where", "let", "for_each")
    )


def _texts(value: Any, loc: Location) -> Iterator[tuple[Location, str]]:
    """Every text below a value that may be an expression."""
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in PROSE:
                yield from _texts(one, (*loc, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, (*loc, index))


def _in_text(text: str, loc: Location, subjects: Mapping[str, Callable[..., Any]], *, shown: bool) -> Iterator[Misuse]:
    if not any(f"{name}(" in text.replace(" ", "") for name in subjects):
        return
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ):  # loading the file has reported it, or it is no expression
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in subjects:
            keywords = {one.arg: None for one in node.keywords if one.arg is not None}
            why = misuse(subjects[node.func.id], (None,) * len(node.args), keywords)
            if why is not None:
                yield Misuse(
                    loc, _column(text, node) if shown else 0, f"{ast.unparse(node)} does not fit {node.func.id}: {why}."
                )


def _column(text: str, node: ast.expr) -> int:
    """Where a node begins in the text, from 1; the parser counts bytes."""
    inside = text.strip().encode()[: node.col_offset].decode()
    return len(text) - len(text.lstrip()) + len(inside) + 1
