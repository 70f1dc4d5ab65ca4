"""Point estimates: pass@k and the standard error of a mean over clusters.

The one thing a reader would get wrong: `1 - (1 - c/n)**k` is not pass@k. It is biased, because it draws k completions
with replacement from a sample of n that was itself drawn once.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import SupportsFloat, SupportsIndex

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics._arguments import part_of, sample_size, whole

_CERTAIN = 40  # exp(-40) is below half a unit in the last place of 1.0


def pass_at_k(n: SupportsIndex, c: SupportsIndex, k: SupportsIndex) -> float:
    """The chance that k of n completions, drawn without replacement, hold at least one of the c that pass.

    It is 1 - C(n-c, k) / C(n, k), in whole numbers and rounded once, so that the result is the float nearest to the
    true ratio for every n. Chen et al. 2021, "Evaluating large language models trained on code", equation 1.

    Raises `UsageError` when k is not in 1..n or c not in 0..n, `EvidenceError` when n is 0.
    """
    n = sample_size("n", n)
    c, k = part_of("c", c, n), whole("k", k, least=1)
    if k > n:
        raise UsageError(
            f"k is {k} and n is {n}: pass@{k} needs at least {k} completions per problem. Sample more, or lower k."
        )
    # C(n-c, k) / C(n, k) is symmetric in c and k: each way it is a product of `fewer` factors below 1 - more/n.
    fewer, more = sorted((c, k))
    if fewer * more > _CERTAIN * n:
        return 1.0
    ways = math.perm(n, fewer)
    return (ways - math.perm(n - more, fewer)) / ways


def mean_pass_at_k(counts: Sequence[tuple[SupportsIndex, SupportsIndex]], k: SupportsIndex) -> float:
    """The mean of `pass_at_k` over problems; `counts` holds one (n, c) per problem, and n may differ between them.

    Raises `EvidenceError` when there is no problem; a problem with fewer than k completions is an error, never left
    out.
    """
    if not len(counts):
        raise EvidenceError(
            "counts is empty: pass@k over no problems is undefined; at least one (n, c) is needed. Gather evidence."
        )
    return math.fsum(pass_at_k(n, c, k) for n, c in counts) / len(counts)


def clustered_standard_error(values: Sequence[SupportsFloat], clusters: Sequence[Hashable]) -> float:
    """The standard error of the mean of `values` when those of one cluster (a problem, a document) are correlated.

    `values` and `clusters` are parallel, (values,). With one value per cluster it is the textbook s / sqrt(n); with G
    clusters the factor G / (G - 1) corrects for the estimated mean. Liang and Zeger 1986; Miller 2024, "Adding error
    bars to evals".

    Raises `EvidenceError` for fewer than two clusters, for a value that is not finite, or when the lengths differ.
    """
    numbers = [float(value) for value in values]
    if len(numbers) != len(clusters):
        raise EvidenceError(
            f"there are {len(numbers)} values and {len(clusters)} cluster names; each value needs exactly one. Match "
            "them."
        )
    if not all(map(math.isfinite, numbers)):
        raise EvidenceError("a value is not finite: a mean over it is not a number. Repair or leave out the record.")
    deviations: dict[Hashable, list[float]] = {}
    mean = math.fsum(numbers) / len(numbers) if numbers else 0.0
    for number, cluster in zip(numbers, clusters, strict=True):
        deviations.setdefault(cluster, []).append(number - mean)
    groups = len(deviations)
    if groups < 2:
        raise EvidenceError(f"there are {groups} clusters: a standard error needs at least 2. Gather more problems.")
    between_clusters = math.fsum(math.fsum(cluster) ** 2 for cluster in deviations.values())
    return math.sqrt(groups / (groups - 1) * between_clusters) / len(numbers)
