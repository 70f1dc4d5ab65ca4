"""Figures that a text prints without the results behind them, from a JSON file that somebody typed.

The one thing a reader would get wrong: such a figure has no problems, often no n, and nobody knows how it was measured.
It can be compared with a line; it cannot be paired with anything.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from apr_core.errors import AprError, EvidenceError
from apr_core.evidence.importers.harness import peek
from apr_core.evidence.record import (
    UNKNOWN,
    AggregateOutcome,
    Closed,
    Name,
    Protocol,
    Record,
    Source,
    Subject,
    explain,
)
from apr_core.files import parse_json, read_text


class _Figure(Closed):
    """One printed figure. What the text does not say is left out."""

    subject: Subject
    benchmark: Name
    prompt: Name = UNKNOWN
    outcome: AggregateOutcome
    text: Name
    """The text that prints it, and where in the text."""
    printed: Annotated[str, Field(min_length=1)]
    """The words around the figure, as printed."""
    note: str | None = None
    """What a reader should know about it."""


class _Figures(Closed):
    figures: Annotated[tuple[_Figure, ...], Field(min_length=1)]


def recognises(path: Path) -> bool:
    """Whether `path` is a file of typed figures."""
    value = peek(path) if path.suffix != ".gz" else None
    return isinstance(value, dict) and set(value) == {"figures"}


def read(path: Path) -> list[Record]:
    """The records of a JSON file `{"figures": [...]}`, in its order.

    Raises:
        EvidenceError: the file cannot be read, or a figure in it is impossible; says which, with file:line:column.
    """
    try:
        text = read_text(path)
        value = parse_json(text, path)
    except AprError as error:
        raise EvidenceError(str(error)) from error
    try:
        listed = _Figures.model_validate_json(json.dumps(value))
    except ValidationError as error:
        raise EvidenceError(explain(error, text, path)) from error
    return [_record(figure) for figure in listed.figures]


def _record(figure: _Figure) -> Record:
    said = f"printed as: {figure.printed}"
    return Record(
        subject=figure.subject,
        protocol=Protocol(benchmark=figure.benchmark, prompt=figure.prompt),
        source=Source(
            kind="published", tool=figure.text, note=said if figure.note is None else f"{said}\n{figure.note}"
        ),
        outcome=figure.outcome,
    )
