"""How much evidence one claim of the project needs: from what is there, or from the contract alone when nothing is.

The one thing a reader would get wrong: a decided claim needs nothing more, whatever its power was. Power is a
question about evidence that is still to be gathered.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from apr_core.commands.output import emit
from apr_core.commands.power import DISCORDANCES, Answer, points
from apr_core.commands.project import find_claim, open_session
from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import (
    AnyObligation,
    Decide,
    Difference,
    EvidenceObligation,
    NonInferiority,
    PropertyObligation,
    Threshold,
)
from apr_core.contract.schema import Scale
from apr_core.errors import EvidenceError
from apr_core.trial.result import Result
from apr_core.trial.session import CASES, Session
from apr_core.verdict import Verdict

GAINS = (0.01, 0.02, 0.03, 0.05, 0.1)
"""True distances from a line, for planning."""

TYPICAL_FLIPS = 0.05
"""Discordance assumed where a table runs over something else."""


def run(args: argparse.Namespace) -> int:
    """Prints what the claim needs; 0 whatever the answer is."""
    session = open_session(args)
    loaded, obligation = find_claim(session.catalog, args.claim)
    claim_id = f"{loaded.id}::{obligation.id}"
    answer = _cases(claim_id) if isinstance(obligation, PropertyObligation) else _judged(session, loaded, obligation)
    emit(args, lambda: f"{claim_id}: {obligation.claim}\n\n{answer.text()}", {"claim": claim_id} | answer.data())
    return 0


def _cases(claim_id: str) -> Answer:
    """A property has no sample size; but n cases without a counterexample exclude a frequent one."""
    rows = [
        {
            "--apr-cases": name,
            "cases": n,
            "excluded": f"{100 * (1 - 0.05 ** (1 / n)):.3g} %",
            "chosen": name == "default",
        }
        for name, n in CASES.items()
    ]
    return Answer(
        claim_id, 1, "counterexample",
        "One counterexample decides this claim; no number of cases proves it.",
        "With 95 % confidence, cases without a counterexample exclude that a larger share of the cases as they are drawn breaks "
        "the claim than the table says. Shrinking, edge cases and stored counterexamples do better than that.",
        {"confidence": 0.95}, rows,
    )  # fmt: skip


def _judged(session: Session, loaded: LoadedContract, obligation: AnyObligation) -> Answer:
    """The answer for a claim that is not tried on drawn inputs: by what its judgement says, or by plan without evidence."""
    result = session.judge(f"{loaded.id}::{obligation.id}")
    if result.verdict is Verdict.ERROR:
        raise EvidenceError(f"{result.id} cannot be judged, so nothing says what it needs: {result.reason}")
    if result.parts:
        return _parts(result, [session.judge(claim) for claim, _ in result.parts])
    if result.verdict is Verdict.UNTESTED:
        assert isinstance(obligation, EvidenceObligation)  # the other kinds have parts
        return _plan(result, loaded, obligation, session.scale)
    if result.verdict is Verdict.UNDERPOWERED:
        return _more(result)
    have = f"{result.n:,} {result.n_of} were enough" if result.n else "it rests on the runs that were selected"
    headline = f"Nothing more: the claim is {result.verdict}."
    return Answer(result.id, 0, str(result.n_of), headline, f"{have}: {result.reason}.", {})


def _more(result: Result) -> Answer:
    """How much more evidence an undecided claim needs, as its judgement says."""
    power = result.power or {}
    needed, unit, assumes = power.get("needed"), str(power.get("unit", "problems")), str(power.get("assumes", ""))
    headline = f"No number of {unit} is known to decide it."
    if needed is not None:
        headline = f"About {needed:,} {unit} would decide it; there are {power.get('have', result.n)}."
    return Answer(
        result.id, needed, unit, headline, f"Assumed: {assumes}. At present: {result.reason}.", {"assumes": assumes}
    )


def _parts(result: Result, parts: list[Result]) -> Answer:
    from apr_core.trial.combine import what_would_open

    open_parts = [part for part in parts if not part.outcome.startswith("HELD")]
    needs = [f"{part.id} ({part.outcome}): {what_would_open(part)}" for part in open_parts]
    headline = (
        f"{len(open_parts)} of {len(parts)} parts need something." if needs else "Nothing more: every part holds."
    )
    return Answer(result.id, len(open_parts), "claims", headline, "; ".join(needs), {})


def _plan(result: Result, loaded: LoadedContract, obligation: EvidenceObligation, scale: Scale | None) -> Answer:
    """From the contract alone: the table of what would be needed under several truths."""
    why = f"There is no evidence yet: {result.reason}."
    decide = obligation.decide
    metric = getattr(obligation, "metric", "")
    if not isinstance(decide, Decide) or not metric.startswith("pass@"):
        rule = (
            "it compares the selected runs as they are" if decide == "score" else "the spread has to be measured first"
        )
        return Answer(
            result.id, 1, "run", "At least one run.", f"{why} Without any, no number can be planned: {rule}.", {}
        )
    number = _reader(loaded, scale)
    rows = _rows(obligation, number, decide)
    asked = {"alpha": decide.alpha, "power": decide.power}
    middle = next((row for row in rows if row["chosen"]), rows[0])
    unit = "runs per arm" if obligation.unit == "run" else "problems"
    return Answer(
        result.id, middle[unit], unit, f"About {middle[unit]:,} {unit}, or what the table says.", why, dict(asked), rows
    )


def _reader(loaded: LoadedContract, scale: Scale | None) -> Callable[[Any], float]:
    """Evaluates a line or a margin, which may name constants and the lines of the scale."""
    from apr_core.contract.expression import compile_expression
    from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY

    names = {**CONSTANTS, **loaded.model.constants, **(scale.lines if scale is not None else {})}
    return lambda source: float(
        compile_expression(source, names=set(names), functions=set(VOCABULARY)).evaluate(names, VOCABULARY)
    )


def _rows(obligation: EvidenceObligation, number: Callable[[Any], float], decide: Decide) -> list[dict[str, Any]]:
    if isinstance(obligation, Threshold):
        at_least = obligation.at_least is not None
        return _line_rows(
            number(obligation.at_least if at_least else obligation.at_most), 1 if at_least else -1, decide
        )
    assert isinstance(obligation, (Difference, NonInferiority))
    margin = number(obligation.margin)
    if obligation.unit == "run":
        return _run_rows(margin if isinstance(obligation, NonInferiority) else max(margin, GAINS[1]), decide)
    return _loss_rows(margin, decide) if isinstance(obligation, NonInferiority) else _gain_rows(margin, decide)


def _line_rows(line: float, side: int, decide: Decide) -> list[dict[str, Any]]:
    from apr_core.statistics.power import problems_needed_line

    rates = [line + side * gain for gain in GAINS]
    return [
        {
            "true rate": round(rate, 6),
            "problems": problems_needed_line(rate, line, decide.alpha, decide.power),
            "chosen": index == 1,
        }
        for index, rate in enumerate(rates)
        if 0 < rate < 1
    ]


def _run_rows(gap: float, decide: Decide) -> list[dict[str, Any]]:
    from apr_core.statistics.power import runs_needed

    return [
        {
            "spread between seeds": points(share * gap),
            "runs per arm": runs_needed(gap, share * gap, decide.alpha, decide.power),
            "chosen": share == 1,
        }
        for share in (0.5, 1, 2)
    ]


def _loss_rows(margin: float, decide: Decide) -> list[dict[str, Any]]:
    from apr_core.statistics.power import problems_needed_paired

    return [
        {
            "discordance": flips,
            "problems": problems_needed_paired(margin, flips, 0.0, decide.alpha, decide.power),
            "chosen": flips == TYPICAL_FLIPS,
        }
        for flips in DISCORDANCES
    ]


def _gain_rows(margin: float, decide: Decide) -> list[dict[str, Any]]:
    from apr_core.statistics.power import problems_needed_paired

    return [
        {
            "true gain": points(gain),
            "problems": problems_needed_paired(-margin, max(TYPICAL_FLIPS, 2 * gain), gain, decide.alpha, decide.power),
            "chosen": index == 1,
        }
        for index, gain in enumerate(margin + further for further in GAINS)
        if gain < 0.5
    ]
