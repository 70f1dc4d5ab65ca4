"""The shape of `report.json`, format `apr.report/2`: models that check it, and its JSON Schema for other programs.

The one thing a reader would get wrong: the format is public and closed. A field added to `Result` must be added here,
and the shipped schema file written anew, before a report can carry it; a test compares all three.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue

from apr_core.report.summary import RunInfo, Totals
from apr_core.verdict import Verdict

FORMAT = "apr.report/2"
FILE = "apr-report.schema.json"
"""The JSON Schema, beside this module."""

Outcome = Literal["HELD", "HELD-AS-FALSE", "FALSIFIED", "REFUTED", "RECOVERED", "UNDERPOWERED", "UNTESTED", "ERROR"]
ControlOutcome = Literal["KILLED", "SURVIVED", "DRIFTED", "UNTESTED", "ERROR"]
Label = Literal["CONTROLLED", "FELL", "UNCONTROLLED", "VACUOUS", "SURVIVED", "DRIFTED", "UNBOUND", "UNTESTED", "ERROR"]
Count = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)


class Flips(_Model):
    """The problems on which two sides differ, by id."""

    lost: list[str]
    """The candidate passes them less often than the reference."""
    gained: list[str]
    """The candidate passes them more often."""
    of: tuple[str, str]
    """Names of reference and candidate in the contract."""
    n: Count
    """Problems that both sides were measured on."""


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
    broke: str | None
    """How the counterexample breaks the claim, in a word: false, outside, unequal, order, changed, accepted, cost, raised,
    nonfinite."""
    estimate: FiniteFloat | None
    interval: tuple[FiniteFloat | None, FiniteFloat | None] | None
    """Lower and upper bound; null for a side that is open."""
    interval_of: Literal["bounds", "runs", "possible"] | None
    """What the interval is: the one-sided bounds that decided, the lowest and highest run, or the least and greatest
    possible value."""
    line: str | None
    """What the estimate is compared with."""
    required: tuple[FiniteFloat | None, FiniteFloat | None] | None
    """Where the estimate has to lie for the claim to hold: from, to; null for a side that is open."""
    unit: str | None
    """Of estimate, interval and line."""
    n: Count | None
    """The denominator."""
    n_of: str | None
    """What `n` counts, in the plural: cases, problems, runs."""
    discarded: Count
    """Drawn cases that did not meet the precondition; not in `n`."""
    power: dict[str, JsonValue] | None
    """For UNDERPOWERED: `needed`, its `unit`, and what the number assumes; where it can be computed also the `curve` as
    [n, chance of a decision], and the chance that is the `target`."""
    flips: Flips | None
    """For a comparison of two sides that were measured problem by problem."""
    problems: dict[str, list[str]]
    """For a metric over sets of problems: `never solved` and `solved in some runs` → ids; otherwise empty."""
    evidence: list[str]
    """Ids of the records that were used."""
    sides: dict[str, list[str]]
    """Name of the evidence in the contract → ids of its records."""
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
    contract_digest: str | None
    """SHA-256 of the contract file as it was read to judge the claim; null when the file cannot be used."""
    reproduce: str
    """One command."""
    seconds: FiniteFloat
    """Wall time of the attempt."""
    parts: list[tuple[str, Outcome]]
    """For compound and gate: claim id and outcome of each part."""


class Record(_Model):
    """One evidence record that a claim cites, in brief. `unknown` and null are what the record itself says."""

    id: str
    digest: str
    """SHA-256 of the content; the id ends with its first twelve digits."""
    file: str
    """Path below the project's root, or the name of a file elsewhere."""
    model: str
    precision: str
    role: str | None
    stage: str | None
    lineage: list[str] | None
    """Models and stages that the subject came from, oldest first."""
    benchmark: str
    prompt: str
    backend: str
    """The backend that was used."""
    source: Literal["measured", "imported", "published"]
    tool: str
    """What measured it, or the text that prints it."""
    time: str | None
    seed: int | None
    outcome: Literal["problems", "examples", "series", "scalar", "aggregate"]
    n: Count | None
    """Problems, examples, points or repeats."""
    measure: str
    """What `value` is, for example `pass@1`."""
    value: FiniteFloat | None
    unit: str | None
    sha256: str | None
    """Of the file, byte for byte; null when there is none."""


class Cell(_Model):
    """One claim under one mutant."""

    claim: str
    outcome: ControlOutcome
    reason: str
    """What gave the fault away, or that nothing did."""
    counterexample: dict[str, str] | None
    """Input → its value as text, of the case that killed."""
    broke: str | None
    """How that case broke the claim, in the words of a claim's `broke`."""


class Control(_Model):
    """One mutant, a fault planted on purpose: a row of the kill matrix."""

    id: str
    """`folder/file::mutant-id`; unique in a report."""
    contract: str
    kind: str
    """`result`, `source` or `evidence`; `part` for a claim that a compound claim or a gate rests on."""
    of: str
    """The subject or the evidence in which the fault is planted."""
    fault: str
    """What was planted."""
    where: str
    """`file:line` of the mutant."""
    cells: Annotated[list[Cell], Field(min_length=1)]
    museum: str | None
    """The fault of a real project that this mutant repeats."""
    seconds: FiniteFloat
    cached: bool
    """Whether the kills were known from an earlier run on the same contract, sources and versions."""
    outcome: ControlOutcome
    """The worst of the cells."""


class Audited(_Model):
    """What the audit says of one claim: whether it could fall at all."""

    claim: str
    label: Label
    reason: str
    killed: Count
    """Mutants that the claim noticed."""
    mutants: Count
    """Mutants that name the claim."""


class Report(_Model):
    """The results of one run: every claim that was tried, the totals over them, and what they rest on."""

    format: Annotated[Literal["apr.report/2"], Field(alias="schema")]
    run: RunInfo
    totals: Totals
    claims: list[Claim]
    records: list[Record]
    """The evidence that the claims cite."""
    controls: list[Control]
    """Mutants that were tried; empty when nobody asked for them."""
    audit: list[Audited]
    """What the audit says of each claim that it looked at."""


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of a report, as it is shipped."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Report.model_json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
