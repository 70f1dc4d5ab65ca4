"""Every way in which apr-core says no. A refuted claim is not an error, so it stands outside the tree.

    Exception
     ├── AprError                 something is broken: a contract, a piece of evidence, the use of a command
     │    ├── ContractError       a contract file cannot be used; carries every problem found in it, each with its place
     │    ├── ExpressionError     an expression is outside the language, or asks for more than the limits allow
     │    ├── SubjectError        a subject is missing, not callable that way, or not in an allowed package
     │    ├── EvidenceError       a record is malformed, does not match its digest, or cannot answer the question
     │    ├── SelectionError      a name selects nothing; says which names come nearest
     │    ├── TrialError          the attempt to break a claim itself broke: flaky, out of time, everything discarded
     │    └── UsageError          a command was called in a way that it does not understand
     ├── Untestable               not an error: nothing here can try the claim; says why and what would change that
     └── Refutation (AssertionError)   a claim was tried and broke

The one thing a reader would get wrong: a subject that raises on an input inside the claim's own domain is a
`Refutation`, not an `AprError`. The claim said "for every input", and here is one for which it is not so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file, and where. Lines and columns count from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class AprError(Exception):
    """The base of everything that apr-core reports as broken. Its text is one paragraph fit to print."""


class ContractError(AprError):
    """A contract file cannot be used. All its problems are here, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ExpressionError(AprError):
    """An expression is outside the language or beyond its limits.

    `column` counts from 1 inside the expression's own text, or is 0 when the place is unknown.
    """

    def __init__(self, message: str, column: int = 0) -> None:
        self.column = column
        super().__init__(message)


class SubjectError(AprError):
    """A subject cannot be resolved, or must not be. For example `os:system`, or a function that was renamed."""


class EvidenceError(AprError):
    """A record is malformed, contradicts its digest, or is of a kind that the obligation does not accept."""


class SelectionError(AprError):
    """A name that was asked for selects nothing."""


class TrialError(AprError):
    """The attempt itself broke: a refutation that does not reproduce, a time limit, a precondition that nothing meets."""


class UsageError(AprError):
    """A command was given something that it does not understand. The command exits with 2."""


class Untestable(Exception):  # noqa: N818 - it is a reason, not an error
    """Nothing here can try the claim. `reason` says why, `enable` is the one line that would change it."""

    def __init__(self, reason: str, enable: str) -> None:
        self.reason = reason
        self.enable = enable
        super().__init__(f"{reason}; {enable}" if enable else reason)


class StopTrial(BaseException):
    """Leaves a trial at once with what was raised in a case. Not an `Exception`, so that no subject swallows it by accident."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


@dataclass
class Refutation(AssertionError):  # noqa: N818 - no error: the claim is wrong, not the program
    """A claim was tried and broke.

    `kind` names the way of being wrong (`false`, `outside`, `unequal`, `order`, `changed`, `accepted`, `raised`,
    `nonfinite`, `cost`): a counterexample is only shrunk to one that is wrong in the same way.
    """

    kind: str
    expected: str
    observed: str
    counterexample: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"expected {self.expected}, observed {self.observed}"

    __hash__ = Exception.__hash__


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the nearest allowed word, or nothing when none is near."""
    near = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
