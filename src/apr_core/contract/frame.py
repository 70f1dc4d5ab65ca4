"""The state of one evaluation of an expression, and closures that name the part of the text which failed.

The one thing a reader would get wrong: only the operation itself is guarded, never the evaluation of its parts. So the
innermost part is named, and what a subject raises passes through unchanged.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from apr_core.contract import operators
from apr_core.errors import ExpressionError

Span = tuple[int, int]
"""Where a part of an expression begins and ends, in bytes of its UTF-8 text."""

_SHOWN = 80


class Frame:
    """The state of one evaluation."""

    __slots__ = ("budget", "functions", "local", "names", "source")

    def __init__(
        self, source: str, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]], elements: int
    ) -> None:
        self.source = source
        self.names = names
        self.functions = functions
        self.local: dict[str, Any] = {}
        self.budget = operators.Budget(elements)

    def fail(self, span: Span, error: Exception) -> NoReturn:
        """Raises the error of one part, with the text of that part."""
        raw = self.source.encode()
        text = raw[span[0] : span[1]].decode()
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        reason = str(error) or type(error).__name__
        raise ExpressionError(f"in `{shown}`: {reason}", len(raw[: span[0]].decode()) + 1) from error


Run = Callable[[Frame], Any]
"""A part of an expression, ready to be evaluated."""


def guarded(span: Span, operate: Callable[..., Any], *parts: Run) -> Run:
    """The result of an operation on parts; what the operation raises names this part of the text."""

    def run(frame: Frame) -> Any:
        values = [part(frame) for part in parts]
        try:
            return operate(*values)
        except Exception as error:
            frame.fail(span, error)

    return run


def decide(span: Span, part: Run, instead: str) -> Run:
    return guarded(span, lambda value: operators.truth(value, instead), part)


def nothing(frame: Frame) -> None:
    """The end of a slice that is not written."""


def counted(frame: Frame, span: Span, value: Any) -> Any:
    """A new container or element, its nested elements counted against the budget."""
    if isinstance(value, (list, tuple, dict)):
        try:
            frame.budget.spend(frame.budget.weigh(value))
        except ExpressionError as error:
            frame.fail(span, error)
    return value


def iterate(frame: Frame, span: Span, value: Any) -> Iterator[Any]:
    """The items of a list, map or array, each counted against the budget."""
    try:
        iterator = iter(value)
    except TypeError as error:
        frame.fail(span, error)
    for item in iterator:
        try:
            frame.budget.spend(1)
        except ExpressionError as error:
            frame.fail(span, error)
        yield item


def binder(target: ast.expr, names: list[str]) -> Callable[[Frame, Span, Any], None]:
    """Puts an item into the loop variables."""
    if not isinstance(target, ast.Tuple):
        name = names[0]
        return lambda frame, span, item: frame.local.__setitem__(name, item)

    def bind(frame: Frame, span: Span, item: Any) -> None:
        if not isinstance(item, (list, tuple)) or len(item) != len(names):
            frame.fail(span, ValueError(f"an element does not unpack into {', '.join(names)}"))
        frame.local.update(zip(names, item, strict=True))

    return bind
