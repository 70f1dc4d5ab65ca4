"""The importer of BigCodeBench: which form was run, from the problems and from what lies beside the file."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness_samples import HARNESS, SAMPLES, SEVEN, broken, first, outcome, raw, solved, write

from apr_core.errors import EvidenceError
from apr_core.evidence.importers import IMPORTERS
from apr_core.evidence.metrics import evaluate
from apr_core.evidence.record import UNKNOWN, Record, Sampling

HARD = SAMPLES / "bigcodebench" / "qwen2.5-coder-7b-base-hard_eval_results.json"
OWN = "own--tiny--main--bigcodebench-complete--hf-0.8-2-sanitized_calibrated"


def bigcodebench(path: Path, model: str | None = SEVEN) -> Record:
    (record,) = IMPORTERS["bigcodebench"](path, model=model)
    return record


def test_bigcodebench_hard_is_told_by_its_problems() -> None:
    record = bigcodebench(HARD)
    assert (record.protocol.benchmark, record.protocol.prompt) == ("bigcodebench-hard", UNKNOWN)
    assert (solved(record), len(outcome(record))) == (24, 148)  # published for this run: 16.2 %
    statuses = Counter(one["status"] for listed in raw(HARD)["eval"].values() for one in listed)
    assert statuses == {"pass": 24, "fail": 119, "timeout": 5}
    assert Counter(failure or "pass" for *_, failure in outcome(record)) == statuses


def test_bigcodebench_as_a_whole_and_in_part(tmp_path: Path) -> None:
    one = raw(HARD)["eval"]["BigCodeBench/760"][0]
    value = {"date": "2024-09-24 20:28", "eval": {}}
    value["eval"] = {f"BigCodeBench/{n}": [dict(one, task_id=f"BigCodeBench/{n}")] for n in range(1140)}
    assert bigcodebench(write(tmp_path / "a.json", value)).protocol.benchmark == "bigcodebench"
    value["eval"] = dict(list(value["eval"].items())[:148])  # as many as Hard has, and others
    assert bigcodebench(write(tmp_path / "a.json", value)).protocol.benchmark == "bigcodebench-custom"


def test_what_lies_beside_a_bigcodebench_file_is_used() -> None:
    record = bigcodebench(SAMPLES / "bigcodebench" / "0.2.5", "Tiny")
    assert outcome(record) == [
        ("BigCodeBench/0", 2, 1, "fail"),
        ("BigCodeBench/1", 2, 2, None),
        ("BigCodeBench/2", 2, 0, "fail and timeout"),
    ]
    assert (record.protocol.prompt, record.protocol.layers) == ("complete", ("calibrated",))
    assert record.protocol.sampling == Sampling(temperature=0.8, samples=2)
    assert (record.environment.backend, record.observed) == ("hf", {"gt_pass_rate": 1.0})
    assert record.outcome.errors == 0  # type: ignore[union-attr]
    assert evaluate("pass@2", [record]).value == pytest.approx(2 / 3)  # BigCodeBench printed 0.667


def beside(folder: Path, change: Callable[[Any], object], ending: str = "_pass_at_k.json") -> Path:
    """The run of 0.2.5 with another `pass_at_k.json`."""
    source = SAMPLES / "bigcodebench" / "0.2.5"
    shutil.copy(source / f"{OWN}_eval_results.json", folder)
    (folder / f"{OWN}{ending}").write_text(broken(source / f"{OWN}_pass_at_k.json", change))
    return folder / f"{OWN}_eval_results.json"


@pytest.mark.parametrize(
    ("failed", "errors", "note"),
    [
        (["BigCodeBench/1"], 1, "1 reference solutions failed on that machine"),
        # With --no_gt all are listed: then nobody tried, which is no count.
        ([f"BigCodeBench/{n}" for n in range(3)], None, "no reference solution passed on that machine, or none"),
    ],
)
def test_a_reference_solution_that_fails_is_an_error_of_the_harness(
    tmp_path: Path, failed: list[str], errors: int | None, note: str
) -> None:
    record = bigcodebench(beside(tmp_path, lambda said: said.update(failed_tasks=failed)))
    assert record.outcome.errors == errors  # type: ignore[union-attr]
    assert note in str(record.source.note)


def test_without_it_only_the_name_says_how_the_run_was_made(tmp_path: Path) -> None:
    record = bigcodebench(beside(tmp_path, lambda said: None, ending="_other.json"))
    assert (record.protocol.prompt, record.environment.backend) == ("complete", "hf")
    assert record.protocol.layers is None  # `_calibrated` is in the name whatever --calibrated was
    assert (record.observed, record.outcome.errors) == ({}, None)  # type: ignore[union-attr]


@pytest.mark.parametrize(("treated", "layers"), [("-sanitized", None), ("-sanitized-calibrated", ("calibrated",))])
def test_the_names_of_version_0_1_9(tmp_path: Path, treated: str, layers: tuple[str, ...] | None) -> None:
    name = f"o--m--bigcodebench-instruct--vllm-0-1{treated}_hard_eval_results.json"
    record = bigcodebench(Path(shutil.copy(HARD, tmp_path / name)))
    assert (record.protocol.prompt, record.protocol.layers) == ("instruct", layers)
    assert record.protocol.sampling == Sampling(temperature=0.0, samples=1)


def test_calibrated_false_says_nothing(tmp_path: Path) -> None:
    # Versions 0.2.0 to 0.2.2 look for `sanitized-calibrated` in a name that they write with an underscore.
    path = beside(tmp_path, lambda said: said.update(calibrated=False))
    other = path.rename(tmp_path / "x_eval_results.json")
    (tmp_path / f"{OWN}_pass_at_k.json").rename(tmp_path / "x_pass_at_k.json")
    assert bigcodebench(other).protocol.layers is None


BAD_BESIDE: dict[str, tuple[Callable[[Any], object], str]] = {
    "of another run": (
        lambda said: said.update({"pass@2": 0.5}),
        r"pass_at_k.json beside it says that pass@2 is 0.500000, but the 3 problems listed come to 0.666667",
    ),
    "unknown split": (lambda said: said.update(split="chat"), "split: Input should be 'complete' or 'instruct'"),
    "new key": (lambda said: said.update(seed=1), "nothing reads the key 'seed'"),
    "text": (lambda said: said.update({"pass@1": "0.5"}), "pass@1: .*valid number"),
}


@pytest.mark.parametrize("name", BAD_BESIDE)
def test_a_contradiction_beside_a_bigcodebench_file_is_refused(tmp_path: Path, name: str) -> None:
    change, message = BAD_BESIDE[name]
    with pytest.raises(EvidenceError, match=message):
        bigcodebench(beside(tmp_path, change))


BAD_BIGCODEBENCH = {
    "unknown status": (broken(HARD, lambda run: first(run)[0].update(status=None)), "status: .*it is None"),
    "no samples": (broken(HARD, lambda run: first(run).clear()), "eval.BigCodeBench/760: this problem has no samples"),
    "misplaced": (
        broken(HARD, lambda run: first(run)[0].update(task_id="BigCodeBench/1")),
        "'BigCodeBench/1' is listed under 'BigCodeBench/760'",
    ),
    "no such problem": (
        broken(
            HARD,
            lambda run: run["eval"].update({"BigCodeBench/1140": [dict(first(run)[0], task_id="BigCodeBench/1140")]}),
        ),
        "'BigCodeBench/1140' is no problem of BigCodeBench",
    ),
    "truncated": (HARD.read_text()[:-20], r"a\.json:\d+:\d+: this is not JSON.*truncated"),
}


@pytest.mark.parametrize("name", BAD_BIGCODEBENCH)
def test_a_bigcodebench_file_that_cannot_be_trusted_is_refused(tmp_path: Path, name: str) -> None:
    text, message = BAD_BIGCODEBENCH[name]
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(EvidenceError, match=message):
        bigcodebench(tmp_path / "a.json")


def test_bigcodebench_needs_the_model() -> None:
    for path in (HARD, SAMPLES / "bigcodebench" / "0.2.5"):
        with pytest.raises(EvidenceError, match="--model"):
            bigcodebench(path, None)


@pytest.mark.skipif(not HARNESS.is_dir(), reason="the harnesses' own files are not here")
def test_the_file_that_bigcodebench_wrote_has_the_facts_of_the_sample() -> None:
    (path,) = (HARNESS / "bigcodebench").iterdir()
    record = bigcodebench(path)
    assert outcome(record) == outcome(bigcodebench(HARD))
    # The file's own second witness: a sample passed when no test has a traceback and it ended.
    samples = [one for listed in json.loads(gzip.decompress(path.read_bytes()))["eval"].values() for one in listed]
    assert solved(record) == sum(not one["details"] and one["status"] != "timeout" for one in samples) == 24
