"""Preference pairs: which samples meet, which are one, which are left out, and where a pair says it comes from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apr_core.data.pairs import Sample, normal_form, pair
from apr_core.errors import UsageError
from apr_core.evaluation.assemble import assemble
from apr_core.evaluation.benchmarks import load
from apr_core.evaluation.completions import read_completions
from apr_core.evaluation.result import Evaluation, SampleResult, problem_result, totals

if TYPE_CHECKING:
    from data_command import Apr

pytest_plugins = ["data_command"]


def samples(
    *programs: tuple[str, bool], weak: frozenset[int] = frozenset(), failure: str = "wrong-answer"
) -> list[Sample]:
    return [
        Sample(number, f"text {number}", program, passed, "passed" if passed else failure, number in weak)
        for number, (program, passed) in enumerate(programs)
    ]


def numbers(found: Any) -> list[tuple[int, int]]:
    return [(one.chosen.sample, one.rejected.sample) for one in found.pairs]


# --- when two programs are one ---


@pytest.mark.parametrize(
    "other",
    [
        "def f( a,b ):\n\n    # adds\n    return (a+b)\n",
        'def f(a, b):\n    """Adds."""\n    return a + b',
        "def f(a, b): return a + b",
        "def f(a, b):\r\n\treturn a + b\r\n",
    ],
)
def test_comments_layout_and_docstrings_make_no_other_program(other: str) -> None:
    assert normal_form(other) == normal_form("def f(a, b):\n    return a + b\n")


@pytest.mark.parametrize(
    "other",
    [
        "def f(b, a):\n    return a + b",
        "def f(a, b):\n    return b + a",
        "def f(a, b):\n    'x'\n    'y'\n    return a + b",
    ],
)
def test_names_order_and_statements_do(other: str) -> None:
    assert normal_form(other) != normal_form("def f(a, b):\n    return a + b\n")


def test_what_python_cannot_parse_is_compared_as_text() -> None:
    assert normal_form("def f(:\n\n  x  \n") == normal_form("def f(:\n  x") == "def f(:\n  x"
    assert normal_form("x = '\\d'") == normal_form("x  =  '\\d'")  # a doubtful escape is no error
    deep = "(" * 5000 + ")" * 5000
    assert normal_form(deep) == deep
    assert normal_form("a\x00b") == "a\x00b"


# --- pairs ---


def test_every_passing_meets_every_failing_sample_of_its_problem_and_no_other() -> None:
    found = pair(
        {
            "a": samples(("x = 1", True), ("x = 2", False), ("x = 3", True), ("x = 4", False)),
            "b": samples(("x = 1", True), ("x = 5", True)),
            "c": samples(("x = 1", False)),
        }
    )
    assert [one.task_id for one in found.pairs] == ["a"] * 4
    assert numbers(found) == [(0, 1), (0, 3), (2, 1), (2, 3)]
    assert (found.problems, found.with_pairs, found.capped) == (3, 1, 0)
    assert found.one_sided == {"all passed": 1, "all failed": 1}
    assert found.left_out == {}


def test_equal_programs_count_once_and_one_that_passed_and_failed_not_at_all() -> None:
    found = pair(
        {"a": samples(("x = 1", True), ("x=1  # one", True), ("x = 2", False), ("x = 3", True), ("x  = 3", False))}
    )
    assert numbers(found) == [(0, 2)]
    assert found.left_out == {"duplicate": 1, "contradictory": 2}


def test_weak_samples_are_in_no_pair_unless_asked_for_and_infrastructure_errors_never() -> None:
    some = samples(("x = 1", True), ("x = 2", False), ("x = 3", True), weak=frozenset({2}))
    assert numbers(pair({"a": some})) == [(0, 1)]
    assert pair({"a": some}).left_out == {"weak": 1}
    assert numbers(pair({"a": some}, weak=True)) == [(0, 1), (2, 1)]
    broken = samples(("x = 1", True), ("x = 2", False), failure="infrastructure-error")
    assert pair({"a": broken}).left_out == {"infrastructure-error": 1}
    assert pair({"a": broken}).one_sided == {"all passed": 1}


def test_the_cap_draws_by_seed_and_problem_and_other_problems_change_nothing() -> None:
    many = samples(*((f"x = {k}", k % 2 == 0) for k in range(20)))
    every = set(numbers(pair({"a": many}, cap=100)))
    kept = pair({"a": many}, cap=7, seed=3)
    assert len(every) == 100
    assert len(set(numbers(kept))) == 7
    assert set(numbers(kept)) <= every
    assert kept.capped == 93
    assert numbers(kept) == numbers(pair({"a": many}, cap=7, seed=3))
    assert numbers(kept) != numbers(pair({"a": many}, cap=7, seed=4))
    both = pair({"b": many, "a": many}, cap=7, seed=3)
    by_problem = {name: [one for one in both.pairs if one.task_id == name] for name in "ab"}
    assert by_problem["a"] == list(kept.pairs)
    assert [one[1:] for one in by_problem["b"]] != [one[1:] for one in by_problem["a"]]
    with pytest.raises(UsageError, match="the cap is 0"):
        pair({"a": many}, cap=0)


# --- the command ---

GOOD, ALSO, BAD = (
    "def double(x):\n    return 2 * x\n",
    "def double(x):\n    return x + x\n",
    "def double(x):\n    return x\n",
)


@pytest.fixture
def evaluated(tmp_path: Path) -> dict[str, Path]:
    """A benchmark of one problem, four completions and the result of an evaluation, as `apr eval completions` writes it."""
    files = {name: tmp_path / f"{name}.jsonl" for name in ("problems", "completions")} | {
        "result": tmp_path / "result.json"
    }
    row = {
        "task_id": "own/1",
        "prompt": "Double a number.",
        "entry_point": "double",
        "tests": [{"args": [2], "expected": 4}],
    }
    files["problems"].write_text(json.dumps(row) + "\n")
    texts = [GOOD, BAD, f"Here it is:\n```python\n{ALSO}```\n", BAD + "# the same\n"]
    files["completions"].write_text(
        "".join(json.dumps({"task_id": "own/1", "completion": text}) + "\n" for text in texts)
    )
    benchmark, completions = load("plain", files["problems"]), read_completions(files["completions"])
    judged = []
    for number, text in enumerate(texts):
        program = assemble(benchmark.problems[0], text).program
        passed = number % 2 == 0
        judged.append(
            SampleResult.model_validate(
                {
                    "sample": number, "passed": passed, "base": passed, "class": "passed" if passed else "wrong-answer",
                    "program": hashlib.sha256(program.encode()).hexdigest(), "cpu_seconds": 0.01,
                }
            )
        )  # fmt: skip
    problems = (problem_result("own/1", judged),)
    result = Evaluation.model_validate(
        {
            "schema": "apr.evaluation/1",
            "benchmark": {"name": "plain", "digest": benchmark.digest},
            "completions": {"name": completions.name, "digest": completions.digest},
            "complete": True,
            "sandbox": {"version": "1", "level": "full", "layers": ()},
            "extraction": "1", "time": "2026-01-01T00:00:00+00:00", "totals": totals(problems), "problems": problems,
        }
    )  # fmt: skip
    files["result"].write_text(result.model_dump_json(by_alias=True))
    return files


def words(files: dict[str, Path], out: Path) -> tuple[str, ...]:
    given = ("--completions", str(files["completions"]), "--benchmark", "plain", "--problems", str(files["problems"]))
    return ("data", "pairs", str(files["result"]), *given, "-o", str(out))


def test_the_command_writes_rows_that_say_where_they_come_from(
    evaluated: dict[str, Path], tmp_path: Path, apr: Apr
) -> None:
    out = tmp_path / "pairs.jsonl"
    code, said, err = apr(*words(evaluated, out), "--json")
    assert code == 0, err
    found, rows = json.loads(said), [json.loads(line) for line in out.read_text().splitlines()]
    assert (found["pairs"], found["left_out"], found["capped"]) == (2, {"duplicate": 1}, 0)
    assert [row["prompt"] for row in rows] == ["Double a number."] * 2
    assert [row["chosen"] for row in rows] == [GOOD, f"Here it is:\n```python\n{ALSO}```\n"]
    assert {row["rejected"] for row in rows} == {BAD}
    origin = rows[1]["provenance"]
    assert (origin["task_id"], origin["chosen_sample"], origin["rejected_sample"]) == ("own/1", 2, 1)
    assert (origin["failure"], origin["integrity"]) == ("wrong-answer", "strong")
    assert origin["result"] == hashlib.sha256(evaluated["result"].read_bytes()).hexdigest()
    assert origin["completions"] == hashlib.sha256(evaluated["completions"].read_bytes()).hexdigest()
    assert origin["chosen_digest"] == hashlib.sha256(rows[1]["chosen"].encode()).hexdigest()
    code, said, _ = apr(*words(evaluated, out), "--per-problem", "1")
    assert said.splitlines()[0].startswith("1 pairs of 1 of 1 problems in ")
    assert "pairs left out by the cap: 1" in said


@pytest.mark.parametrize("changed", ["completions", "problems"])
def test_files_that_the_result_was_not_made_from_are_refused(
    evaluated: dict[str, Path], tmp_path: Path, apr: Apr, changed: str
) -> None:
    evaluated[changed].write_text(evaluated[changed].read_text().replace("a number", "one").replace("2 * x", "x * 2"))
    code, _, err = apr(*words(evaluated, tmp_path / "pairs.jsonl"))
    assert code == 2
    assert f"these are not the {changed} of the result" in err
    assert not (tmp_path / "pairs.jsonl").exists()


def test_a_program_that_is_not_the_one_judged_is_refused(evaluated: dict[str, Path], tmp_path: Path, apr: Apr) -> None:
    result = json.loads(evaluated["result"].read_text())
    result["problems"][0]["samples"][1]["program"] = "0" * 64
    evaluated["result"].write_text(json.dumps(result))
    code, _, err = apr(*words(evaluated, tmp_path / "pairs.jsonl"))
    assert code == 2
    assert "sample 1 of 'own/1' gives another program than the one that was judged" in err
