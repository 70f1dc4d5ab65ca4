"""The contract: one file, one contract, closed schema. Also the scale, which binds roles to models.

The one thing a reader would get wrong: the id of a contract is not in the file. It is the file's path below the nearest
`contracts/` folder (or the rootdir), without the suffix, so that moving a file renames its claims visibly.
"""

# ruff: noqa: RUF012 - pydantic copies the default of a field for every instance
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from apr_core.contract.inputs import Input, Model, Name
from apr_core.contract.mutants import Mutant
from apr_core.contract.obligations import AnyObligation, Expression
from apr_core.contract.origin import Origin

SUFFIX = ".apr.yaml"

ImportString = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$")]
"""`package.module:function`."""


class PlannedSubject(Model):
    """A subject that does not exist yet: its claims are UNTESTED until it does, and then run."""

    import_: Annotated[ImportString, Field(alias="import")]
    """Where the subject will be."""
    planned: Annotated[str, Field(min_length=1)]
    """What is missing, as the report says it."""


class CommandSubject(Model):
    """A program, called with its arguments as text. Gives a map with `exit`, `stdout` and `stderr`."""

    command: Annotated[list[str], Field(min_length=1)]
    """The program, which `[tool.apr] commands` must allow, and its first arguments."""


class Selector(Model):
    """Which evidence a claim rests on. Exactly these keys; `best` is reported OPTIMISTIC and shuts a gate."""

    role: str | None = None
    """A role that the scale binds to a model."""
    model: str | None = None
    """A concrete model."""
    benchmark: str | None = None
    """A benchmark, or a name that the scale binds to one."""
    precision: str | None = None
    """The precision of the weights, as the record says or as the scale names it."""
    prompt: str | None = None
    """The prompt style, as the record says."""
    backend: str | None = None
    """The backend that was *used*, as the record says; `unknown` matches nothing."""
    stage: str | None = None
    """The last stage that made the checkpoint."""
    seed: int | None = None
    """The seed of the run."""
    source: Literal["measured", "imported", "published"] | None = None
    """Where the numbers come from."""
    select: str | Annotated[list[str], Field(min_length=1)] = "all"
    """`all`, `latest`, `registered`, `best`, an evidence id, or a list of ids."""

    @model_validator(mode="after")
    def _whose(self) -> Selector:
        if self.role is not None and self.model is not None:
            raise ValueError("evidence is selected by role or by model, not by both")
        if self.role is None and self.model is None and self.select in ("all", "latest", "registered", "best"):
            raise ValueError("evidence needs a role or a model, or `select` with evidence ids")
        return self


class Contract(Model):
    """One file: what is claimed about some subjects or some evidence."""

    title: Annotated[str, Field(min_length=1)]
    """What the contract is about, as a heading."""
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    """Of the contract: major when a claim is loosened or dropped, minor when one is added."""
    criteria: list[str] = []
    """Acceptance criteria or hypotheses that every obligation here serves."""
    references: list[str] = []
    """Papers, equations, or the text that made the claim."""
    subjects: dict[Name, ImportString | PlannedSubject | CommandSubject] = {}
    """Functions under trial, by the name that expressions call; nothing else can be called by name."""
    constants: dict[Name, JsonValue] = {}
    """Literals and maps."""
    inputs: dict[Name, Input] = {}
    """Domains that the obligations quantify over. An obligation draws only what it uses."""
    setup: dict[Name, Expression] = {}
    """Read-only objects, built once per contract, in order."""
    evidence: dict[Name, Selector] = {}
    """Evidence by the names that obligations use."""
    produce: str | None = None
    """The recipe that makes the evidence when it is missing."""
    obligations: Annotated[list[AnyObligation], Field(min_length=1)]
    """What is claimed."""
    mutants: list[Mutant] = []
    """Planted faults: negative controls of the obligations."""
    source: Origin | None = None
    """What the contract was imported from."""


class Scale(Model):
    """Binds the words that contracts use (roles, benchmarks, lines) to one concrete size of experiment."""

    title: str
    roles: dict[str, str]
    """Role to model."""
    benchmarks: dict[str, str] = {}
    """Name used in contracts to benchmark."""
    precisions: dict[str, str] = {}
    """Name used in contracts to the precision that records carry."""
    lines: dict[Name, float] = {}
    """Numbers that contracts compare with, by name; usable in `at_least`, `at_most` and `margin`."""
