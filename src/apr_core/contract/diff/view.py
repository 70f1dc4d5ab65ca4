"""A claim in its contract, ready to be compared: what means the same is the same in it.

The one thing a reader would get wrong: a claim is more than its own lines. What it draws, calls and rests on is part of
it, wherever in the file that stands; so a change there is a change of every claim that uses it, and of no other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from apr_core.contract.diff.forms import Named, Side
from apr_core.contract.diff.rules import RULES
from apr_core.contract.obligations import Obligation
from apr_core.contract.schema import Selector
from apr_core.contract.templates import expand
from apr_core.errors import ExpressionError

_EVIDENCE = {
    "threshold": ("of",), "difference": ("candidate", "reference"), "non_inferiority": ("candidate", "reference"),
    "trend": ("series",),
}  # fmt: skip
"""Type → fields that name evidence."""
_WORDS = frozenset({
    "id", "type", "claim", "if_falsified", "criteria", "expect", "cases", "nonfinite", "direction", "measure", "raises",
    "message", "choice", "alphabet", "library", "corrupt", "name", "strategy",
})  # fmt: skip
"""Fields of obligations on inputs, and of inputs, in which nothing is a name of the contract."""


@dataclass(frozen=True)
class View:
    """One claim of one of the two contracts."""

    obligation: Obligation
    """A template as the equivalence that it stands for."""
    side: Side

    @property
    def type(self) -> str:
        """The type, as in the file."""
        return str(getattr(self.obligation, "type", None) or getattr(self.obligation, "template", "unknown"))

    @cached_property
    def fields(self) -> dict[str, Any]:
        """Field → value. Inputs and evidence stand apart; what is nested and judged by parts is taken apart."""
        one = self.obligation
        data = one.model_dump(by_alias=True)
        for name in ("id", "type", "inputs", *self.evidence):
            data.pop(name, None)
        data["criteria"] = sorted({*self.side.contract.criteria, *one.criteria})
        for name, inner in (data.pop("limits", None) or {}).items():
            data[f"limits.{name}"] = inner
        if "family" in data:
            data |= {"family": self.side.family(one), "family.name": data["family"]}
        return data | _decision(data.get("decide")) | self._combination(data)

    def _combination(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a compound or a gate says of other claims, as the new contract names them."""
        named = self.side.reference
        if self.type == "compound":
            several = data["any_of"] or []
            name = "any_of" if len(several) > 1 else "all_of"
            parts = sorted(map(named, several or data["all_of"] or []))
            return {"all_of": None, "any_of": None, "combines": name, name: parts}
        if self.type == "gate":
            allowed = {named(claim): verdict for claim, verdict in data["allow"].items()}
            required = sorted(map(named, data["require"]))
            return {"require": required, "allow": {claim: allowed.get(claim, "HELD") for claim in required}}
        return {}

    def _expressions(self) -> dict[str, Any]:
        return {name: value for name, value in self.fields.items() if name not in _WORDS}

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """The domains of the inputs that the claim draws, also in turn."""
        own = getattr(self.obligation, "inputs", None)
        if own is None:
            return {}
        known = {**self.side.contract.inputs, **own}
        found: dict[str, Any] = {}
        waiting = self.side.names(self._expressions())
        while waiting:
            name = waiting.pop()
            if name in known and name not in found:
                found[name] = known[name]
                waiting |= self.side.names(_expressions(known[name]))
        return found

    @cached_property
    def rests_on(self) -> set[Named]:
        """The constants, objects of `setup` and subjects that the claim uses, also in turn."""
        return self.side.rests_on([self._expressions(), _expressions(list(self.inputs.values()))])

    @cached_property
    def evidence(self) -> dict[str, tuple[str, Selector | None]]:
        """Field → name and selector. Of a type that is not known, every text that is the name of evidence."""
        known = self.side.contract.evidence
        fields: Any = _EVIDENCE.get(self.type, ())
        if self.type not in RULES:
            fields = [name for name, value in self.obligation if isinstance(value, str) and value in known]
        return {field: (name := str(getattr(self.obligation, field)), known.get(name)) for field in fields}


def view(obligation: Obligation, side: Side) -> View:
    """A claim of a contract."""
    with contextlib.suppress(ExpressionError, TypeError):  # a template that cannot be expanded is compared as it stands
        obligation = expand(obligation)
    return View(obligation, side)


def _decision(decide: Any) -> dict[str, Any]:
    """How evidence becomes a verdict, and by which numbers."""
    if decide is None:
        return {}
    if not isinstance(decide, dict):
        return {"decide": decide}
    return {"decide": "inference", **{f"decide.{name}": inner for name, inner in decide.items()}}


def _expressions(value: Any) -> Any:
    """A value without the texts that are words and no expressions. Only models have such; a map's keys are the author's."""
    if isinstance(value, BaseModel):
        return {name: _expressions(inner) for name, inner in value if name not in _WORDS}
    if isinstance(value, Mapping):
        return {name: _expressions(inner) for name, inner in value.items()}
    return [_expressions(inner) for inner in value] if isinstance(value, list) else value
