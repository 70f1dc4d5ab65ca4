"""The shape of `report.json`, format `apr.report/1`: models that check it, and its JSON Schema for other programs.

The one thing a reader would get wrong: the format is public and closed. A field added to `Result` must be added here,
and the shipped schema file written anew, before a report can carry it; a test compares all three.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue

from apr_core.report.summary import RunInfo, Totals
from apr_core.verdict import Verdict

FORMAT = "apr.report/1"
FILE = "apr-report.schema.json"
"""The JSON Schema, beside this module."""

Outcome = Literal["HELD", "HELD-AS-FALSE", "FALSIFIED", "REFUTED", "RECOVERED", "UNDERPOWERED", "UNTESTED", "ERROR"]
Count = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)


class Claim(_Model):
    """One claim and what the attempt to break it came to. Numbers that are not finite are null, and a note says so."""

    id: str
    """`folder/file::ID`; unique in a report."""
    contract: str
    type: str
    """Obligation type, for example `bound` or `non_inferiority`."""
    claim: str
    """The statement in a sentence."""
    verdict: Verdict
    """About the claim as written."""
    outcome: Outcome
    """The column in which it counts: the verdict, seen with what was expected of it."""
    reason: str
    """Why this verdict and not another."""
    title: str
    """Of the contract."""
    criteria: list[str]
    """Acceptance criteria that the claim serves."""
    expect: Literal["held", "falsified"]
    """`falsified` for a claim that is meant to be false."""
    refuted: str | None
    """The note in refuted.yaml if the claim is listed there."""
    expected: str | None
    observed: str | None
    counterexample: dict[str, str] | None
    """Input → its value as text; the smallest that was found."""
    estimate: FiniteFloat | None
    interval: tuple[FiniteFloat | None, FiniteFloat | None] | None
    interval_of: Literal["bounds", "runs", "possible"] | None
    """What the interval is: the one-sided bounds that decided, the lowest and highest run, or the least and greatest
    possible value."""
    """Lower and upper bound; null for a side that is open."""
    line: str | None
    """What the estimate is compared with."""
    unit: str | None
    """Of estimate, interval and line."""
    n: Count | None
    """The denominator."""
    n_of: str | None
    """What `n` counts, in the plural: cases, problems, runs."""
    discarded: Count
    """Drawn cases that did not meet the precondition; not in `n`."""
    power: dict[str, JsonValue] | None
    """For UNDERPOWERED: `needed`, its `unit`, and what the number assumes."""
    evidence: list[str]
    """Ids of the records that were used."""
    notes: list[str]
    """Warnings that belong to the verdict."""
    enable: str | None
    """For UNTESTED: the one line that would change it."""
    if_falsified: str | None
    """What to suspect first when the claim falls."""
    backend: str | None
    """The backend that was used."""
    seed: int | None
    versions: dict[str, str]
    """Package → version."""
    where: str
    """`file:line` of the obligation."""
    reproduce: str
    """One command."""
    seconds: FiniteFloat
    """Wall time of the attempt."""
    parts: list[tuple[str, Outcome]]
    """For compound and gate: claim id and outcome of each part."""


class Report(_Model):
    """The results of one run: every claim that was tried, and the totals over them."""

    format: Annotated[Literal["apr.report/1"], Field(alias="schema")]
    run: RunInfo
    totals: Totals
    claims: list[Claim]


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of a report, as it is shipped."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Report.model_json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
