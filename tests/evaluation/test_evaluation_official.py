"""Real completions with the verdicts that EvalPlus gave them: ours are the same. Needs the data beside the clone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apr_core.evaluation.benchmarks import load
from apr_core.evaluation.completions import prepared, read_completions
from apr_core.evaluation.evaluate import judge
from apr_core.evaluation.references import References
from apr_core.evaluation.result import SampleResult
from apr_core.evaluation.sandbox import Sandbox
from foreign import SHARED

DATA = SHARED / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the completions of real models are not beside this clone")

Found = dict[str, SampleResult]
SLOW = {"Mbpp/599", "Mbpp/300", "Mbpp/255", "Mbpp/271"}
"""Problems whose reference alone takes seconds or a gigabyte; `apr eval completions` on the whole file has them."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for both files."""
    with Sandbox(workers=2) as opened:
        yield opened


def evaluated(
    sandbox: Sandbox, run: str, benchmark: str, problems: Path, step: int
) -> tuple[Found, dict[str, dict[str, str]]]:
    """Our results of every `step`-th problem of a run, and the official ones."""
    folder = DATA / "completions" / run
    official = json.loads((folder / "official.json").read_text(encoding="utf-8"))["status"]
    known = {one.task_id: one for one in load(benchmark, DATA / problems).problems}
    chosen = [one for one in read_completions(folder / "completions.jsonl.gz").items if one.task_id not in SLOW][::step]
    references = References(sandbox)
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(
            lambda one: (
                one.task_id,
                judge(prepared(one, known[one.task_id].prompt), known[one.task_id], references),
            ),
            chosen,
        )
        return dict(results), official


def test_all_of_humaneval_agrees(sandbox: Sandbox) -> None:
    found, official = evaluated(
        sandbox, "qwen2.5-coder-7b-base/humaneval", "humaneval", Path("humaneval/HumanEval.jsonl.gz"), 1
    )
    assert {name: one.base for name, one in found.items()} == {
        name: verdict["base"] == "pass" for name, verdict in official.items()
    }
    assert sum(one.passed for one in found.values()) == 101
    assert {one.integrity for one in found.values()} == {"strong"}


def test_every_fifth_problem_of_mbpp_plus_agrees_on_base_and_plus(sandbox: Sandbox) -> None:
    found, official = evaluated(
        sandbox, "qwen2.5-coder-1.5b-base/mbpp", "mbpp+", Path("mbpp/MbppPlus-v0.1.0.jsonl.gz"), 5
    )
    assert len(found) >= 79
    assert {name: (one.base, one.base if one.plus is None else one.plus) for name, one in found.items()} == {
        name: (official[name]["base"] == "pass", official[name]["plus"] == "pass") for name in found
    }
