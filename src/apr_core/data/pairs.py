"""Preference pairs from an evaluation: every passing with every failing sample of a problem, each with where it comes from.

The one thing a reader would get wrong: two samples are the same when their programs are, not their texts. Comments, layout and
docstrings do not count; a program that both passed and failed shows a test that is not deterministic, and is in no pair.
"""

from __future__ import annotations

import ast
import random
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from apr_core.errors import UsageError
from apr_core.files import digest_bytes

CAP = 16
"""Pairs per problem unless the caller says otherwise: so a problem with many samples does not outweigh the others."""
NO_FAULT = frozenset({"infrastructure-error"})
"""Failure classes that say nothing about the program, so that nobody should learn to avoid it."""


class Sample(NamedTuple):
    """A judged completion."""

    sample: int
    text: str
    """What the model wrote."""
    program: str
    """What ran."""
    passed: bool
    failure: str
    """The failure class; meaningless when it passed."""
    weak: bool = False
    """Judged in the program's own process."""


class Pair(NamedTuple):
    """A passing and a failing sample of one problem."""

    task_id: str
    chosen: Sample
    rejected: Sample


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs, and what became of every sample that is in none."""

    pairs: tuple[Pair, ...]
    problems: int
    with_pairs: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Reason → samples: `weak`, `infrastructure-error`, `duplicate`, `contradictory`."""
    one_sided: Mapping[str, int] = field(default_factory=dict)
    """`all passed`, `all failed`, `nothing left` → problems without a pair."""
    capped: int = 0
    """Pairs that the cap left out."""


def normal_form(program: str) -> str:
    """What two equal programs have in common: the syntax tree without docstrings, written out by Python.

    What Python cannot parse is its own text without blank lines and space at the ends of lines.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a doubtful escape in somebody's program
        try:
            return ast.unparse(_without_docstrings(ast.parse(program)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return "\n".join(line.rstrip() for line in program.splitlines() if line.strip())


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def pair(problems: Mapping[str, Sequence[Sample]], *, cap: int = CAP, seed: int = 0, weak: bool = False) -> Pairs:
    """Every passing with every failing sample of each problem, at most `cap` pairs of one.

    Of equal programs the first sample stands for all. Which pairs the cap keeps is drawn with `seed` and the id of the
    problem, so other problems in the file change nothing. Samples judged `weak` are in none unless `weak` says so.

    Raises:
        UsageError: `cap` is below 1.
    """
    if cap < 1:
        raise UsageError(f"the cap is {cap}; at least one pair per problem is needed.")
    left_out: Counter[str] = Counter()
    one_sided: Counter[str] = Counter()
    pairs: list[Pair] = []
    with_pairs = capped = 0
    for task_id, samples in problems.items():
        usable = _usable(samples, weak, left_out)
        passed, failed = _distinct(usable, left_out)
        every = [Pair(task_id, chosen, rejected) for chosen in passed for rejected in failed]
        kept = _drawn(every, cap, f"{seed}:{task_id}")
        pairs += kept
        capped += len(every) - len(kept)
        with_pairs += bool(kept)
        if not every:
            one_sided["all passed" if passed else "all failed" if failed else "nothing left"] += 1
    return Pairs(tuple(pairs), len(problems), with_pairs, dict(+left_out), dict(one_sided), capped)


def _usable(samples: Iterable[Sample], weak: bool, left_out: Counter[str]) -> list[Sample]:
    found = []
    for one in samples:
        reason = "weak" if one.weak and not weak else one.failure if not one.passed and one.failure in NO_FAULT else ""
        if reason:
            left_out[reason] += 1
        else:
            found.append(one)
    return found


def _distinct(samples: Sequence[Sample], left_out: Counter[str]) -> tuple[list[Sample], list[Sample]]:
    """Passing and failing samples of different programs."""
    forms: dict[str, list[Sample]] = {}
    for one in samples:
        forms.setdefault(normal_form(one.program), []).append(one)
    found: list[Sample] = []
    for same in forms.values():
        if len({one.passed for one in same}) > 1:
            left_out["contradictory"] += len(same)
        else:
            found.append(same[0])
            left_out["duplicate"] += len(same) - 1
    return [one for one in found if one.passed], [one for one in found if not one.passed]


def _drawn(pairs: Sequence[Pair], cap: int, seed: str) -> list[Pair]:
    if len(pairs) <= cap:
        return list(pairs)
    kept = sorted(random.Random(seed).sample(range(len(pairs)), cap))
    return [pairs[index] for index in kept]


def rows(found: Pairs, prompts: Mapping[str, str], sources: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """The pairs as rows of a JSONL file: `prompt`, `chosen`, `rejected` as preference trainers read them, and `provenance`.

    `sources` are the digests of the files that the pairs come from.

    """
    for task_id, chosen, rejected in found.pairs:
        yield {
            "prompt": prompts[task_id],
            "chosen": chosen.text,
            "rejected": rejected.text,
            "provenance": {
                "task_id": task_id,
                "chosen_sample": chosen.sample,
                "rejected_sample": rejected.sample,
                "failure": rejected.failure,
                "integrity": "weak" if chosen.weak or rejected.weak else "strong",
                "chosen_digest": digest_bytes(chosen.text.encode("utf-8", "surrogatepass")),
                "rejected_digest": digest_bytes(rejected.text.encode("utf-8", "surrogatepass")),
                **sources,
            },
        }
