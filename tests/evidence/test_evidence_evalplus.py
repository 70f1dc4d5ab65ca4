"""The importer of EvalPlus: two verdicts per problem, in the forms of every version that wrote another one."""

from __future__ import annotations

import gzip
import shutil
from collections import Counter
from pathlib import Path

import pytest
from harness_samples import HARNESS, SAMPLES, SEVEN, broken, first, outcome, raw, solved, write

from apr_core.errors import EvidenceError
from apr_core.evidence.importers import IMPORTERS
from apr_core.evidence.metrics import evaluate
from apr_core.evidence.record import UNKNOWN, Record, Sampling, record_text

HUMANEVAL = SAMPLES / "evalplus" / "qwen2.5-coder-7b-base-humaneval_eval_results.json"
OWN = "own--tiny_hf_temp_0.8"


def evalplus(path: Path, model: str | None = SEVEN) -> list[Record]:
    return IMPORTERS["evalplus"](path, model=model)


def test_evalplus_gives_a_record_for_the_base_tests_and_one_for_all_tests() -> None:
    base, plus = evalplus(HUMANEVAL)
    assert (base.protocol.benchmark, plus.protocol.benchmark) == ("humaneval", "humaneval+")
    assert (solved(base), solved(plus)) == (101, 87)  # published for this run: 61.6 and 53.0 % of 164
    assert len(outcome(base)) == len(outcome(plus)) == 164


def test_a_sample_that_passes_only_the_added_tests_does_not_pass_humaneval_plus() -> None:
    samples = {task_id: listed[0] for task_id, listed in raw(HUMANEVAL)["eval"].items()}
    statuses = Counter((one["base_status"], one["plus_status"]) for one in samples.values())
    assert statuses == {("pass", "pass"): 87, ("pass", "fail"): 14, ("fail", "pass"): 2, ("fail", "fail"): 61}
    plus = {one: (passes, failure) for one, _, passes, failure in outcome(evalplus(HUMANEVAL)[1])}
    for task_id, one in samples.items():
        both = one["base_status"] == one["plus_status"] == "pass"
        assert plus[task_id] == ((1, None) if both else (0, "fail"))


@pytest.mark.parametrize("version", ["0.3.1", "0.2.0", "26d6d00"])
def test_every_version_of_evalplus_says_the_same_of_the_same_samples(version: str) -> None:
    base, plus = evalplus(SAMPLES / "evalplus" / version)
    assert outcome(base) == [
        ("HumanEval/164", 3, 2, "timeout"),
        ("HumanEval/165", 2, 1, "fail"),
        ("HumanEval/166", 2, 1, "fail"),
    ]
    assert outcome(plus) == [
        ("HumanEval/164", 3, 1, "fail and timeout"),
        ("HumanEval/165", 2, 0, "fail"),
        ("HumanEval/166", 2, 1, "fail"),
    ]
    assert evaluate("pass@1", [base]).value == pytest.approx(5 / 9)  # EvalPlus printed 0.556 and 0.278
    assert evaluate("pass@1", [plus]).value == pytest.approx(5 / 18)
    assert base.environment.versions == {"problem file, MD5": "2c84ca9db7bad79c6c39abe0a65bac7f"}


@pytest.mark.parametrize("version", ["0.3.1-base-only", "0.2.0-base-only"])
def test_a_run_with_the_base_tests_alone_makes_no_plus_record(version: str) -> None:
    (base,) = evalplus(SAMPLES / "evalplus" / version)
    assert base.protocol.benchmark == "humaneval-custom"
    assert [passes for _, _, passes, _ in outcome(base)] == [2, 1, 1]


def test_what_evalplus_does_not_say_stays_unknown() -> None:
    for record in evalplus(HUMANEVAL):
        assert (record.protocol.prompt, record.subject.precision, record.environment.backend) == (UNKNOWN,) * 3
        assert (record.source.tool, record.source.tool_version, record.time) == ("evalplus", UNKNOWN, None)
        assert record.protocol.sampling == Sampling(samples=1)
        assert record.source.note == (
            "evaluated 2024-09-24 21:14 by the clock of that machine, whose offset from UTC is not known"
        )


def test_the_model_is_needed_unless_evalplus_named_the_file(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"which model .* --model") as caught:
        evalplus(HUMANEVAL, None)
    assert "\n" not in str(caught.value)
    for record in evalplus(SAMPLES / "evalplus" / "0.3.1", None):
        assert (record.subject.model, record.environment.backend) == ("own/tiny", "hf")
        assert record.protocol.sampling == Sampling(temperature=0.8)  # the problems have 3, 2 and 2 samples
    (renamed, _) = evalplus(SAMPLES / "evalplus" / "0.3.1", "Tiny")
    assert renamed.subject.model == "Tiny"
    assert str(renamed.source.note).endswith("the file's name says own/tiny")


@pytest.mark.parametrize(
    ("name", "model", "temperature"),
    [
        ("Qwen--Qwen2.5-Coder-7B_vllm_temp_0.0", "Qwen/Qwen2.5-Coder-7B", 0.0),
        ("gpt-4o_openai_temp_0.0", "gpt-4o", 0.0),
        ("a_hf_b_hf_gaudi_temp_0.0", "a_hf_b", 0.0),
        # --greedy is not in the name, and with one sample per problem it may have been given.
        ("Qwen--Qwen2.5-Coder-7B_vllm_temp_0.8", "Qwen/Qwen2.5-Coder-7B", None),
    ],
)
@pytest.mark.parametrize("ending", ["_eval_results.json", ".eval_results.json", "/eval_results.json"])
def test_the_name_that_evalplus_gives(
    tmp_path: Path, name: str, model: str, temperature: float | None, ending: str
) -> None:
    record = evalplus(write(tmp_path / f"{name}{ending}", raw(HUMANEVAL)), None)[0]
    assert (record.subject.model, record.protocol.sampling.temperature) == (model, temperature)


@pytest.mark.parametrize(
    "name", ["m_temp_0.0", "m_vllm_temp_0.0-instruct", "m_vllm_temp_0.0-sanitized", "m_cpu_temp_1"]
)
def test_another_name_is_not_taken_for_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvidenceError, match="--model"):
        evalplus(write(tmp_path / f"{name}_eval_results.json", raw(HUMANEVAL)), None)


def test_a_gzipped_file_makes_the_same_records(tmp_path: Path) -> None:
    (tmp_path / f"{HUMANEVAL.name}.gz").write_bytes(gzip.compress(HUMANEVAL.read_bytes()))
    plain, zipped = evalplus(HUMANEVAL), evalplus(tmp_path)
    assert [record_text(one) for one in zipped] == [record_text(one) for one in plain]


def test_a_set_of_problems_that_is_not_the_benchmark_is_not_called_so(tmp_path: Path) -> None:
    value = raw(HUMANEVAL)
    del value["eval"]["HumanEval/163"]
    assert evalplus(write(tmp_path / "a.json", value))[0].protocol.benchmark == "humaneval-custom"
    value["eval"]["HumanEval/164"] = [dict(value["eval"]["HumanEval/0"][0], task_id="HumanEval/164")]
    assert evalplus(write(tmp_path / "a.json", value))[1].protocol.benchmark == "humaneval-custom+"


@pytest.mark.parametrize(("size", "benchmark"), [(399, "mbpp"), (378, "mbpp"), (377, "mbpp-custom")])
def test_mbpp(tmp_path: Path, size: int, benchmark: str) -> None:
    value = raw(HUMANEVAL)
    one = value["eval"]["HumanEval/0"][0]
    value["eval"] = {f"Mbpp/{n}": [dict(one, task_id=f"Mbpp/{n}")] for n in range(2, size + 2)}
    names = [record.protocol.benchmark for record in evalplus(write(tmp_path / "a.json", value))]
    assert names == [benchmark, f"{benchmark}+"]


def test_test_inputs_that_are_no_json_numbers_do_not_matter(tmp_path: Path) -> None:
    text = broken(HUMANEVAL, lambda run: run["eval"]["HumanEval/2"][0].update(plus_fail_tests=[float("inf")]))
    assert "Infinity" in text
    (tmp_path / "a.json").write_text(text)
    assert outcome(evalplus(tmp_path / "a.json")[1]) == outcome(evalplus(HUMANEVAL)[1])


OLD, NEW = (SAMPLES / "evalplus" / version / f"{OWN}_eval_results.json" for version in ("0.2.0", "0.3.1"))
STATED = SAMPLES / "evalplus" / "26d6d00" / f"{OWN}.eval_results.json"
BAD_EVALPLUS = {
    "truncated": (HUMANEVAL.read_text()[:-40], r"a\.json:1:\d+: this is not JSON.*truncated"),
    "no samples": (
        broken(NEW, lambda run: first(run).clear()),
        r"a\.json:\d+:\d+: eval.HumanEval/164: this problem has no samples",
    ),
    "no samples, old": (
        broken(OLD, lambda run: first(run).update(nfiles=0, base=[], plus=[])),
        "HumanEval/164.*this problem has no samples",
    ),
    "no problems": (broken(NEW, lambda run: run["eval"].clear()), "eval: .*at least 1 item"),
    "unknown status": (
        broken(NEW, lambda run: first(run)[0].update(base_status="error")),
        r"base_status: Input should be 'pass', 'fail' or 'timeout'; it is 'error'",
    ),
    "unknown status, old": (
        broken(OLD, lambda run: first(run)["base"][0].__setitem__(0, "pass")),
        r"verdict is \['pass'\]; allowed is 'success', 'failed', 'timed out'",
    ),
    "odd status, old": (broken(OLD, lambda run: first(run)["base"][0].__setitem__(0, [])), r"verdict is \[\[\]\]"),
    "no status": (broken(NEW, lambda run: first(run)[0].pop("plus_status")), "plus_status: Field required"),
    "half without plus": (
        broken(NEW, lambda run: first(run)[0].update(plus_status=None)),
        "1 of 7 samples have no plus verdict",
    ),
    "fewer verdicts than samples": (
        broken(OLD, lambda run: first(run)["plus"].pop()),
        "3 samples are announced, and 3 base and 2 plus verdicts listed",
    ),
    "misplaced": (
        broken(NEW, lambda run: first(run)[1].update(task_id="HumanEval/165")),
        "a sample of 'HumanEval/165' is listed under 'HumanEval/164'",
    ),
    "twice": (
        NEW.read_text().replace('"HumanEval/165": [', '"HumanEval/164": [', 1),
        "the key 'HumanEval/164' is given twice",
    ),
    "other benchmark": (
        broken(OLD, lambda run: run["eval"].update({"LCB/1": first(run)})),
        "task ids go from 'HumanEval/164' to 'LCB/1'",
    ),
    "both benchmarks": (
        broken(OLD, lambda run: run["eval"].update({"Mbpp/2": first(run)})),
        "task ids go from 'HumanEval/164' to 'Mbpp/2'",
    ),
    "new key": (broken(NEW, lambda run: run.update(model="M")), "nothing reads the key 'model'"),
    "total disagrees": (
        broken(STATED, lambda run: run["pass_at_k"]["plus"].update({"pass@1": 0.5})),
        r"pass_at_k.plus says that pass@1 is 0.500000, but the 3 problems listed come to 0.277778",
    ),
    "total of more samples": (
        broken(STATED, lambda run: run["pass_at_k"]["base"].update({"pass@3": 0.5})),
        "pass@3 is 0.500000, but the 3 problems listed have too few samples",
    ),
    "total of nothing": (
        broken(STATED, lambda run: [one.update(plus_status=None) for many in run["eval"].values() for one in many]),
        "pass_at_k has 'plus', and no problem has such verdicts",
    ),
    "list": ("[]", r"a\.json:1:1: the file: Input should be a valid dictionary"),
}


@pytest.mark.parametrize("name", BAD_EVALPLUS)
def test_an_evalplus_file_that_cannot_be_trusted_is_refused(tmp_path: Path, name: str) -> None:
    text, message = BAD_EVALPLUS[name]
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(EvidenceError, match=message) as caught:
        evalplus(tmp_path / "a.json")
    assert "\n\n" not in str(caught.value)


def test_of_a_folder_all_or_nothing_is_imported(tmp_path: Path) -> None:
    shutil.copy(HUMANEVAL, tmp_path)
    (tmp_path / "samples.jsonl").write_text("not read")
    shutil.copy(HUMANEVAL, tmp_path / "a_eval_results.json")
    assert len(evalplus(tmp_path)) == 4
    (tmp_path / "b_eval_results.json.gz").write_bytes(gzip.compress(HUMANEVAL.read_bytes())[:-50])
    with pytest.raises(EvidenceError, match="1 of 3 files cannot be used: nothing was imported") as caught:
        evalplus(tmp_path)
    assert "b_eval_results.json.gz" in str(caught.value)
    with pytest.raises(EvidenceError, match=r"no file named \*eval_results.json"):
        evalplus(SAMPLES)


@pytest.mark.skipif(not HARNESS.is_dir(), reason="the harnesses' own files are not here")
def test_the_file_that_evalplus_wrote_has_the_facts_of_the_sample() -> None:
    records = evalplus(HARNESS / "evalplus")
    assert list(map(outcome, records)) == list(map(outcome, evalplus(HUMANEVAL)))
    assert (solved(records[0]), solved(records[1])) == (101, 87)
