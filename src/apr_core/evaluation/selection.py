"""Many samples per problem: how many differ, pass@k with its intervals, and what choosing one of N gains.

The one thing a reader would get wrong: the best of N by the tests is no method, it is the oracle. A selector here is given
candidates, which have no verdict; the tests' verdicts are joined to its choice afterwards. What it did know (outputs on some
inputs, log-probabilities) is stated with every result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apr_core.errors import EvidenceError, UsageError, did_you_mean
from apr_core.statistics import Interval, bootstrap_interval, pass_at_k, wilson
from apr_core.statistics.bootstrap import LEAST_CLUSTERS

# --- best of N ---


class Candidate(NamedTuple):
    """A sample as a selector sees it: without its verdict."""

    sample: int
    outputs: tuple[str | None, ...] | None = None
    """What the program returned for each given input, encoded; None for an input on which it did not return."""
    logprob: float | None = None
    """Sum over the generated tokens, in nats."""
    tokens: int | None = None
    """Generated."""


class Choice(NamedTuple):
    """What a selector chose, and how sure it could be."""

    sample: int
    agreeing: int
    """Samples with the same outputs, itself included; 1 where outputs are not looked at."""
    tied: int
    """Samples that were as good until the tie was broken, itself included."""


def by_agreement(candidates: Sequence[Candidate]) -> Choice:
    """A sample of the largest cluster of equal outputs.

    Two samples agree when their outputs are equal on every input; not returning equals not returning. A program that returned
    nothing at all agrees with nobody: many ways to crash are no vote for crashing. Ties, also between clusters, go to the
    higher log-probability where every tied sample has one, then to the lower sample number. Li et al. 2022, "Competition-level
    code generation with AlphaCode", section 4.6; Shi et al. 2022, "Natural language to code translation with execution".

    Raises:
        EvidenceError: a sample has no outputs, or the samples were given other numbers of inputs.
    """
    _demand(candidates)
    lengths = {len(one.outputs) if one.outputs is not None else 0 for one in candidates}
    if lengths == {0} or len(lengths) > 1:
        raise EvidenceError(
            f"the samples have outputs on {', '.join(map(str, sorted(lengths)))} inputs; agreement needs those of every sample "
            "on the same inputs, at least one. Run every sample on the given inputs."
        )
    clusters: dict[Hashable, list[Candidate]] = {}
    for one in candidates:
        assert one.outputs is not None
        silent = all(output is None for output in one.outputs)
        clusters.setdefault(one.sample if silent else one.outputs, []).append(one)
    voting = {key: some for key, some in clusters.items() if isinstance(key, tuple)} or clusters
    most = max(map(len, voting.values()))
    tied = [one for some in voting.values() if len(some) == most for one in some]
    return Choice(_break_tie(tied).sample, most, len(tied))


def by_logprob(candidates: Sequence[Candidate]) -> Choice:
    """The sample of the highest log-probability, summed over its tokens. It favours short completions."""
    return _highest(candidates, lambda one: one.logprob)


def by_mean_logprob(candidates: Sequence[Candidate]) -> Choice:
    """The sample of the highest log-probability per token. It favours long completions that repeat themselves."""
    return _highest(
        candidates, lambda one: one.logprob / one.tokens if one.logprob is not None and one.tokens else None
    )


def _highest(candidates: Sequence[Candidate], value: Callable[[Candidate], float | None]) -> Choice:
    _demand(candidates)
    values: dict[int, float] = {}
    for one in candidates:
        found = value(one)
        if found is None or not math.isfinite(found):
            raise EvidenceError(
                f"sample {one.sample} has the log-probability {one.logprob} over {one.tokens} tokens; a finite one is needed for "
                "every sample. Draw the samples with a backend that gives them, or choose by agreement."
            )
        values[one.sample] = found
    best = max(values.values())
    tied = [sample for sample, found in values.items() if found == best]
    return Choice(min(tied), 1, len(tied))


def _break_tie(tied: Sequence[Candidate]) -> Candidate:
    if not all(one.logprob is not None and math.isfinite(one.logprob) for one in tied):
        return min(tied, key=lambda one: one.sample)
    return min(tied, key=lambda one: (-(one.logprob or 0.0), one.sample))


def _demand(candidates: Sequence[Candidate]) -> None:
    numbers = [one.sample for one in candidates]
    if not numbers or len(set(numbers)) < len(numbers):
        raise EvidenceError(f"the samples are numbered {numbers}; at least one, and each number once, is needed.")


class Method(NamedTuple):
    """A row of the table of selectors."""

    choose: Callable[[Sequence[Candidate]], Choice]
    knows: str
    """What it is told, in a sentence."""


METHODS: dict[str, Method] = {
    "agreement": Method(
        by_agreement,
        "the outputs of each sample on the given inputs, and log-probabilities to break ties; no expected output, no verdict",
    ),
    "logprob": Method(by_logprob, "the summed log-probability of each sample; nothing was run"),
    "mean-logprob": Method(by_mean_logprob, "the log-probability per token of each sample; nothing was run"),
}
"""Name → selector."""


def best_of(
    method: str,
    outputs: Sequence[Sequence[str | None]] | None = None,
    logprobs: Sequence[float | None] | None = None,
    tokens: Sequence[int] | None = None,
) -> int:
    """The number of the sample that `method` chooses, from parallel lists over the samples of one problem, (samples,).

    Raises:
        UsageError: there is no such method.
        EvidenceError: what the method needs is not there for every sample, or the lists differ in length.
    """
    given = [one for one in (outputs, logprobs, tokens) if one is not None]
    if len({len(one) for one in given}) != 1:
        raise EvidenceError(
            f"the lists have {[len(one) for one in given]} samples; at least one list, all of one length."
        )
    candidates = [
        Candidate(
            number,
            None if outputs is None else tuple(outputs[number]),
            None if logprobs is None else logprobs[number],
            None if tokens is None else tokens[number],
        )
        for number in range(len(given[0]))
    ]
    return _method(method).choose(candidates).sample


def _method(name: str) -> Method:
    if name not in METHODS:
        raise UsageError(f"there is no method {name!r}; there are {', '.join(METHODS)}.{did_you_mean(name, METHODS)}")
    return METHODS[name]


@dataclass(frozen=True, slots=True)
class Selection:
    """One of N chosen per problem, between choosing at random and choosing by the tests."""

    method: str
    knows: str
    inputs: str
    """Where the inputs came from on which samples were run; empty for a method that runs nothing."""
    choices: Mapping[str, Choice]
    chosen: float
    """pass@1 of what was chosen."""
    random: float
    """Mean pass rate: what a choice by lot passes on average."""
    oracle: float
    """Share of problems of which some sample passes: what no choice can exceed."""
    gain: float
    """`chosen` less `random`."""
    interval: Interval | None
    """Of the gain, by bootstrap over problems; None for fewer than 30 problems."""


def select(
    candidates: Mapping[str, Sequence[Candidate]],
    passed: Mapping[str, Mapping[int, bool]],
    method: str,
    *,
    inputs: str = "",
    alpha: float = 0.05,
    seed: int = 0,
) -> Selection:
    """Chooses by `method` for every problem, then looks up whether the choices passed (`passed`: id → sample → verdict).

    Raises:
        UsageError: there is no such method, or outputs are looked at and `inputs` does not say of what.
        EvidenceError: there are no problems, or candidates and verdicts are not of the same samples.
    """
    row = _method(method)
    if method == "agreement" and not inputs:
        raise UsageError(
            "choosing by agreement must say where the inputs came from: a reader has to know what was known."
        )
    if not candidates or candidates.keys() != passed.keys():
        raise EvidenceError(
            f"there are candidates for {len(candidates)} problems and verdicts for {len(passed)}; the same ones are needed."
        )
    choices = {name: row.choose(some) for name, some in candidates.items()}
    for name, some in candidates.items():
        if {one.sample for one in some} != passed[name].keys():
            raise EvidenceError(
                f"{name!r} has candidates and verdicts of other samples; each sample needs one of each."
            )
    chosen = {name: float(passed[name][choice.sample]) for name, choice in choices.items()}
    random = {name: sum(verdicts.values()) / len(verdicts) for name, verdicts in passed.items()}
    gains = [chosen[name] - random[name] for name in choices]
    enough = len(gains) >= LEAST_CLUSTERS
    return Selection(
        method=method,
        knows=row.knows,
        inputs=inputs,
        choices=choices,
        chosen=_mean(chosen.values()),
        random=_mean(random.values()),
        oracle=_mean(float(any(verdicts.values())) for verdicts in passed.values()),
        gain=_mean(gains),
        interval=bootstrap_interval(gains, limits=(-1, 1), seed=seed, alpha=alpha) if enough else None,
    )


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return math.fsum(numbers) / len(numbers)


# --- N samples ---


class Estimate(NamedTuple):
    """pass@k over problems."""

    k: int
    value: float
    interval: Interval | None
    """Wilson's where every problem has one sample, else by bootstrap over problems; None for fewer than 30 of them."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """What N samples per problem show."""

    problems: int
    samples: int
    """Of the problem that has fewest."""
    distinct: Mapping[str, int]
    """Different completions per problem."""
    least_distinct: int
    mean_distinct: float
    estimates: tuple[Estimate, ...]
    """k = 1 to `samples`."""


def sampling(
    problems: Mapping[str, Sequence[tuple[bool, str]]], *, most: int | None = None, alpha: float = 0.05, seed: int = 0
) -> Sampling:
    """The table of samples, each a verdict and what tells completions apart (a digest, or the text itself).

    `most` is the largest k. One seed serves all k, so that neighbouring rows are drawn from the same problems.

    Raises:
        EvidenceError: there is no problem, or one has no sample.
        UsageError: a problem has fewer than `most` samples.
    """
    if not problems or not all(problems.values()):
        empty = next((name for name, samples in problems.items() if not samples), None)
        what = "there are no problems" if empty is None else f"{empty!r} has no sample"
        raise EvidenceError(f"{what}; at least one is needed.")
    fewest = min(map(len, problems.values()))
    if most is not None and not 1 <= most <= fewest:
        raise UsageError(
            f"pass@{most} needs {most} samples of every problem, and one has {fewest}. Ask for k from 1 to {fewest}."
        )
    counts = [(len(samples), sum(passed for passed, _ in samples)) for samples in problems.values()]
    distinct = {name: len({key for _, key in samples}) for name, samples in problems.items()}
    return Sampling(
        problems=len(problems),
        samples=fewest,
        distinct=distinct,
        least_distinct=min(distinct.values()),
        mean_distinct=_mean(distinct.values()),
        estimates=tuple(_estimate(counts, k, alpha, seed) for k in range(1, (most or fewest) + 1)),
    )


def _estimate(counts: Sequence[tuple[int, int]], k: int, alpha: float, seed: int) -> Estimate:
    values = [pass_at_k(n, c, k) for n, c in counts]
    if all(n == 1 for n, _ in counts):
        return Estimate(k, _mean(values), wilson(sum(c for _, c in counts), len(counts), alpha))
    enough = len(values) >= LEAST_CLUSTERS
    interval = bootstrap_interval(values, limits=(0, 1), seed=seed, alpha=alpha) if enough else None
    return Estimate(k, _mean(values), interval)
