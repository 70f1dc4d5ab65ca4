"""Deciding a claim on evidence: select, measure, weigh, and word the verdict.

The one thing a reader would get wrong: `decide: score` is a statement about the runs that were selected, with their spread
shown; `decide: {alpha}` is a statement about what they are a sample of. Only the second can be UNDERPOWERED for want of
problems; the first is undecided only when the runs themselves leave its value open.
"""

from __future__ import annotations

from dataclasses import replace
from math import log1p
from typing import TYPE_CHECKING, Any

from apr_core.contract.expression import compile_expression
from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import (
    Decide,
    Difference,
    EvidenceObligation,
    NonInferiority,
    Threshold,
    Trend,
)
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import EvidenceError, Untestable
from apr_core.evidence.agreement import item_ids, one_benchmark, one_item_set
from apr_core.evidence.metrics import Measurement, evaluate, example_weights
from apr_core.evidence.record import ProblemsOutcome, Record
from apr_core.evidence.sets import denominator
from apr_core.trial.advice import Advice
from apr_core.trial.flips import flips_of, problems_of
from apr_core.trial.result import Result
from apr_core.trial.score import crosses, fact_of
from apr_core.trial.select import recorded_series, run_scores, select, step_tables
from apr_core.trial.weigh import (
    Rule,
    Weighing,
    against_line,
    curve,
    demand_inferable,
    difference,
    steps,
    training_runs,
)
from apr_core.verdict import Verdict

if TYPE_CHECKING:
    from apr_core.trial.session import Session


def decide_evidence(session: Session, loaded: LoadedContract, obligation: EvidenceObligation, blank: Result) -> Result:
    """The result of an evidence obligation. Raises Untestable when nothing is there, EvidenceError when it cannot answer."""
    case = Case(session, loaded, obligation)
    used = replace(
        blank,
        evidence=case.ids,
        sides={name: tuple(record.id for record in records) for name, records in case.sides.items()},
        unit=case.unit,
        line=case.line_text,
        required=case.required,
        flips=flips_of(obligation, case.sides, case.measured),
        problems=problems_of(obligation, case.sides),
        notes=case.notes,
        backend=case.backend,
    )
    if obligation.decide == "score":
        return _by_score(used, case)
    weighing = case.weigh()
    p_for, p_against = _family(session, loaded, obligation, weighing)
    return _by_inference(used, weighing, p_for, p_against, obligation, case)


class Case:
    """One evidence obligation with its evidence at hand."""

    def __init__(self, session: Session, loaded: LoadedContract, obligation: EvidenceObligation) -> None:
        self.session, self.loaded, self.obligation = session, loaded, obligation
        self.sides: dict[str, list[Record]] = {}
        found: list[str] = []
        for name in sides_of(obligation):
            records, note = select(session, loaded, name, getattr(obligation, "metric", None) or "pass@1")
            self.sides[name] = records
            found.extend(note)
        all_records = [record for records in self.sides.values() for record in records]
        one_benchmark(all_records)
        self.ids = tuple(dict.fromkeys(record.id for record in all_records))
        backends = {record.environment.backend for record in all_records}
        self.backend = backends.pop() if len(backends) == 1 else "mixed"
        self.notes = tuple(found)
        self.unit: str | None = None
        self.measured: dict[str, Measurement] = {}
        if not isinstance(obligation, Trend):
            metric = obligation.metric  # type: ignore[attr-defined]
            self.measured = {name: evaluate(metric, records) for name, records in self.sides.items()}
            self.unit = next(iter(self.measured.values())).unit
            self._demand_comparable(metric)
            extra = dict.fromkeys(
                note for one in self.measured.values() for note in one.notes
                # A total is all that a score needs.
                if not (obligation.decide == "score" and metric.startswith("pass@") and "known only in total" in note)
            )  # fmt: skip
            self.notes = tuple(dict.fromkeys([*self.notes, *extra]))

    def _demand_comparable(self, metric: str) -> None:
        """Two sides are of one problem set, and a sum over runs is over as many on both."""
        if len(self.sides) < 2:
            return
        records = [record for side in self.sides.values() for record in side]
        one_item_set([record for record in records if item_ids(record)])
        denominator(records)
        counts = [len(side) for side in self.sides.values()]
        if counts[0] != counts[1] and metric == "errors":
            raise EvidenceError(
                f"errors are summed over {counts[0]} runs on one side and {counts[1]} on the other. Select as many."
            )
        if counts[0] != counts[1] and metric in ("oracle", "always", "never_solved", "inconsistent", "spread"):
            self.notes = (
                *self.notes,
                f"{metric} of {counts[0]} runs against {counts[1]}: more runs make a union larger",
            )

    def number(self, source: Any) -> float:
        """A line or a margin: an expression over constants and the lines of the scale."""
        lines = self.session.scale.lines if self.session.scale is not None else {}
        names = {**CONSTANTS, **self.loaded.model.constants, **lines}
        value = compile_expression(source, names=set(names), functions=set(VOCABULARY)).evaluate(names, VOCABULARY)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise EvidenceError(f"the line {source!r} of {self.obligation.id} is {value!r}, not a number.")
        if not -1e300 < value < 1e300:
            raise EvidenceError(f"the line {source!r} of {self.obligation.id} is {value!r}; it must be finite.")
        return float(value)

    @property
    def line_text(self) -> str:
        """What the estimate is compared with, in words."""
        one = self.obligation
        if isinstance(one, Threshold):
            parts = [f"at least {one.at_least}"] if one.at_least is not None else []
            return " and ".join([*parts, *([f"at most {one.at_most}"] if one.at_most is not None else [])])
        if isinstance(one, Difference):
            return f"{one.candidate} above {one.reference}" + (f" by {one.margin}" if one.margin else "")
        if isinstance(one, NonInferiority):
            return f"{one.candidate} loses less than {one.margin} against {one.reference}"
        assert isinstance(one, Trend)
        return one.direction

    @property
    def required(self) -> tuple[float | None, float | None]:
        """Where the estimate has to lie for the claim to hold, in the estimate's own unit; None for an open side."""
        one = self.obligation
        if isinstance(one, Threshold):
            least = None if one.at_least is None else self.number(one.at_least)
            return least, None if one.at_most is None else self.number(one.at_most)
        if isinstance(one, Trend):  # a score counts every move in the direction of the claim
            return (0.0, None) if one.decide == "score" or one.direction == "increasing" else (None, 0.0)
        return self.inferred_line() if one.decide != "score" else self.margin_line(), None

    @property
    def rule(self) -> Rule:
        decide = self.obligation.decide
        assert isinstance(decide, Decide)
        return Rule(decide.alpha, decide.power, self.session.seed_of(f"{self.loaded.id}::{self.obligation.id}") % 2**32)

    @property
    def sign(self) -> float:
        """+1 where more is better, -1 where less is."""
        first = next(iter(self.measured.values()))
        if first.higher_is_better is None:
            raise EvidenceError(
                f"{first.metric}: nothing says whether more is better, so no side can be called better."
            )
        return 1.0 if first.higher_is_better else -1.0

    def margin_line(self) -> float:
        """Candidate less reference, counted so that more is better, must lie above this."""
        one = self.obligation
        if isinstance(one, Difference):
            return self.number(one.margin)
        assert isinstance(one, NonInferiority)
        margin = self.number(one.margin)
        if margin <= 0:
            raise EvidenceError(f"the margin of {one.id} is {margin:g}; a non-inferiority margin must be above 0.")
        return -margin

    def inferred_line(self) -> float:
        """The same line where an inference draws it: for perplexities, between mean losses."""
        line = self.margin_line()
        return _log_margin(line) if next(iter(self.measured.values())).metric == "perplexity" else line

    def weigh(self) -> Weighing:
        """The statistics of this obligation."""
        one = self.obligation
        if one.unit == "run" and isinstance(one, (Trend, Threshold)):
            raise EvidenceError(f"{one.id}: `unit: run` compares two arms of training runs; a {one.type} has one side.")
        if isinstance(one, Trend):
            return self._weigh_trend(one)
        if isinstance(one, Threshold):
            return self._weigh_threshold(one)
        candidate, reference = one.candidate, one.reference  # type: ignore[attr-defined]
        if self.sign < 0:
            candidate, reference = reference, candidate
        new, old = self.measured[candidate], self.measured[reference]
        line = self.inferred_line()
        if one.unit == "run":
            demand_inferable(new.metric)
            items = one_item_set([*self.sides[candidate], *self.sides[reference]])
            arms = [run_scores(self.sides[name], new.metric, items) for name in (candidate, reference)]
            return training_runs(arms[0], arms[1], line, self.rule)
        return difference(new, old, line, self.rule)

    def _weigh_threshold(self, one: Threshold) -> Weighing:
        found = self.measured[one.of]
        if one.at_least is not None and one.at_most is not None:
            low = against_line(found, self.number(one.at_least), True, self.rule)
            high = against_line(found, self.number(one.at_most), False, self.rule)
            # Either end can refute: the smaller p-value of two counts double.
            against = min(1.0, 2 * min(low.p_against, high.p_against))
            farther = low if low.p_for > high.p_for else high
            return replace(low, p_for=farther.p_for, p_against=against, advice=farther.advice)
        if one.at_least is not None:
            return against_line(found, self.number(one.at_least), True, self.rule)
        return against_line(found, self.number(one.at_most), False, self.rule)

    def _weigh_trend(self, one: Trend) -> Weighing:
        sign = 1.0 if one.direction == "increasing" else -1.0
        records = self.sides[one.series]
        if (series := recorded_series(records, one.of)) is not None:
            values, at = series
            return curve(values, at, sign, self.rule)
        return steps([table for _, table in step_tables(records, one.of)], example_weights(records), sign, self.rule)


def _log_margin(line: float) -> float:
    """A relative margin of a perplexity as a difference of losses: 5 % more perplexity is log(1.05) more loss."""
    if line >= 1:
        raise EvidenceError(f"the margin is {line:g}: no perplexity falls by that share; a gain lies below 1.")
    return -log1p(-line)


def sides_of(obligation: EvidenceObligation) -> tuple[str, ...]:
    """The evidence names that an obligation reads."""
    if isinstance(obligation, Threshold):
        return (obligation.of,)
    if isinstance(obligation, Trend):
        return (obligation.series,)
    return (obligation.candidate, obligation.reference)  # type: ignore[attr-defined]


def _family(
    session: Session, loaded: LoadedContract, obligation: EvidenceObligation, weighing: Weighing
) -> tuple[float, float]:
    """Both p-values after Holm's correction over the declared members of the family, whatever was selected to run."""
    if obligation.family is None:
        return weighing.p_for, weighing.p_against
    from apr_core.statistics import holm

    members = [
        one for one in loaded.model.obligations
        if isinstance(one, EvidenceObligation) and one.family == obligation.family and one.decide != "score"
    ]  # fmt: skip
    pairs = []
    for member in members:
        try:
            other = weighing if member.id == obligation.id else Case(session, loaded, member).weigh()
        except EvidenceError as error:
            raise EvidenceError(f"{member.id}, a member of the family {obligation.family!r}: {error}") from error
        except Untestable:
            pairs.append((1.0, 1.0))  # declared and not tried: it still takes its share of alpha
            continue
        pairs.append((other.p_for, other.p_against))
    own = next(index for index, member in enumerate(members) if member.id == obligation.id)
    return holm([pair[0] for pair in pairs])[own], holm([pair[1] for pair in pairs])[own]


def _by_inference(
    used: Result, weighing: Weighing, p_for: float, p_against: float, obligation: EvidenceObligation, case: Case
) -> Result:
    rule = case.rule
    shared = f", Holm over the family {obligation.family!r}" if obligation.family else ""
    common = replace(
        used,
        estimate=weighing.estimate,
        interval=(weighing.low, weighing.high),
        interval_of="bounds",
        n=weighing.n,
        n_of=weighing.n_of,
        notes=(*used.notes, *weighing.notes),
    )
    how = f"{weighing.method}{shared}"
    if p_against <= rule.alpha:  # first: a trend may be shown as a whole and refuted by one of its steps
        return replace(
            common, verdict=Verdict.FALSIFIED, reason=f"the evidence excludes the claim (p = {p_against:.2g}; {how})",
            expected=used.line, observed=_estimate_text(used, weighing),
        )  # fmt: skip
    if p_for <= rule.alpha:
        return replace(
            common, verdict=Verdict.HELD, reason=f"the evidence excludes the negation (p = {p_for:.2g}; {how})"
        )
    advice = weighing.advice()
    if advice.needed is not None and advice.needed <= advice.have:
        # A formula that forgets something (a shared alpha, the problems inside runs) must not advise what is there.
        advice = replace(advice, needed=advice.have + 1, assumes=f"{advice.assumes}; at the least", chance=None)
    if obligation.family:
        advice = replace(advice, chance=None)  # the formula does not know how much of alpha the others take
    more = (
        f"about {advice.needed} {advice.unit} would decide" if advice.needed else "no number of them is known to decide"
    )
    return replace(
        common, verdict=Verdict.UNDERPOWERED, power=advice.as_dict(rule.power),
        reason=f"{weighing.n} {weighing.n_of} cannot decide (p = {p_for:.2g} for, {p_against:.2g} against; {how}); "
        f"{more}, assuming {advice.assumes}",
    )  # fmt: skip


def _estimate_text(used: Result, weighing: Weighing) -> str:
    low = "-inf" if weighing.low is None else quantity(used, weighing.low)
    high = "inf" if weighing.high is None else quantity(used, weighing.high)
    return f"{quantity(used, weighing.estimate)}, one-sided bounds {low} and {high}"


def quantity(result: Result, value: float) -> str:
    """A value with its unit: a fraction in per cent, a difference of fractions in points."""
    if result.unit != "fraction":
        return f"{value:.6g}" + (f" {result.unit}" if result.unit else "")
    if result.type in ("difference", "non_inferiority"):
        return f"{100 * value:+.2f} points"
    return f"{100 * value:.2f} %"


def _by_score(used: Result, case: Case) -> Result:
    fact, holds = fact_of(case)
    common = replace(
        used,
        estimate=fact.value,
        interval=fact.spread,
        interval_of="runs" if fact.spread else None,
        n=fact.n,
        n_of=fact.n_of if fact.n is not None else None,
    )
    low, high = holds(fact.low), holds(fact.high)
    possible = "" if fact.value is None else quantity(common, fact.value)
    shown = possible or f"between {quantity(common, fact.low)} and {quantity(common, fact.high)}"
    runs = "1 run" if len(case.ids) == 1 else f"{len(case.ids)} runs"
    if low and high:
        return replace(common, verdict=Verdict.HELD, reason=f"{shown} over {runs}: {used.line}")
    if not low and not high and not (fact.value is None and crosses(case, fact)):
        return replace(
            common,
            verdict=Verdict.FALSIFIED,
            reason=f"{shown} over {runs}, not {used.line}",
            expected=used.line,
            observed=shown,
        )
    totals = sum(not isinstance(record.outcome, ProblemsOutcome) for side in case.sides.values() for record in side)
    return replace(
        common,
        verdict=Verdict.UNDERPOWERED,
        interval=(fact.low, fact.high),
        interval_of="possible",
        reason=f"it is only known to lie {shown}: {totals} of {runs} known only in total, without results per problem",
        power=Advice(
            totals, "runs with results per problem", len(case.ids) - totals, "the runs are evaluated again"
        ).as_dict(),
    )
