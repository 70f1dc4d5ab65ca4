"""Trying obligations: what refutes, what breaks, what is vacuous, and what reproduces."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.trial.result import Result
from apr_core.trial.session import Session, Settings

Write = Callable[[dict[str, str]], Path]

MODULE = """
import functools
import itertools
import numpy as np
calls = itertools.count()

def identity(x): return x
def moody(n): return next(calls) % 7 != 3
def forever(n):
    while True: pass
def raising(n):
    if n > 5: raise ValueError("too large")
    return n
def write(folder, n):
    (folder / "left.txt").write_text("x" * n)
    raise ValueError("no")
def save(folder, n): (folder / "out.bin").write_bytes(b"x" * n)
def grow(x):
    x.append(1)
    return x
def allocate(n): return np.zeros(n, dtype=np.uint8).max(initial=0)
def helper(n): return n
def calls_helper(n): return sum(helper(i) for i in range(n))
def table(n): return list(range(n))
def vandal(t): t[0] = 99; return t
def layer(n):
    import torch
    return torch.nn.Linear(n, 2)
def look(m): return m.weight.sum()
def train(m):
    m.weight.data.add_(1.0)
    return m
class Model:
    __slots__ = ("weight",)
    def __init__(self): self.weight = 1
    def __call__(self, n): return n * self.weight
def model(): return Model()
def use(m, n): return m(n)
def leaves(n):
    import sys
    sys.exit(0)
def skips(n):
    import pytest
    pytest.skip("not today")
def not_a_number(n): return float("nan")
_BUFFER = np.zeros(3)
def buffered(n):
    _BUFFER[:] = n
    return _BUFFER
def vector(a, b): return np.array([a, b])
def huge(n): return 2 ** 53 + n
@functools.lru_cache(None)
def cached(n): return np.zeros(1_000_000 + 0 * n)
def noisy(n):
    import random
    return random.random() < 0.5
"""


def judge(
    write: Write, obligation: str, inputs: str = "n: {integer: [0, 1000]}", extra: str = "", **settings: object
) -> Result:
    names = [line.split()[1].partition("(")[0] for line in MODULE.splitlines() if line.startswith("def ")]
    used = ", ".join(
        f'{name}: "toys:{name}"'
        for name in names
        if re.search(rf"\b{name}\b", obligation.replace("raises", "") + extra)
    )
    head = f"title: t\nversion: 1.0.0\nsubjects: {{{used}}}\ninputs: {{{inputs}}}\n{extra}\n"
    text = f"{head}obligations:\n  - {{id: X, claim: c., {obligation}}}\n"
    folder = write({"toys.py": MODULE, "contracts/toy.apr.yaml": text})
    return Session(folder, Settings(**settings)).judge("toy::X")  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def fresh_toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test imports its own `toys` module."""
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "toys", raising=False)


@pytest.mark.parametrize(
    ("obligation", "verdict", "shown"),
    [
        ("type: holds, check: identity(n) == n", "HELD", "100 cases"),
        ("type: holds, check: identity(n) < 500", "FALSIFIED", "identity(n) = 500"),
        ("type: holds, check: raising(n) >= 0", "FALSIFIED", "raised ValueError: too large"),
        ("type: holds, check: identity(n)", "ERROR", "not true or false"),
        ("type: holds, check: 'identity(n, n) == n'", "ERROR", "arguments that it does not take"),
        ("type: bound, value: identity(n), within: [0, 999]", "FALSIFIED", "1000"),
        ("type: bound, value: (n + 1) / (n - n), within: [0, 1]", "FALSIFIED", "inf"),
        ("type: equivalence, left: identity(n), right: n + 0.5, tolerance: {absolute: 0.4}", "FALSIFIED", "difference -0.5"),
        ("type: equivalence, left: identity(n), right: n + 0.5, tolerance: {absolute: 0.5}", "HELD", ""),
        ("type: monotone, value: 'identity(n) // 10', in: n, direction: increasing", "HELD", ""),
        ("type: monotone, value: 'identity(n) // 10', in: n, direction: increasing, strict: true", "FALSIFIED", "at n ="),
        ("type: monotone, value: 'identity(n) % 10', in: n, direction: increasing", "FALSIFIED", "at n ="),
        ("type: holds, check: identity(n) < 0, where: n > 2000", "ERROR", "VACUOUS"),
        ("type: holds, check: identity(n) >= 0, where: n > 985", "ERROR", "discarded"),
        ("type: holds, check: forever(n), limits: {seconds: 0.3}", "ERROR", "out of time"),
        ("type: holds, check: identity(m) == m, for_each: {m: '[1, 2, n]'}", "HELD", ""),
        ("type: holds, check: identity(m) < 3, for_each: {m: '[1, 2, 3 + 0 * n]'}", "FALSIFIED", "m"),
        ("type: holds, check: a + b == 3 * n, let: {'a, b': '(identity(n), 2 * n)'}", "HELD", ""),
        ("type: cost, run: calls_helper(n), measure: calls, of: helper, at_most: n", "HELD", ""),
        ("type: cost, run: calls_helper(n), measure: calls, of: helper, at_most: n - 1", "FALSIFIED", "calls of helper"),
        ("type: cost, run: allocate(1000 * n), measure: peak_bytes, at_most: 1000 * n + 20000", "HELD", ""),
        ("type: cost, run: allocate(1000 * n), measure: peak_bytes, at_most: 500 * n + 20000", "FALSIFIED", "peak bytes"),
        ("type: rejection, run: raising(n + 6), raises: ValueError, message: large", "HELD", ""),
        ("type: rejection, run: raising(n + 6), raises: KeyError", "FALSIFIED", "it raised ValueError"),
        ("type: rejection, run: raising(n + 6), raises: Exception, message: small", "FALSIFIED", "too large"),
        ("type: rejection, run: raising(n), raises: ValueError", "FALSIFIED", "it returned 0"),
        ("template: idempotence, function: identity, of: n, tolerance: {exact: true}", "HELD", ""),
        ("template: roundtrip, forward: identity, backward: _ + 1, of: n, tolerance: {exact: true}", "FALSIFIED", "1 and 0"),
    ],
)  # fmt: skip
def test_each_type_holds_and_falls_where_it_must(project: Write, obligation: str, verdict: str, shown: str) -> None:
    result = judge(project, obligation)
    assert result.verdict.value == verdict, result.reason
    text = f"{result.reason} {result.observed} {result.expected} {result.counterexample}"
    assert shown in text


@pytest.mark.parametrize(
    ("obligation", "inputs", "verdict"),
    [
        ("type: holds, check: leaves(n) == 1", "", "FALSIFIED"),
        ("type: holds, check: skips(n) == 1", "", "FALSIFIED"),
        ("type: rejection, run: leaves(n), raises: SystemExit", "", "HELD"),
        ("type: holds, check: not_a_number(n) != 3", "", "FALSIFIED"),
        ("type: holds, check: not_a_number(n) != 3, nonfinite: allowed", "", "HELD"),
        ("type: holds, check: n != 0, for_each: {k: '[0, 1, 2]'}, where: n != k", "n: {integer: [0, 9]}", "FALSIFIED"),
        ("type: monotone, let: {y: 0 - n}, value: y + 0 * n, in: n, direction: increasing", "", "FALSIFIED"),
        ("type: monotone, where: n >= 0, value: n * n, in: n, direction: increasing", "n: {integer: [-9, 9]}", "HELD"),
        ("type: monotone, value: huge(n), in: n, direction: increasing, strict: true", "", "HELD"),
        ("type: equivalence, left: n, right: n + 1, tolerance: {absolute: not_a_number(n)}", "", "ERROR"),
        ("type: equivalence, left: buffered(n), right: buffered(n + 1), tolerance: {absolute: 0.0}", "", "FALSIFIED"),
        ("type: equivalence, left: huge(n), right: huge(n + 1), tolerance: {absolute: 0.0}", "", "FALSIFIED"),
        ("type: equivalence, left: 'vector(1e-200 + 0 * n, 0)', right: 'vector(0, 1e-200)', tolerance: {cosine: 0.01}", "",
         "FALSIFIED"),
        ("type: bound, value: huge(1 + 0 * n), within: [0, 9007199254740992]", "", "FALSIFIED"),
        ("type: cost, run: calls_helper(n), measure: calls, of: helper, at_most: not_a_number(n)", "", "FALSIFIED"),
        # A memoised subject costs once and then nothing: not HELD, but nothing that reproduces either.
        ("type: cost, run: cached(n), measure: peak_bytes, at_most: 1000", "", "ERROR"),
        ("type: cost, run: raising(n + 6), measure: calls, of: raising, at_most: 1", "", "FALSIFIED"),
        ("type: holds, check: noisy(n) or not noisy(n), cases: exhaustive", "n: {integer: [0, 9]}", "HELD"),
    ],
)  # fmt: skip
def test_what_an_adversary_planted(project: Write, obligation: str, inputs: str, verdict: str) -> None:
    """Each of these came out otherwise once."""
    result = judge(project, obligation, inputs or "n: {integer: [0, 1000]}")
    assert result.verdict.value == verdict, result.reason


def test_an_object_without_a_digest_is_not_changed_by_being_read(project: Write) -> None:
    extra = "setup: {m: model()}"
    result = judge(project, "type: holds, check: 'use(m, n) == n'", extra=extra)
    assert result.verdict.value == "HELD", result.reason


def test_a_frame_sees_what_a_call_changes(project: Write) -> None:
    inputs = "x: {list: {integer: [0, 9]}, size: [1, 5]}"
    assert (
        judge(
            project, "type: frame, run: grow(x), changed: [x], check: len(x) == len(before(x)) + 1", inputs
        ).verdict.value
        == "HELD"
    )
    result = judge(project, "type: frame, run: grow(x), unchanged: [x]", inputs)
    assert result.verdict.value == "FALSIFIED"
    assert "it was [0] and is [0, 1]" in str(result.observed)


def test_a_frame_sees_what_happens_below_a_folder(project: Write) -> None:
    inputs = "n: {integer: [1, 9]}, d: {workdir: empty}"
    assert judge(project, "type: frame, run: 'save(d, n)', changed: [d]", inputs).verdict.value == "HELD"
    result = judge(project, "type: frame, run: 'save(d, n)', unchanged: [d]", inputs)
    assert result.verdict.value == "FALSIFIED"


def test_a_frame_sees_what_happens_inside_a_module(project: Write) -> None:
    """A torch module is digested by its state, so that "the base stays frozen" can be claimed of one."""
    assert importlib.util.find_spec("torch"), "the tests need torch: sh .ci/setup tests"
    inputs = "n: {integer: [1, 9]}"
    let = "let: {m: layer(n)}"
    assert judge(project, f"type: frame, {let}, run: look(m), unchanged: [m]", inputs).verdict.value == "HELD"
    result = judge(project, f"type: frame, {let}, run: train(m), unchanged: [m]", inputs)
    assert result.verdict.value == "FALSIFIED"


def test_what_a_refused_call_leaves_behind_refutes(project: Write) -> None:
    inputs = "n: {integer: [0, 9]}, d: {workdir: empty}"
    obligation = "type: rejection, run: 'write(d, n)', raises: ValueError"
    assert judge(project, obligation, inputs).verdict.value == "HELD"
    result = judge(project, f"{obligation}, leaves_nothing_in: d", inputs)
    assert result.verdict.value == "FALSIFIED"
    assert "left.txt" in str(result.observed)


def test_bytes_written_are_counted_in_the_workdir(project: Write) -> None:
    inputs = "n: {integer: [1, 900]}, d: {workdir: empty}"
    cost = "type: cost, run: 'save(d, n)', measure: bytes_written, at_most:"
    assert judge(project, f"{cost} n", inputs).verdict.value == "HELD"
    assert judge(project, f"{cost} n - 1", inputs).verdict.value == "FALSIFIED"


def test_a_refutation_that_does_not_reproduce_is_an_error(project: Write) -> None:
    result = judge(project, "type: holds, check: moody(n)")
    assert result.verdict.value == "ERROR"
    assert result.reason.startswith("flaky")


def test_a_setup_object_is_shared_and_a_subject_that_changes_it_is_caught(project: Write) -> None:
    extra = "setup: {big: table(1000)}"
    held = judge(project, "type: holds, check: identity(big) == big and n >= 0", extra=extra)
    assert held.verdict.value == "HELD", held.reason
    fallen = judge(project, "type: holds, check: len(vandal(big)) == 1000 and n >= 0", extra=extra)
    assert fallen.verdict.value == "FALSIFIED"
    assert "setup object big" in str(fallen.expected)


def test_exhaustive_cases_are_all_of_them(project: Write) -> None:
    inputs = "n: {integer: [0, 9]}, b: {boolean: any}"
    result = judge(project, "type: holds, check: identity(n) + b >= 0, cases: exhaustive", inputs)
    assert (result.verdict.value, result.n) == ("HELD", 20)


def test_another_seed_draws_other_cases_and_the_same_seed_the_same(project: Write) -> None:
    inputs = "r: {real: [0.0, 1.0]}"
    checks = [
        judge(project, "type: holds, check: identity(r) < 0.9", inputs, seed=seed, database=False) for seed in (1, 1, 2)
    ]
    assert all(result.verdict.value == "FALSIFIED" for result in checks)
    assert checks[0].counterexample == checks[1].counterexample


def test_more_cases_are_tried_when_asked_for(project: Write) -> None:
    result = judge(project, "type: holds, check: identity(n) >= 0", "n: {integer: [0, 1000000]}", cases=2000)
    assert result.n == 2000


def test_a_stored_counterexample_is_tried_first(project: Write) -> None:
    """Found once with many cases, it is found again with a single one and another seed."""
    obligation, inputs = "type: holds, check: identity(n) % 97 != 13", "n: {integer: [0, 1000000]}"
    found = judge(project, obligation, inputs, cases=2000)
    assert found.verdict.value == "FALSIFIED"
    assert judge(project, obligation, inputs, cases=1, seed=5, database=False).verdict.value == "HELD"
    again = judge(project, obligation, inputs, cases=1, seed=5)
    assert (again.verdict.value, again.counterexample) == ("FALSIFIED", found.counterexample)


def test_random_numbers_without_a_seed_do_not_make_a_run_flaky(project: Write) -> None:
    """Hypothesis seeds `random` for every case, so a subject that uses it is refuted reproducibly."""
    result = judge(project, "type: holds, check: noisy(n)")
    assert result.verdict.value == "FALSIFIED"


def test_a_check_may_be_a_comparison_with_none(project: Write) -> None:
    checks = {"f(x) is None": "HELD", "f(x) is not None": "FALSIFIED", "x is not None": "HELD", "f(x) == None": "HELD"}
    claims = "".join(
        f"  - {{id: C{number}, type: holds, claim: c, check: {check}}}\n" for number, check in enumerate(checks)
    )
    root = project(
        {
            "gives_nothing.py": "def f(x):\n    return None\n",
            "a.apr.yaml": "title: t\nversion: 1.0.0\nsubjects: {f: gives_nothing:f}\ninputs: {x: {integer: [0, 3]}}\n"
            f"obligations:\n{claims}",
        }
    )
    session = Session(root, Settings(database=False))
    assert [session.judge(f"a::C{number}").outcome for number in range(len(checks))] == list(checks.values())
