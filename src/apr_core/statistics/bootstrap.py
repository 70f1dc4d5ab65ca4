"""The mean over problems when each carries several values: a bootstrap that resamples whole clusters.

The one thing a reader would get wrong: resampling shows only what happened. Forty problems that all pass have no
spread, and when 3 % of 50 problems flip, a plain bootstrap errs in .28 of cases for a nominal .05. So a scale with
ends has to be told: two further clusters, one at each end of `limits`, stand for what could have happened, and the
bounds are percentiles. The one-sided error is then at most .07, by enumeration over 50 to 500 problems, rates of 50 to
98 % and 3 to 20 % flips. A scale without ends, as the loss, gets the studentised bootstrap, which skewed values do not
mislead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics._arguments import Alternative, Side, finite, one_of_both_tails, tail, whole
from apr_core.statistics.intervals import Interval

LEAST_CLUSTERS = 30
RESAMPLES = 10_000
_CHUNK = 2_000_000  # cells of the (resamples, clusters) matrix held at a time: 16 MB
_TIE = 1e-9  # in standard errors

_Floats = NDArray[np.float64]
Clusters = Sequence[SupportsFloat | Sequence[SupportsFloat]]
"""One number per cluster, or one row of numbers per cluster; rows may differ in length."""


def bootstrap_interval(
    clusters: Clusters,
    *,
    limits: tuple[float, float] | None,
    seed: int,
    alpha: SupportsFloat = 0.05,
    side: Side = "two-sided",
    weights: Sequence[SupportsFloat] | None = None,
    resamples: int = RESAMPLES,
) -> Interval:
    """The bootstrap interval of the mean over clusters, each cluster counted by its mean (and its weight, if given).

    `limits` are the ends of the scale: (0, 1) for a rate, (-1, 1) for a difference of rates, None if it has none, as
    the loss. Without limits a bound is infinite where resampling cannot place it. Efron and Tibshirani 1993, sections
    12.5 (studentised) and 13.3 (percentile); Agresti and Caffo 2000 for the two added clusters.

    Raises `EvidenceError` for fewer than 30 clusters, an empty or non-finite one, a value outside the limits, or
    clusters that are all equal on a scale without limits; `UsageError` for an alpha that this number of resamples
    cannot resolve.
    """
    sample = _sample(clusters, weights, limits)
    low, high = pivotal_interval(sample.centre, sample.error, _pivots(sample, seed, resamples), alpha, side)
    least, most = map(float, limits or (-math.inf, math.inf))
    # The two clusters added at the limits pull the centre inwards, at most past the mean of a sample at the very end.
    return Interval(min(max(low, least), sample.mean), max(min(high, most), sample.mean))


def bootstrap_test(
    clusters: Clusters,
    line: SupportsFloat,
    alternative: Alternative = "greater",
    *,
    limits: tuple[float, float] | None,
    seed: int,
    weights: Sequence[SupportsFloat] | None = None,
    resamples: int = RESAMPLES,
) -> float:
    """The p-value of the mean over clusters against `line`, dual to `bootstrap_interval` with the same seed.

    It is never 0: the sample itself counts as one resample. Davison and Hinkley 1997, chapter 4. Raises as
    `bootstrap_interval` does.
    """
    line = finite("line", line)
    sample = _sample(clusters, weights, limits)
    return pivotal_test((sample.centre - line) / sample.error, _pivots(sample, seed, resamples), alternative)


def pivotal_interval(centre: float, error: float, pivots: _Floats, alpha: SupportsFloat, side: Side) -> Interval:
    """The bounds centre - t · error, with t the order statistics of the resampled pivots, (resamples,)."""
    rate = tail(alpha, side)
    rank = math.floor(rate * (len(pivots) + 1) + 1e-9)
    if rank < 1:
        raise UsageError(
            f"alpha is {alpha!r} and resamples is {len(pivots)}; a tail of {rate:g} needs at least "
            f"{math.ceil(1 / rate)} resamples. Raise either."
        )
    ordered = np.sort(pivots)
    low = -math.inf if side == "upper" else centre - float(ordered[-rank]) * error
    high = math.inf if side == "lower" else centre - float(ordered[rank - 1]) * error
    return Interval(low, high)


def pivotal_test(observed: float, pivots: _Floats, alternative: Alternative) -> float:
    """The p-value of an observed pivot among the resampled ones, (resamples,); it counts as one of them."""
    # Values of few levels tie often, and rounding must not decide ties: the slack counts them against the claim.
    greater = 1 + int((pivots >= observed - _TIE).sum())
    less = 1 + int((pivots <= observed + _TIE).sum())
    return one_of_both_tails(greater / (len(pivots) + 1), less / (len(pivots) + 1), alternative)


def paired_differences(candidate: Clusters, reference: Clusters) -> list[float]:
    """Candidate less reference per problem, each averaged over its own runs; both in the same order of problems.

    Raises `EvidenceError` when the two differ in length, or a problem is empty or not finite.
    """
    if len(candidate) != len(reference):
        raise EvidenceError(
            f"the candidate has {len(candidate)} problems and the reference {len(reference)}: a pair needs one of "
            "each. Match the two by problem, or judge them unpaired."
        )
    return [float(difference) for difference in _cluster_means(candidate) - _cluster_means(reference)]


def _cluster_means(clusters: Clusters) -> _Floats:
    """The mean of each cluster, (clusters,). Raises `EvidenceError` for one that is empty or not finite."""
    means = np.empty(len(clusters))
    for index, cluster in enumerate(clusters):
        row = np.atleast_1d(np.asarray(cluster, dtype=np.float64))
        if row.ndim != 1 or not row.size or not np.isfinite(row).all():
            raise EvidenceError(
                f"cluster {index} is {cluster!r}; allowed is a finite number or a row of at least one. Repair the "
                "record, or leave out the problem on both sides and say so."
            )
        means[index] = row.mean()
    return means


class _Sample(NamedTuple):
    mean: float
    """Of the clusters as given."""
    centre: float
    """Of the clusters with those at the limits added."""
    error: float
    weights: _Floats
    residuals: _Floats
    bounded: bool


def _sample(clusters: Clusters, weights: Sequence[SupportsFloat] | None, limits: tuple[float, float] | None) -> _Sample:
    values = _cluster_means(clusters)
    if len(values) < LEAST_CLUSTERS:
        raise EvidenceError(
            f"there are {len(values)} clusters: below {LEAST_CLUSTERS} a bootstrap is far from its nominal level. "
            "Gather more problems, or use an exact test."
        )
    weighting = _weights(weights, len(values))
    mean = float(np.average(values, weights=weighting))
    if limits is not None:
        values, weighting = _with_limits(values, weighting, limits)
    centre = float(np.average(values, weights=weighting))
    residuals = values - centre
    error = float(np.linalg.norm(weighting * residuals) / weighting.sum())
    if error <= 1e-14 * abs(centre):
        raise EvidenceError(
            f"all {len(residuals)} clusters are {centre:g}: resampling them shows no spread, which is not certainty. "
            "Give the limits of the scale, or gather finer values."
        )
    return _Sample(mean, centre, error, weighting, residuals, limits is not None)


def _weights(weights: Sequence[SupportsFloat] | None, clusters: int) -> _Floats:
    if weights is None:
        return np.ones(clusters)
    weighting = np.asarray(weights, dtype=np.float64)
    if weighting.shape != (clusters,) or not np.isfinite(weighting).all() or not (weighting > 0).all():
        raise EvidenceError(
            f"weights has shape {weighting.shape} for {clusters} clusters; allowed is one finite positive weight per "
            "cluster."
        )
    return weighting


def _with_limits(values: _Floats, weighting: _Floats, limits: tuple[float, float]) -> tuple[_Floats, _Floats]:
    least, most = (finite("limits", limit) for limit in limits)
    if not least < most:
        raise UsageError(f"limits is {limits!r}; allowed is a lower limit below an upper one. Correct the order.")
    if values.min() < least or values.max() > most:
        raise EvidenceError(
            f"the clusters reach from {values.min():g} to {values.max():g}, outside the limits {limits!r}. Give the "
            "true limits of the scale, or None if it has none."
        )
    typical = weighting.mean()
    return np.append(values, [least, most]), np.append(weighting, [typical, typical])


def _pivots(sample: _Sample, seed: int, resamples: int) -> _Floats:
    """What pivotal intervals and tests compare with, (resamples,), in standard errors.

    Studentised, (mean* - mean) / error*, infinite where a resample has no spread of its own. With limits its mirror
    image over the one error of the sample, which makes the pivotal bounds the percentiles.
    """
    w, r = sample.weights, sample.residuals
    moments = np.stack([w, w * r, (w * r) ** 2, w * w * r, w * w], axis=1)
    pivots = []
    for counts in _resample(len(r), whole("seed", seed), whole("resamples", resamples, least=1)):
        total, shift, square, cross, weight = (counts @ moments).T
        shift = shift / total
        if sample.bounded:
            pivots.append(-shift / sample.error)
            continue
        variance = square - 2 * shift * cross + shift * shift * weight
        spread = np.sqrt(np.where(variance > 1e-12 * square, variance, 0.0)) / total
        with np.errstate(divide="ignore"):
            pivots.append(shift / np.where((spread == 0) & (shift == 0), 1.0, spread))
    return np.concatenate(pivots)


def _resample(clusters: int, seed: int, resamples: int) -> Iterator[_Floats]:
    """How often each cluster is drawn, in chunks of shape (some resamples, clusters)."""
    generator = np.random.default_rng(seed)
    step = max(1, _CHUNK // clusters)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = generator.integers(clusters, size=(rows, clusters)) + np.arange(rows)[:, None] * clusters
        yield np.bincount(drawn.ravel(), minlength=rows * clusters).reshape(rows, clusters).astype(np.float64)
