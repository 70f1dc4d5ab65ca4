"""What evidence says about a line or a difference: an estimate, two one-sided p-values, and how much more would decide.

The one thing a reader would get wrong: each weighing answers two questions, not one. `p_for` is the p-value against the
negation of the claim (small: the claim is shown), `p_against` the p-value against the claim (small: it is refuted). Neither
being small is the honest third answer. Where runs are known only in total, both are computed conservatively.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul
from statistics import stdev

from apr_core import statistics as st
from apr_core.errors import EvidenceError
from apr_core.evidence.metrics import Measurement
from apr_core.statistics.bootstrap import LEAST_CLUSTERS
from apr_core.statistics.trend import LEAST_POINTS
from apr_core.trial.advice import Advice, by_formula, by_spread

INFERABLE = ("pass@", "perplexity", "mean")
"""Metrics that estimate something beyond the runs at hand. Set metrics and extremes are facts of those runs."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the evidence of one obligation comes to."""

    estimate: float
    low: float | None
    """Lower one-sided bound."""
    high: float | None
    """Upper one-sided bound."""
    p_for: float
    p_against: float
    n: int
    n_of: str
    method: str
    advice: Callable[[], Advice]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """The parameters of an inference."""

    alpha: float
    power: float
    seed: int


def demand_inferable(metric: str) -> None:
    """Refuse to infer from a metric that describes the runs at hand and nothing else."""
    if not metric.startswith(INFERABLE):
        raise EvidenceError(
            f"{metric} is a fact of the runs that were selected; there is nothing to infer about it. Use `decide: score`, "
            f"or one of the metrics pass@k, mean, perplexity."
        )


def _binary(found: Measurement) -> bool:
    """Whether every problem simply passed or failed. A loss of exactly 0 or 1 is no pass or failure."""
    return found.metric.startswith("pass@") and all(value in (0.0, 1.0) for value in (found.items or {}).values())


def _weights(found: Measurement) -> list[float] | None:
    return None if found.weights is None else [found.weights[key] for key in found.items or ()]


def _mean(values: Sequence[float], weights: Sequence[float] | None) -> float:
    if weights is None:
        return sum(values) / len(values)
    return float(sum(map(mul, weights, values)) / sum(weights))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _complete(found: Measurement) -> bool:
    """Whether every run has items, so that an average per problem covers all of them."""
    return found.items is not None and found.item_runs == len(found.per_run)


def _value(found: Measurement) -> float:
    if found.value is None:
        raise EvidenceError(
            f"{found.metric} of these records is only known to lie between two values; nothing can be inferred."
        )
    return found.value


def against_line(found: Measurement, line: float, claim_above: bool, rule: Rule) -> Weighing:
    """A proportion or a mean against a line.

    One run with one sample per problem: the exact binomial test. Several runs or samples: averaged per problem, then the
    clustered bootstrap. Runs known only in total: the exact test on the mean, rounded against either answer; averages of runs
    vary less than one run, so this is conservative.
    """
    demand_inferable(found.metric)
    value = _value(found)
    limits = (0.0, 1.0) if found.metric.startswith("pass@") else None
    if _complete(found) and not (len(found.per_run) == 1 and _binary(found)):
        return _line_by_bootstrap(found, value, line, claim_above, rule, limits)
    if limits is None or found.n is None:
        raise EvidenceError(
            f"{found.metric} is known only as {value:g}, without items and without a number of problems, so its uncertainty is "
            "unknown. Use `decide: score`, or record results per problem."
        )
    low, high = _down(value * found.n), _up(value * found.n)
    bounds = (
        st.clopper_pearson(low, found.n, rule.alpha, "lower").low,
        st.clopper_pearson(high, found.n, rule.alpha, "upper").high,
    )
    above, below = st.binomial_test(low, found.n, line, "greater"), st.binomial_test(high, found.n, line, "less")
    p_for, p_against = (above, below) if claim_above else (below, above)
    notes = (
        () if len(found.per_run) == 1 else ("runs known only in total are judged like one run, which is conservative",)
    )

    def advise() -> Advice:
        need = lambda: st.problems_needed_line(_inside(value, found.n), line, rule.alpha, rule.power)  # noqa: E731
        rate = _inside(value, found.n)
        chance = lambda n: st.power_line(n, rate, line, rule.alpha)  # noqa: E731
        return by_formula(need, "problems", found.n, f"the true rate is {value:.3f}", chance)

    return Weighing(
        value, *bounds, p_for, p_against, found.n, "problems", "exact binomial test (Clopper and Pearson)",
        advise, notes,
    )  # fmt: skip


def _unweighable(
    values: Sequence[float], estimate: float, limits: tuple[float, float] | None, unit: str
) -> Weighing | None:
    """The answer when a bootstrap cannot say anything: too few items, or no spread on a scale without ends."""
    if len(values) < LEAST_CLUSTERS:
        assumes = f"resampling fewer than {LEAST_CLUSTERS} says nothing"
        advice = Advice(LEAST_CLUSTERS, unit, len(values), assumes)
    elif limits is None and max(values) - min(values) <= 1e-12 * max(map(abs, values)):
        advice = Advice(None, unit, len(values), "all items are equal, which shows no spread and is not certainty")
    else:
        return None
    return Weighing(estimate, None, None, 1.0, 1.0, len(values), unit, advice.assumes, lambda: advice)


def _resampled(
    values: Sequence[float],
    line: float,
    limits: tuple[float, float] | None,
    rule: Rule,
    weights: Sequence[float] | None = None,
) -> tuple[float, float, float, float]:
    """One-sided bounds of the mean, and the p-values of its lying above and below the line."""
    return (
        st.bootstrap_interval(
            values, limits=limits, seed=rule.seed, alpha=rule.alpha, side="lower", weights=weights
        ).low,
        st.bootstrap_interval(
            values, limits=limits, seed=rule.seed, alpha=rule.alpha, side="upper", weights=weights
        ).high,
        st.bootstrap_test(values, line, "greater", limits=limits, seed=rule.seed, weights=weights),
        st.bootstrap_test(values, line, "less", limits=limits, seed=rule.seed, weights=weights),
    )


def _line_by_bootstrap(
    found: Measurement, value: float, line: float, claim_above: bool, rule: Rule, limits: tuple[float, float] | None
) -> Weighing:
    items = list((found.items or {}).values())
    unit = "problems" if limits else "examples"
    if (nothing := _unweighable(items, value, limits, unit)) is not None:
        return nothing
    if found.metric == "perplexity" and line <= 0:
        raise EvidenceError(f"the line is {line:g}; a perplexity is compared with a number above 0.")
    at = math.log(line) if found.metric == "perplexity" else line
    low, high, above, below = _resampled(items, at, limits, rule, _weights(found))
    p_for, p_against = (above, below) if claim_above else (below, above)
    if found.metric == "perplexity":
        low, high = _exp(low), _exp(high)
    gap = abs(_mean(items, _weights(found)) - at)
    return Weighing(
        value, low, high, p_for, p_against, len(items), unit,
        f"bootstrap clustered by problem, {found.item_runs} runs averaged" if found.item_runs > 1 else "bootstrap over items",
        lambda: by_spread(items, gap, rule.alpha, rule.power, unit),
    )  # fmt: skip


def _down(count: float) -> int:
    """A mean number of problems rounded down, unless it is whole but for rounding."""
    return math.floor(count + 1e-9)


def _up(count: float) -> int:
    """The same, rounded up."""
    return math.ceil(count - 1e-9)


def _inside(rate: float, n: int | None) -> float:
    """A rate strictly between 0 and 1: with n problems, 0 and 1 are only known to within one problem."""
    edge = 1 / (2 * (n or 1))
    return min(max(rate, edge), 1 - edge)


def difference(candidate: Measurement, reference: Measurement, line: float, rule: Rule) -> Weighing:
    """Candidate less reference against `line`, the claim being that it lies above; paired by problem where that is possible."""
    demand_inferable(candidate.metric)
    if _complete(candidate) and _complete(reference) and set(candidate.items or ()) == set(reference.items or ()):
        if _binary(candidate) and _binary(reference) and len(candidate.per_run) == len(reference.per_run) == 1:
            return _paired_flips(candidate, reference, line, rule)
        return _paired_bootstrap(candidate, reference, line, rule)
    return _unpaired(candidate, reference, line, rule)


def _paired_flips(candidate: Measurement, reference: Measurement, line: float, rule: Rule) -> Weighing:
    new, old = candidate.items or {}, reference.items or {}
    table = st.paired_table([int(new[key]) for key in old], [int(old[key]) for key in old])
    lost, gained, n = table.lost, table.gained, table.n
    low = st.tango_interval(lost, gained, n, rule.alpha, "lower").low
    high = st.tango_interval(lost, gained, n, rule.alpha, "upper").high
    if line == 0.0:
        above, below = st.mcnemar_exact(lost, gained, "greater"), st.mcnemar_exact(lost, gained, "less")
        method = "exact McNemar test and its interval"
        low, high = _exact_bounds(lost, gained, n, rule.alpha) or (low, high)
    else:
        above, below = st.tango_test(lost, gained, n, -line, "greater"), st.tango_test(lost, gained, n, -line, "less")
        method = "Tango's score test and interval"
    discordance = max(lost + gained, 1) / n
    estimate = table.difference

    def advise() -> Advice:
        claimed, true = (-line, estimate) if estimate >= line else (line, -estimate)
        need = lambda: st.problems_needed_paired(claimed, discordance, true, rule.alpha, rule.power)  # noqa: E731
        return by_formula(
            need, "problems", n, f"{discordance:.1%} of problems flip and the true difference is {estimate:+.4f}",
            lambda size: st.power_paired(size, claimed, discordance, true, rule.alpha),
        )  # fmt: skip

    return Weighing(
        estimate, low, high, above, below, n, "problems", f"paired: {lost} lost, {gained} gained; {method}", advise,
    )  # fmt: skip


def _exact_bounds(lost: int, gained: int, n: int, alpha: float) -> tuple[float, float] | None:
    """One-sided bounds that exclude 0 exactly when McNemar's exact test does: Clopper and Pearson on the share of flips
    that are gains, given how many problems flip. None when none does."""
    flips = lost + gained
    if flips == 0:
        return None
    low = st.clopper_pearson(gained, flips, alpha, "lower").low
    high = st.clopper_pearson(gained, flips, alpha, "upper").high
    return (2 * low - 1) * flips / n, (2 * high - 1) * flips / n


def _paired_bootstrap(candidate: Measurement, reference: Measurement, line: float, rule: Rule) -> Weighing:
    new, old = candidate.items or {}, reference.items or {}
    limits = (-1.0, 1.0) if candidate.metric.startswith("pass@") else None
    gaps = [new[key] - old[key] for key in old]
    unit = "problems" if limits else "examples"
    if candidate.weights != reference.weights:
        raise EvidenceError("the two sides weigh their examples differently, so their means cannot be compared.")
    weights = None if reference.weights is None else [reference.weights[key] for key in old]
    mean = _mean(gaps, weights)
    if (nothing := _unweighable(gaps, mean, limits, unit)) is not None:
        return nothing
    low, high, above, below = _resampled(gaps, line, limits, rule, weights)
    runs = f"{candidate.item_runs} against {reference.item_runs} runs averaged, " if limits else ""
    return Weighing(
        mean, low, high, above, below, len(gaps), unit, f"paired by item: {runs}bootstrap clustered by item",
        lambda: by_spread(gaps, abs(mean - line), rule.alpha, rule.power, unit),
    )  # fmt: skip


def _unpaired(candidate: Measurement, reference: Measurement, line: float, rule: Rule) -> Weighing:
    """Two proportions of which at least one is known only in total (Miettinen and Nurminen), rounded against either answer."""
    if not candidate.metric.startswith("pass@"):
        raise EvidenceError(
            f"{candidate.metric} without items per example cannot be compared with a margin. Record the items."
        )
    n1, n0, notes = (
        candidate.n,
        reference.n,
        ["UNPAIRED: one side is known only in total, which needs far more problems"],
    )
    if n1 is None or n0 is None:
        if n1 is None and n0 is None:
            raise EvidenceError("neither side says on how many problems it was measured. Record the number.")
        notes.append(
            f"one side does not say on how many problems it was measured; {n1 or n0} are assumed, as on the other"
        )
        n1, n0 = n1 or n0, n0 or n1
    assert n1 is not None and n0 is not None
    x1, x0 = _value(candidate) * n1, _value(reference) * n0
    mean = _value(candidate) - _value(reference)
    down1, up1, down0, up0 = _down(x1), _up(x1), _down(x0), _up(x0)
    above = st.miettinen_nurminen_test(down1, n1, up0, n0, -line, "greater")
    below = st.miettinen_nurminen_test(up1, n1, down0, n0, -line, "less")
    low = st.miettinen_nurminen_interval(down1, n1, up0, n0, rule.alpha, "lower").low
    high = st.miettinen_nurminen_interval(up1, n1, down0, n0, rule.alpha, "upper").high

    def advise() -> Advice:
        claimed, true = (-line, mean) if mean >= line else (line, -mean)
        # The formula's rate is that of the side which loses nothing: the one that the estimate favours.
        rate = _inside(_value(reference if mean >= line else candidate), n0)
        need = lambda: st.problems_needed_unpaired(claimed, rate, true, rule.alpha, rule.power)  # noqa: E731
        return by_formula(
            need, "problems per side", min(n1, n0), f"unpaired, and the true difference is {mean:+.4f}",
            lambda size: st.power_unpaired(size, claimed, rate, true, rule.alpha),
        )  # fmt: skip

    return Weighing(
        mean, low, high, above, below, min(n1, n0), "problems", "unpaired: Miettinen and Nurminen's score test", advise,
        tuple(notes),
    )  # fmt: skip


def training_runs(candidate: list[list[float]], reference: list[list[float]], line: float, rule: Rule) -> Weighing:
    """A claim about a training technique: (runs, problems) per arm, the run being the unit."""
    means = [[sum(row) / len(row) for row in arm] for arm in (candidate, reference)]
    estimate = sum(means[0]) / len(means[0]) - sum(means[1]) / len(means[1])
    runs = min(len(candidate), len(reference))
    spread = max((stdev(arm) for arm in means if len(arm) > 1), default=0.0)

    def advise() -> Advice:
        if runs < 3:
            return Advice(3, "training seeds per arm", runs, "a technique is judged on at least three")
        need = lambda: st.runs_needed(abs(estimate - line), spread, rule.alpha, rule.power)  # noqa: E731
        return by_formula(
            need, "training seeds per arm", runs, f"seeds differ by {spread:.4f}",
            lambda size: st.power_runs(size, abs(estimate - line), spread, rule.alpha),
        )  # fmt: skip

    if runs < 3:
        return Weighing(
            estimate, None, None, 1.0, 1.0, runs, "training seeds", "too few training seeds to judge", advise
        )
    return Weighing(
        estimate,
        st.runs_interval(candidate, reference, alpha=rule.alpha, side="lower").low,
        st.runs_interval(candidate, reference, alpha=rule.alpha, side="upper").high,
        st.runs_test(candidate, reference, line, "greater"),
        st.runs_test(candidate, reference, line, "less"),
        runs, "training seeds", "problems nested in training runs, Welch's t", advise,
    )  # fmt: skip


def steps(tables: list[dict[str, float]], weighted: dict[str, float] | None, sign: float, rule: Rule) -> Weighing:
    """Held-out examples at successive steps: first against last, and no step shown to go the other way (Holm over steps)."""
    keys = list(tables[0])
    if any(set(table) != set(keys) for table in tables):
        raise EvidenceError(
            "the steps were not measured on the same held-out examples; measure all of them on one set."
        )
    moves = [[sign * (b[key] - a[key]) for key in keys] for a, b in pairwise(tables)]
    whole = [sign * (tables[-1][key] - tables[0][key]) for key in keys]
    weights = None if weighted is None else [weighted[key] for key in keys]
    mean = _mean(whole, weights)
    if (nothing := _unweighable(whole, sign * mean, None, "examples")) is not None:
        return nothing
    low, high, p_for, _ = _resampled(whole, 0.0, None, rule, weights)
    wrong = [_went_wrong(gaps, weights, rule) for gaps in (*moves, whole)]
    first, last = sorted((sign * low, sign * high))
    return Weighing(
        sign * mean, first, last, p_for, min(st.holm(wrong)), len(keys), "examples",
        f"paired over held-out examples, first against last of {len(tables)} steps; bootstrap",
        lambda: by_spread(whole, abs(mean), rule.alpha, rule.power, "examples"),
    )  # fmt: skip


def _went_wrong(gaps: list[float], weights: list[float] | None, rule: Rule) -> float:
    """The p-value of a step having gone the right way or nowhere; a step without spread is judged by its signs."""
    if _unweighable(gaps, 0.0, None, "examples") is None:
        return _resampled(gaps, 0.0, None, rule, weights)[3]
    return 0.5 ** len(gaps) if max(gaps) < 0 else 1.0


def curve(values: list[float], at: list[float], sign: float, rule: Rule) -> Weighing:
    """The slope of one recorded series, by a block bootstrap."""
    if len(values) < LEAST_POINTS:
        few = Advice(LEAST_POINTS, "points", len(values), f"the slope of fewer than {LEAST_POINTS} points says nothing")
        return Weighing(values[-1] - values[0], None, None, 1.0, 1.0, len(values), "points", few.assumes, lambda: few)
    return Weighing(
        st.slope(values, at),
        st.slope_interval(values, at, seed=rule.seed, alpha=rule.alpha, side="lower").low,
        st.slope_interval(values, at, seed=rule.seed, alpha=rule.alpha, side="upper").high,
        st.slope_test(values, at, 0.0, "greater" if sign > 0 else "less", seed=rule.seed),
        st.slope_test(values, at, 0.0, "less" if sign > 0 else "greater", seed=rule.seed),
        len(values), "points", "slope of the series, block bootstrap",
        lambda: Advice(None, "points", len(values), "record more steps"),
    )  # fmt: skip
