"""Planted faults, as data: the negative controls of a contract.

A discriminated union on `kind`. The one thing a reader would get wrong: `killed_by` is a demand and not a record. Every
obligation named there must notice the fault; one that does not is a check that would stay green on broken code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from apr_core.contract.inputs import Model, Name
from apr_core.contract.obligations import ClaimId, Expression

ModuleName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")]


class Planted(Model):
    """What every mutant has."""

    id: ClaimId
    """Unique in the file, among obligations as well."""
    of: Name
    """The subject, or for `kind: evidence` the evidence, in which the fault is planted."""
    killed_by: Annotated[list[ClaimId], Field(min_length=1)]
    """The obligations of this file that must be FALSIFIED by it; one with `expect: falsified` must come out HELD."""
    museum: Annotated[str, Field(min_length=1)] | None = None
    """The fault of a real project that this one repeats: a row of the museum."""


class ResultMutant(Planted):
    """The value that a function gives is replaced, in the judging process."""

    kind: Literal["result"]
    """`result`: the value that a function gives is replaced."""
    becomes: Expression
    """What the subject gives instead: an expression over `result`, the subject's parameters by name, and `calls`, which counts
    the calls from 1 and so plants a fault that no function of the arguments has."""


class SourceMutant(Planted):
    """A piece of the subject's module is replaced, and the module loaded anew in a process of its own."""

    kind: Literal["source"]
    """`source`: the text of a module is edited."""
    in_: Annotated[ModuleName | None, Field(alias="in")] = None
    """The module that is edited, when it is not the one in which the subject is defined."""
    replace: Annotated[str, Field(min_length=1)]
    """Text that occurs exactly once in the module. If it does not, the mutant has drifted, which is an error."""
    by: str
    """What stands there instead; may be empty."""

    @model_validator(mode="after")
    def _something_changes(self) -> SourceMutant:
        if self.replace == self.by:
            raise ValueError("`replace` and `by` are the same text, so nothing would be planted")
        return self


class EvidenceMutant(Planted):
    """The records behind an evidence name are altered, wherever the claim reads them. Exactly one alteration."""

    kind: Literal["evidence"]
    """`evidence`: records are altered."""
    fail: Annotated[int, Field(gt=0)] | None = None
    """So many problems fail in every record, those first that pass most often; a total loses as many passes."""
    pass_: Annotated[int | None, Field(alias="pass", gt=0)] = None
    """So many problems pass in every record, those first that pass least often; a total gains as many passes."""
    shift: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Added to every value: of examples, of a series, of a scalar, of a total without passes."""
    reverse: Literal[True] | None = None
    """The values of a series, or of the steps of a training run, come in the opposite order."""
    empty: Literal[True] | None = None
    """The completions are lost: every problem fails in every record, as when a harness finds no code in any answer."""

    @model_validator(mode="after")
    def _one_alteration(self) -> EvidenceMutant:
        if len(self.alteration) != 1:
            raise ValueError("an evidence mutant alters one thing: exactly one of fail, pass, shift, reverse, empty")
        return self

    @property
    def alteration(self) -> dict[str, Any]:
        """The one alteration, by its name in the contract."""
        found = {
            "fail": self.fail,
            "pass": self.pass_,
            "shift": self.shift,
            "reverse": self.reverse,
            "empty": self.empty,
        }
        return {name: value for name, value in found.items() if value is not None}


Mutant = Annotated[ResultMutant | SourceMutant | EvidenceMutant, Field(discriminator="kind")]
"""One planted fault, told apart by `kind`."""
