"""What programs return on given inputs, and the commands that look at several samples and several results."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apr_core.errors import UsageError
from apr_core.evaluation.assemble import assemble
from apr_core.evaluation.benchmarks import load
from apr_core.evaluation.completions import read_completions
from apr_core.evaluation.outputs import asking, canonical, outputs_of
from apr_core.evaluation.problem import Assertions, Calls, Problem
from apr_core.evaluation.result import SampleResult, problem_result, totals
from apr_core.evaluation.sandbox import Sandbox
from apr_core.evaluation.sandbox.codec import encode
from apr_core.evidence.ledger import Ledger
from apr_core.statistics import mcnemar_exact

if TYPE_CHECKING:
    from analyses_models import Apr

pytest_plugins = ["analyses_models"]


def a_problem(*inputs: tuple[Any, ...]) -> Problem:
    return Problem("a", "", "f", "", {"base": Calls(inputs, tuple(0 for _ in inputs)), "plus": Calls(((9,),), (0,))})


def test_programs_are_asked_for_outputs_and_told_nothing_of_what_is_right() -> None:
    asked = asking(a_problem((1,), (2,), (3,)), 2)
    assert [(one.inputs, one.expected) for one in asked.tests.values() if isinstance(one, Calls)] == [
        (((1,),), None), (((2,),), None),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="its base tests are Assertions"):
        asking(Problem("a", "", "f", "", {"base": Assertions(("assert f() == 1",))}), 2)


def test_outputs_are_data_and_none_where_there_are_none() -> None:
    asked = asking(a_problem((1,), (2,)), 8)
    programs = {
        "ordered": "def f(x): return {'b': {str(x), 'c'}, 'a': (x,)}",
        "in another order": "def f(x): return {'a': (x,), 'b': {'c', str(x)}}",
        "none is an output": "def f(x): return None",
        "raises once": "def f(x):\n    if x == 2: raise ValueError\n    return 7",
        "no data": "def f(x): return object()",
        "no program": "def f(:",
        "leaves": "import os\nos._exit(0)",
    }
    with Sandbox() as sandbox:
        found = {name: outputs_of(program, asked, sandbox) for name, program in programs.items()}
    assert None not in found["ordered"] and len(set(found["ordered"])) == 2
    assert found["ordered"] == found["in another order"]
    assert found["none is an output"] == ("null", "null")
    assert found["raises once"] == ("7", None)
    assert found["no data"] == found["no program"] == found["leaves"] == (None, None)


def test_the_form_of_equal_values_is_one_and_of_unequal_ones_is_not() -> None:
    one, other = {"x": [{1, 2}, {"a": 1, "b": 2}], "y": 1}, {"y": 1, "x": [{2, 1}, {"b": 2, "a": 1}]}
    assert canonical(encode(one)) == canonical(encode(other))
    unequal = (
        ([1, 2], [2, 1]),
        ({"a": 1}, {1: "a"}),
        ((1,), [1]),
        ({1, 2}, {1, 3}),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
    )
    for left, right in unequal:
        assert canonical(encode(left)) != canonical(encode(right))


# --- the commands ---

TWICE, ADDED, SAME, BROKEN = "2 * x", "x + x", "x", "1 / 0"


@pytest.fixture
def evaluated(tmp_path: Path) -> dict[str, Path]:
    """Two problems, four samples of each with log-probabilities, and the result of an evaluation."""
    files = {name: tmp_path / f"{name}.jsonl" for name in ("problems", "completions")} | {"result": tmp_path / "a.json"}
    rows = [
        {"task_id": f"own/{k}", "prompt": "Double it.", "entry_point": "f", "tests": [{"args": [k], "expected": 2 * k}]}
        for k in (3, 5)
    ]
    files["problems"].write_text("".join(json.dumps(row) + "\n" for row in rows))
    bodies = {"own/3": (SAME, TWICE, ADDED, BROKEN), "own/5": (SAME, TWICE, SAME, BROKEN)}
    completions = [
        {"task_id": name, "completion": f"def f(x):\n    return {body}\n", "logprob": -4.0 - k, "tokens_generated": 9}
        for name, some in bodies.items() for k, body in enumerate(some)
    ]  # fmt: skip
    files["completions"].write_text("".join(json.dumps(one) + "\n" for one in completions))
    passed = {name: [body in (TWICE, ADDED) for body in some] for name, some in bodies.items()}
    files["result"].write_text(json.dumps(a_result(files, passed)))
    return files


def a_result(files: dict[str, Path], passed: dict[str, list[bool]]) -> dict[str, Any]:
    benchmark, completions = load("plain", files["problems"]), read_completions(files["completions"])
    known = {problem.task_id: problem for problem in benchmark.problems}
    judged: dict[str, list[SampleResult]] = {name: [] for name in passed}
    for one in completions.items:
        good = passed[one.task_id][one.sample]
        program = assemble(known[one.task_id], one.text).program
        fields = {
            "sample": one.sample, "passed": good, "base": good, "class": "passed" if good else "wrong-answer",
            "program": hashlib.sha256(program.encode()).hexdigest(), "cpu_seconds": 0.01,
        }  # fmt: skip
        judged[one.task_id].append(SampleResult.model_validate(fields))
    problems = [problem_result(name, some) for name, some in judged.items()]
    return {
        "schema": "apr.evaluation/1", "complete": True, "extraction": "1", "time": "2026-01-01T00:00:00+00:00",
        "benchmark": {"name": "plain", "digest": benchmark.digest},
        "completions": {"name": completions.name, "digest": completions.digest},
        "sandbox": {"version": "1", "level": "full", "layers": []},
        "totals": totals(problems).model_dump(mode="json"),
        "problems": [one.model_dump(mode="json", by_alias=True) for one in problems],
    }  # fmt: skip


def test_samples_are_counted_and_one_is_chosen_by_what_the_programs_return(
    evaluated: dict[str, Path], apr: Apr
) -> None:
    given = (
        "--completions",
        str(evaluated["completions"]),
        "--benchmark",
        "plain",
        "--problems",
        str(evaluated["problems"]),
    )
    code, out, err = apr(
        "eval", "samples", str(evaluated["result"]), "--method", "agreement", "--method", "logprob", *given, "--json"
    )
    assert code == 0, err
    found = json.loads(out)
    assert (found["problems"], found["samples"]) == (2, 4)
    assert found["distinct"] == {"least": 3, "mean": 3.5, "per_problem": {"own/3": 4, "own/5": 3}}
    assert [one["value"] for one in found["pass_at_k"]] == pytest.approx(
        [(2 / 4 + 1 / 4) / 2, (5 / 6 + 3 / 6) / 2, 7 / 8, 1]
    )
    agreement, logprob = found["selections"]
    # 2x and x + x are two programs and one opinion; the two that are wrong in one way are the other majority.
    assert {name: one["sample"] for name, one in agreement["choices"].items()} == {"own/3": 1, "own/5": 0}
    assert (agreement["chosen"], agreement["random"], agreement["oracle"]) == (0.5, 0.375, 1)
    assert agreement["inputs"] == "at most 8 base inputs of plain"
    assert {one["sample"] for one in logprob["choices"].values()} == {0}
    assert (logprob["chosen"], logprob["inputs"], logprob["interval"]) == (0, "", None)
    code, out, _ = apr(
        "eval", "samples", str(evaluated["result"]), "--most", "2", "--method", "mean-logprob", *given[:2]
    )
    assert code == 0
    assert "different programs of a problem: 3 at least, 3.50 on average" in out
    assert "pass@2" in out and "pass@3" not in out
    assert "one chosen by mean-logprob: 0.00 %, by lot 37.50 %, by the tests 100.00 %" in out


def test_the_record_of_distinct_samples_is_what_the_criterion_reads(
    evaluated: dict[str, Path], tmp_path: Path, apr: Apr
) -> None:
    words = (
        "eval",
        "samples",
        str(evaluated["result"]),
        "--evidence",
        str(tmp_path / "evidence"),
        "--role",
        "instruct",
    )
    assert "add --model NAME" in apr(*words)[2]
    assert apr(*words, "--model", "m")[0] == 0
    selector = {"role": "instruct", "benchmark": "distinct-of-4", "stage": "sample", "source": "measured"}
    (record,) = Ledger([tmp_path / "evidence"]).select(selector).records
    assert record.content["outcome"] == {"kind": "scalar", "value": 3.0, "unit": "programs", "repeats": []}
    assert record.protocol.sampling.samples == 4


def test_choosing_needs_the_files_that_were_evaluated(evaluated: dict[str, Path], tmp_path: Path, apr: Apr) -> None:
    words = ("eval", "samples", str(evaluated["result"]), "--method", "agreement")
    assert "the completions are needed" in apr(*words)[2]
    assert "the problems are needed" in apr(*words, "--completions", str(evaluated["completions"]))[2]
    other = tmp_path / "other.jsonl"
    other.write_text(evaluated["completions"].read_text().replace("2 * x", "x * 2"))
    code, _, err = apr(*words, "--completions", str(other))
    assert code == 2
    assert "these are not the completions of the result" in err
    zipped = tmp_path / "completions.jsonl.gz"
    zipped.write_bytes(gzip.compress(evaluated["completions"].read_bytes()))
    assert apr(*words[:-1], "logprob", "--completions", str(zipped))[0] == 0


def test_results_are_compared_with_the_first(evaluated: dict[str, Path], tmp_path: Path, apr: Apr) -> None:
    files = {"problems": tmp_path / "p.jsonl", "completions": tmp_path / "c.jsonl"}
    names = [f"own/{k}" for k in range(12)]
    row = {"prompt": "Double it.", "entry_point": "f", "tests": [{"args": [1], "expected": 2}]}
    files["problems"].write_text("".join(json.dumps({"task_id": name, **row}) + "\n" for name in names))
    lines = [json.dumps({"task_id": name, "completion": "def f(x):\n    return 2 * x\n"}) + "\n" for name in names]
    files["completions"].write_text("".join(lines))
    for letter, solved in (("a", range(10)), ("b", range(3)), ("c", (*range(9), 11))):
        passed = {name: [k in solved] for k, name in enumerate(names)}
        (tmp_path / f"{letter}.json").write_text(json.dumps(a_result(files, passed)))
    results = [str(tmp_path / f"{letter}.json") for letter in "abc"]
    code, out, err = apr("eval", "compare", *results, "--json")
    assert code == 0, err
    first, second = json.loads(out)["rows"]
    assert (first["lost"], first["gained"], first["n"]) == (names[3:10], [], 12)
    assert (second["lost"], second["gained"]) == (["own/9"], ["own/11"])
    assert first["p"] == mcnemar_exact(7, 0)
    assert first["holm"] == pytest.approx(2 * mcnemar_exact(7, 0))
    code, out, _ = apr("eval", "compare", *results, "--flips")
    assert "plain, 12 problems, paired with A" in out
    assert "gained: own/11" in out
    assert "given twice" in apr("eval", "compare", results[0], results[0])[2]
    assert "there is one side" in apr("eval", "compare", results[0])[2]
    assert "not of the same items" in apr("eval", "compare", results[0], str(_other(tmp_path, results[0])))[2]


def _other(folder: Path, result: str) -> Path:
    data = json.loads(Path(result).read_text())
    data["problems"].pop()
    (folder / "other.json").write_text(json.dumps(data))
    return folder / "other.json"
