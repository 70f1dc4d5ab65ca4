"""What a check of a contract carries along: the findings so far, and which names an expression may use.

The one thing a reader would get wrong: a name belongs to one thing only. An input that is named like a subject, a
function of the vocabulary or a constant is an error, so that no reader has to know an order of precedence.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from apr_core.contract.expression import Expression, compile_expression
from apr_core.contract.inputs import Source
from apr_core.contract.limits import FOLDED_ELEMENTS, PROBLEMS, SOURCE_CHARACTERS
from apr_core.contract.schema import Contract
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.contract.vocabulary.arrays import describe
from apr_core.contract.yaml import Location
from apr_core.errors import ExpressionError

_LONGEST = 900
"""Longest message, in characters: what it quotes may be as long as the file."""

_FOLDED = frozenset(
    ["abs", "ceil", "eps", "exp", "float", "floor", "int", "len", "log", "log2", "max", "min", "round", "sign", "sqrt"]
)
"""What a bound may call and still be judged while a file is loaded: functions that cost nothing."""
_WORD = re.compile(r"[A-Za-z]\w*")

RESERVED = {
    "result": "what a mutant and a frame call the result of the call",
    "before": "the function of a frame that gives a value before the call",
}


class Finding(NamedTuple):
    """One thing that is wrong with a contract, and where."""

    loc: Location
    message: str
    key: bool = False
    """Whether the place is the key at `loc` and not its value."""
    column: int = 0
    """Where in the text at `loc`, from 1; 0 for all of it."""


@dataclass(slots=True)
class Scope:
    """The names and functions that an expression may use, and those that were used."""

    names: frozenset[str] | None
    """None allows any name."""
    functions: Collection[str]
    reads: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)

    def adding(self, names: Iterable[str], functions: Iterable[str] = ()) -> Scope:
        """A wider scope that counts uses together with this one."""
        wider = None if self.names is None else self.names.union(names)
        callable_too = frozenset(self.functions).union(functions) if functions else self.functions
        return Scope(wider, callable_too, self.reads, self.calls)


class TooManyProblems(Exception):  # noqa: N818 - it only ends the check; the findings are kept
    """Nobody reads more than this."""


class Checker:
    """The findings about one contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.findings: list[Finding] = []
        self.base = frozenset(CONSTANTS)
        self.functions = frozenset(VOCABULARY).union(contract.subjects)
        self.setup_calls: dict[str, set[str]] = {}
        """The functions that each object of `setup` is built with."""
        self.calls_of: dict[str, frozenset[str]] = {}
        """The functions that each obligation calls, itself or in the making of what it reads."""
        self.used_names: set[str] = set()
        self.used_functions: set[str] = set()
        self.used_inputs: set[str] = set()
        """Inputs of the contract, as opposed to those of one obligation."""
        self.used_evidence: set[str] = set()

    def report(self, loc: Location, message: str, *, key: bool = False, column: int = 0) -> None:
        """Keeps a finding."""
        if len(message) > _LONGEST:
            message = f"{message[: _LONGEST - 200]} … {message[-200:]}"
        self.findings.append(Finding(loc, message, key, column))
        if len(self.findings) == PROBLEMS:
            raise TooManyProblems

    def compile(self, source: Source, loc: Location, scope: Scope) -> Expression | None:
        """The expression at a place, its uses counted; None after a finding."""
        try:
            expression = compile_expression(source, names=scope.names, functions=scope.functions)
        except ExpressionError as error:
            self.report(loc, _terminated(error), column=error.column)
            words = _WORD.findall(
                str(source)[:SOURCE_CHARACTERS]
            )  # one mistake must not make all that it was meant to use look unused
            scope.reads.update(words)
            scope.calls.update(words)
            return None
        scope.reads |= expression.names
        scope.calls |= expression.calls
        return expression

    def number(self, source: Source, loc: Location, scope: Scope) -> float | None:
        """The value of a source that is a number whatever is drawn; None if it is not that simple."""
        expression = self.compile(source, loc, scope)
        constants = self.contract.constants
        if expression is None or expression.calls - _FOLDED or expression.names - CONSTANTS.keys() - constants.keys():
            return None
        try:
            value = expression.evaluate(constants, {}, elements=FOLDED_ELEMENTS)
        except ExpressionError as error:
            self.report(loc, _terminated(error), column=error.column)
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.report(loc, f"{describe(value)} stands where a number is needed, or an expression that gives one.")
            return None
        return value

    def interval(self, bounds: list[Source], loc: Location, scope: Scope) -> None:
        """Checks two bounds, and their order as far as they are known."""
        low = self.number(bounds[0], (*loc, 0), scope)
        self.ordered(low, self.number(bounds[1], (*loc, 1), scope), loc)

    def ordered(self, low: float | None, high: float | None, loc: Location) -> None:
        """Reports an interval without a value in it; None is an end that is not known yet."""
        if low is not None and high is not None and not low <= high:
            self.report(loc, f"no value is at least {low} and at most {high}: swap them, or widen the interval.")

    def declare(self, name: str, loc: Location, what: str, taken: Mapping[str, str]) -> None:
        """Reports a name that is already something else; `taken` says what each known name is."""
        other = taken.get(name) or RESERVED.get(name)
        if keyword.iskeyword(name):
            other = "a keyword of Python"
        elif name in VOCABULARY:
            other = f"the function {name}(…) of the vocabulary"
        elif name in CONSTANTS:
            other = f"the constant {CONSTANTS[name]}"
        if other is not None:
            self.report(loc, f"{what} {name!r} has the name of something else: {other}. Choose another name.", key=True)


def find_cycle(graph: Mapping[str, Iterable[str]]) -> list[str] | None:
    """The first circle of a graph, its first node repeated at the end; None when there is none."""
    done: set[str] = set()
    for start in graph:
        path: dict[str, None] = {}
        branches: list[Iterator[str]] = [iter((start,))]
        while branches:
            name = next(branches[-1], None)
            if name is None:
                branches.pop()
                if path:
                    done.add(path.popitem()[0])
            elif name in path:
                nodes = list(path)
                return [*nodes[nodes.index(name) :], name]
            elif name in graph and name not in done:
                path[name] = None
                branches.append(iter(graph[name]))
    return None


def _terminated(error: Exception) -> str:
    text = str(error)
    return text if text.endswith((".", "?")) else f"{text}."
