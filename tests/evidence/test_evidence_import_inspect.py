"""Import of Inspect's logs: what the samples say, checked against what Inspect printed, and no part passed off as a whole.

The files in `samples/inspect/` are logs of inspect-ai 0.3.285 (`0.3.60.eval` of that version, when archives were not yet
compressed with Zstandard): four sums of our own, `mockllm/model`, a solver of ours that adds rightly or wrongly by a
hash of id and epoch, and scorers `match`, `includes` and four of ours (a number, two parts, C/I/P/N, and one that cannot
score a sample). `sums.json` is `sums.eval` after `inspect log convert`; `tolerant.eval` had `--no-fail-on-error` and a
solver that raised, `error.json` the same without it; `killed.eval` and `started.json` were left by `kill -9`,
`cancelled.eval` by an interrupt. Then texts were emptied (inputs, targets, messages, events, answers, tracebacks), and
nothing else was changed.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apr_core.cli import main
from apr_core.errors import EvidenceError
from apr_core.evidence.importers import FORMATS, recognise, zips
from apr_core.evidence.importers.inspect_ai import read
from apr_core.evidence.metrics import evaluate
from apr_core.evidence.record import UNKNOWN, ExamplesOutcome, ProblemsOutcome, Record

SAMPLES = Path(__file__).parent / "samples" / "inspect"


def one(name: str, *scores: str, model: str | None = None) -> Record:
    (record,) = read(SAMPLES / name, model, scores)
    return record


def log(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / name).read_text())
    return found


def problems(record: Record) -> list[tuple[str, int, int, str | None]]:
    assert isinstance(record.outcome, ProblemsOutcome)
    return [(each.id, each.passes, each.samples, each.failure) for each in record.outcome.problems]


def values(record: Record) -> dict[str, float]:
    assert isinstance(record.outcome, ExamplesOutcome)
    return {each.id: each.value for each in record.outcome.examples}


# --- what is read ---


def test_every_epoch_is_a_sample_of_its_problem() -> None:
    record = one("sums.eval")
    assert problems(record) == [
        ("sum/0", 1, 3, "incorrect"),
        ("sum/1", 2, 3, "incorrect"),
        ("sum/2", 3, 3, None),
        ("sum/3", 2, 3, "incorrect"),
    ]
    assert isinstance(record.outcome, ProblemsOutcome)
    assert record.outcome.errors == 0
    assert evaluate("pass@1", [record]).value == pytest.approx(record.observed["accuracy"])


def test_the_protocol_is_what_the_log_says() -> None:
    record = one("sums.eval")
    assert (record.subject.model, record.protocol.benchmark) == ("mockllm/model", "sums")
    assert record.protocol.sampling.model_dump() == {
        "temperature": 0.5,
        "samples": 3,
        "max_tokens": 64,
        "top_p": 0.9,
        "top_k": None,
    }
    assert record.protocol.prompt.startswith("system_message + adder, arguments ")
    assert (record.protocol.extraction, record.protocol.limits) == ("match", {})
    assert record.arguments.model_dump() == {"passed": {"noise": 0.3}, "default": {"broken": ""}}
    assert record.environment.versions == {"inspect_ai": "0.3.285", "task sums": "3"}
    assert (record.source.tool, record.source.tool_version, record.source.file) == ("inspect", "0.3.285", "sums.eval")
    assert (record.time, record.seed) == ("2026-11-21T14:24:40+00:00", 11)
    assert (record.environment.backend, record.environment.commit, record.protocol.sandbox) == (UNKNOWN,) * 3


def test_other_arguments_of_a_solver_are_another_prompt(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["plan"]["steps"][0]["params_passed"]["template"] = "Subtract."

    (record,) = read(changed(tmp_path, "sums.json", change))
    assert record.protocol.prompt != one("sums.json").protocol.prompt


def test_other_arguments_of_a_scorer_are_another_extraction(tmp_path: Path) -> None:
    judge = {"name": "match", "options": {"model": "openai/a"}}
    (record,) = read(changed(tmp_path, "sums.json", lambda raw: raw["eval"].update(scorers=[judge])))
    assert record.protocol.extraction.startswith("match, arguments ")


def test_scores_that_were_changed_by_hand_are_counted(tmp_path: Path) -> None:
    edit = {"history": [{"value": "I"}, {"value": "C"}]}
    (record,) = read(changed(tmp_path, "sums.json", lambda raw: raw["samples"][0]["scores"]["match"].update(edit)))
    assert "1 of its scores were changed by hand" in (record.source.note or "")


def test_an_archive_and_its_json_are_the_same_measurement() -> None:
    archive, plain = one("sums.eval"), one("sums.json")
    assert archive.content | {"source": None} == plain.content | {"source": None}
    for record in (archive, plain):
        content = (SAMPLES / str(record.source.file)).read_bytes()
        assert record.source.file_digest == hashlib.sha256(content).hexdigest()


def test_an_older_archive_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "ZipFile", zipfile.ZipFile)
    record = one("0.3.60.eval")
    assert [each[:3] for each in problems(record)] == [("1", 0, 2), ("2", 1, 2), ("3", 1, 2), ("4", 2, 2)]
    assert record.protocol.sandbox == "local"
    # That version did not log which arguments were passed and which were defaults.
    assert record.arguments.passed is None


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads Zstandard itself")
def test_without_the_library_the_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "ZipFile", zipfile.ZipFile)
    with pytest.raises(
        EvidenceError, match=r"Zstandard.*pip install backports\.zstd, or .*inspect log convert sums\.eval"
    ):
        one("sums.eval")


def test_a_part_of_the_data_set_says_so() -> None:
    record = one("limit.json")
    assert record.protocol.limits == {"limit": 2, "samples": "2 of 4"}
    assert [each[0] for each in problems(record)] == ["sum/0", "sum/1"]


def test_a_limit_that_stopped_a_sample_is_its_failure_class() -> None:
    record = one("stopped.json")
    assert {each[3] for each in problems(record)} == {"message limit"}
    assert record.protocol.limits == {"message_limit": 3}


def test_a_setting_of_one_solver_is_not_the_setting_of_the_run() -> None:
    record = one("close.json")
    assert record.protocol.sampling.temperature is None
    assert record.protocol.limits == {"generate.temperature": 0.9}


def test_a_solver_that_sets_the_temperature_leaves_that_of_the_run_open(tmp_path: Path) -> None:
    (record,) = read(
        changed(tmp_path, "close.json", lambda raw: raw["plan"]["config"].update(temperature=0.5, top_p=0.8))
    )
    assert (record.protocol.sampling.temperature, record.protocol.sampling.top_p) == (None, 0.8)


def test_the_settings_of_the_run_come_before_those_of_the_model(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["eval"]["model_generate_config"] = {"temperature": 1.0, "top_k": 40}

    (record,) = read(changed(tmp_path, "sums.json", change))
    assert (record.protocol.sampling.temperature, record.protocol.sampling.top_k) == (0.5, 40)


def test_the_total_of_another_reducer_is_not_compared(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["eval"]["config"]["epochs_reducer"] = ["max"]
        raw["results"]["scores"][0].update(reducer="max")
        raw["results"]["scores"][0]["metrics"]["accuracy"]["value"] = 1.0

    (record,) = read(changed(tmp_path, "sums.json", change))
    assert record.outcome == one("sums.json").outcome
    assert record.observed["accuracy of max"] == 1.0


# --- errors and what could not be scored ---


def test_a_sample_that_ended_in_an_error_did_not_pass_and_is_counted() -> None:
    record = one("tolerant.eval")
    assert problems(record)[2] == ("sum/2", 1, 2, "error")
    assert isinstance(record.outcome, ProblemsOutcome)
    assert record.outcome.errors == 1
    # Inspect leaves the sample out, and its accuracy is higher for it.
    assert (evaluate("pass@1", [record]).value, record.observed["accuracy"]) == (0.625, 0.75)


def test_a_sample_that_could_not_be_scored_did_not_pass_and_is_counted() -> None:
    record = one("many.json", "unsure")
    assert problems(record)[1] == ("sum/1", 0, 2, "grader_failed")
    assert isinstance(record.outcome, ProblemsOutcome)
    assert record.outcome.errors == 1


def test_a_refusal_is_the_models_doing_and_no_error(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        for sample in raw["samples"]:
            if sample["id"] == "sum/1":
                sample["scores"]["unsure"]["reason"] = "refusal"

    (record,) = read(changed(tmp_path, "many.json", change), None, ["unsure"])
    assert problems(record)[1] == ("sum/1", 0, 2, "refusal")
    assert isinstance(record.outcome, ProblemsOutcome)
    assert record.outcome.errors == 0


def test_the_reason_of_an_older_log_stands_in_the_metadata(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        for sample in raw["samples"]:
            if sample["id"] == "sum/1":
                del sample["scores"]["unsure"]["reason"]
                sample["scores"]["unsure"]["metadata"] = {"unscored_reason": "no_response"}

    (record,) = read(changed(tmp_path, "many.json", change), None, ["unsure"])
    assert problems(record)[1] == ("sum/1", 0, 2, "no_response")


def test_attempts_that_were_repeated_after_errors_are_counted(tmp_path: Path) -> None:
    path = changed(tmp_path, "limit.json", lambda raw: raw["samples"][0].update(error_retries=[{"message": "no"}, {}]))
    assert read(path)[0].observed["retries after errors"] == 2


# --- several scores ---


def test_a_log_with_several_scores_names_them_and_takes_none() -> None:
    with pytest.raises(
        EvidenceError, match=r"7 scores .*: match, includes, closeness, parts\.digits, parts\.sign, graded, unsure"
    ):
        one("many.json")
    with pytest.raises(EvidenceError, match=r"Did you mean 'includes'"):
        one("many.json", "include")
    with pytest.raises(EvidenceError, match="asks for 2 of its scores, match, includes"):
        one("many.json", "match", "includes")
    with pytest.raises(EvidenceError, match="there is no score 'exact'; there are match"):
        one("sums.eval", "exact")


def test_numbers_are_averaged_over_epochs() -> None:
    record = one("many.json", "closeness")
    raw: dict[str, list[float]] = {}
    for sample in log("many.json")["samples"]:
        raw.setdefault(sample["id"], []).append(sample["scores"]["closeness"]["value"])
    assert values(record) == {name: pytest.approx(sum(every) / 2) for name, every in raw.items()}
    assert isinstance(record.outcome, ExamplesOutcome)
    assert record.outcome.unit == "closeness"
    assert evaluate("mean", [record]).value == pytest.approx(record.observed["mean"])


def test_a_part_of_a_score() -> None:
    assert values(one("many.json", "parts.digits")) == dict.fromkeys(["sum/0", "sum/1", "sum/2", "sum/3"], 2.0)
    sign = one("many.json", "parts.sign")
    assert {each[1:3] for each in problems(sign)} == {(2, 2)}
    assert sign.observed == {"accuracy": 1.0}


def test_parts_that_could_not_be_scored_in_one_sample(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["samples"][0]["scores"]["parts"]["value"] = math.nan

    path = changed(tmp_path, "many.json", change)
    (record,) = read(path, None, ["parts.sign"])
    assert problems(record)[0] == ("sum/0", 1, 2, "not scored")
    with pytest.raises(EvidenceError, match="sample 'sum/0' has no score in epoch 1, and a number cannot be made up"):
        read(path, None, ["parts.digits"])


def test_partial_credit_is_a_number_and_no_pass() -> None:
    record = one("many.json", "graded")
    assert values(record) == {"sum/0": 0.0, "sum/1": 0.75, "sum/2": 0.75, "sum/3": 0.25}
    assert evaluate("mean", [record]).value == record.observed["accuracy"]


def test_a_1_is_a_pass_only_where_inspect_computes_an_accuracy(tmp_path: Path) -> None:
    assert isinstance(one("many.json", "unsure").outcome, ProblemsOutcome)

    def change(raw: dict[str, Any]) -> None:
        for sample in raw["samples"]:
            sample["scores"]["closeness"]["value"] = float(sample["scores"]["closeness"]["value"] == 1)
        (entry,) = (entry for entry in raw["results"]["scores"] if entry["name"] == "closeness")
        entry["metrics"] = {}

    (record,) = read(changed(tmp_path, "many.json", change), None, ["closeness"])
    assert values(record) == {"sum/0": 0.5, "sum/1": 0.5, "sum/2": 1.0, "sum/3": 1.0}


# --- what is refused ---


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("error.json", "status is 'error'"),
        ("started.json", "status is 'started'"),
        ("cancelled.eval", "status is 'cancelled'"),
        ("killed.eval", "still going on, or was killed"),
    ],
)
def test_a_run_that_did_not_end_is_refused(name: str, words: str) -> None:
    with pytest.raises(EvidenceError, match=f"did not come to its end.*{words}.*inspect eval-retry {name}"):
        one(name)


def test_a_log_without_scores_is_refused() -> None:
    with pytest.raises(EvidenceError, match=r"no sample has a score.*inspect score noscore\.json"):
        one("noscore.json")


def changed(tmp_path: Path, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of a JSON log that was changed."""
    raw = log(name)
    change(raw)
    (tmp_path / name).write_text(json.dumps(raw))
    return tmp_path / name


def scored(value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda raw: raw["samples"][1]["scores"]["match"].update(value=value)


BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "sample lost": (
        lambda raw: raw["samples"].pop(),
        r"11 samples.* 4 times 3 epochs; the first .* 'sum/3', epoch 3\. .*eval-retry",
    ),
    "twice": (lambda raw: raw["samples"].append(raw["samples"][0]), "sample 'sum/0', epoch 1, occurs twice"),
    "one more": (
        lambda raw: raw["samples"].append(raw["samples"][0] | {"id": "sum/9"}),
        "13 samples, and the run was to make 4 times 3",
    ),
    "another": (
        lambda raw: raw["samples"][-1].update(id="sum/9"),
        "12 samples, and the run was to make 4 times 3 epochs; the first that is missing is 'sum/3', epoch 3",
    ),
    "more epochs than memory": (lambda raw: raw["eval"]["config"].update(epochs=10**30), r"'sum/0', epoch 4\."),
    "fewer planned": (
        lambda raw: raw["results"].update(total_samples=6),
        "12 samples, and the run was to make 4 times 3",
    ),
    "ids unknown": (
        lambda raw: (raw["eval"]["dataset"].pop("sample_ids"), raw["samples"].pop()),
        "11 samples.*'sum/3', epoch 3",
    ),
    "no samples": (lambda raw: raw.update(samples=None), "no samples, only the totals"),
    "invalid": (lambda raw: raw["samples"][0].update(invalidation={"author": "a"}), "marked as invalid.*eval-retry"),
    "invalidated": (lambda raw: raw.update(invalidated=True), "marked as invalid"),
    "version": (
        lambda raw: raw.update(version=1),
        r"has version 1, and version 2 is read.*inspect log convert sums\.json",
    ),
    "no log": (lambda raw: raw.pop("eval"), "this is no log of Inspect"),
    "no model": (lambda raw: raw["eval"].pop("model"), r"sums\.json:1:\d+: eval.model: Field required"),
    "epoch": (lambda raw: raw["samples"][0].update(epoch=0), r"samples\.0\.epoch: .*greater than 0; it is 0"),
    "total": (
        lambda raw: raw["results"]["scores"][0]["metrics"]["accuracy"].update(value=0.9),
        "accuracy of match is 0.9, but the samples come to 0.666667",
    ),
    "flipped": (scored("I"), "accuracy of match is 0.6666666666666666, but the samples come to 0.583333"),
    "word": (scored("maybe"), "sample 'sum/1' has the score 'maybe'. Known are the letters C, I, P and N"),
    "list": (scored(["C", "I"]), r"has the score \['C', 'I'\]"),
    "infinite": (scored(math.inf), "has the score inf"),
    "no text": (
        lambda raw: raw["eval"]["task_args_passed"].update(noise="\ud800"),
        r"sums\.json: cannot write this as JSON: .*surrogates",
    ),
    "time": (lambda raw: raw["eval"].update(created="2026-11-21T14:24:40"), "this makes no record: time: .*no offset"),
    "id": (
        lambda raw: (
            raw["eval"]["dataset"].update(sample_ids=["a\n", *raw["eval"]["dataset"]["sample_ids"][1:]]),
            [each.update(id="a\n") for each in raw["samples"] if each["id"] == "sum/0"],
        ),
        "this makes no record: id: ",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_log_that_cannot_be_trusted_is_refused(tmp_path: Path, name: str) -> None:
    change, message = BAD[name]
    with pytest.raises(EvidenceError, match=message):
        read(changed(tmp_path, "sums.json", change))


def test_a_number_that_is_missing_is_not_made_up(tmp_path: Path) -> None:
    path = changed(tmp_path, "close.json", lambda raw: raw["samples"][5].update(scores={}, error={"message": "no"}))
    with pytest.raises(EvidenceError, match="sample 'sum/1' has no score in epoch 2, and a number cannot be made up"):
        read(path)


def test_letters_and_numbers_of_one_scorer_are_read_as_inspect_counts_them(tmp_path: Path) -> None:
    (record,) = read(changed(tmp_path, "sums.json", scored(1)))
    assert record.outcome == one("sums.json").outcome


def test_a_log_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sums.json").write_text((SAMPLES / "sums.json").read_text()[:-200])
    with pytest.raises(EvidenceError, match=r"sums\.json:1:\d+: this is not JSON.*truncated"):
        read(tmp_path)
    (tmp_path / "sums.json").unlink()
    for size in (0, 3000, -30):
        (tmp_path / "sums.eval").write_bytes((SAMPLES / "sums.eval").read_bytes()[:size])
        with pytest.raises(EvidenceError, match=r"cannot read .*sums\.eval: .*restore the file"):
            read(tmp_path)


def test_an_archive_that_was_damaged_is_refused(tmp_path: Path) -> None:
    data = bytearray((SAMPLES / "0.3.60.eval").read_bytes())
    with zipfile.ZipFile(SAMPLES / "0.3.60.eval") as archive:
        at = archive.getinfo("samples/3_epoch_2.json").header_offset
    data[at + 60] ^= 0xFF
    (tmp_path / "0.3.60.eval").write_bytes(data)
    with pytest.raises(EvidenceError, match=r"cannot read .*0\.3\.60\.eval: .*restore the file"):
        read(tmp_path)


def rewritten(tmp_path: Path, change: Callable[[str, Any], list[Any]]) -> Path:
    """A copy of the older archive, each member written as often as `change` gives contents for it."""
    with (
        zipfile.ZipFile(SAMPLES / "0.3.60.eval") as old,
        zipfile.ZipFile(tmp_path / "x.eval", "w") as new,
        warnings.catch_warnings(action="ignore"),  # of the name that is there twice
    ):
        for name in old.namelist():
            for value in change(name, json.loads(old.read(name))):
                new.writestr(name, value if isinstance(value, str) else json.dumps(value))
    return tmp_path / "x.eval"


def test_of_a_sample_that_was_made_again_the_last_counts(tmp_path: Path) -> None:
    def change(name: str, value: Any) -> list[Any]:
        if name != "samples/4_epoch_1.json":
            return [value]
        failed = copy.deepcopy(value) | {"scores": {}, "error": {"message": "no"}}
        return [failed, value]

    (record,) = read(rewritten(tmp_path, change))
    assert record.outcome == one("0.3.60.eval").outcome


@pytest.mark.parametrize(
    ("member", "contents", "message"),
    [
        ("samples/4_epoch_1.json", [], r"7 samples.*'4', epoch 1"),
        ("samples/4_epoch_1.json", ["{"], "samples/4_epoch_1.json: this is not JSON"),
        ("samples/4_epoch_1.json", [{"id": 4}], "samples/4_epoch_1.json: this makes no record: epoch: Field required"),
        ("header.json", [], "still going on, or was killed"),
        ("header.json", [[]], "this is no log of Inspect"),
        ("header.json", [{"version": 2, "status": "success", "eval": {}}], "header.json: .*Field required"),
    ],
)
def test_a_member_that_is_missing_or_wrong_is_named(
    tmp_path: Path, member: str, contents: list[Any], message: str
) -> None:
    path = rewritten(tmp_path, lambda name, value: contents if name == member else [value])
    with pytest.raises(EvidenceError, match=message):
        read(path)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.eval", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(EvidenceError, match=r"no log of Inspect: it has no header\.json"):
        read(tmp_path)


def test_one_run_counts_once(tmp_path: Path) -> None:
    for name in ("sums.eval", "sums.json"):
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    with pytest.raises(EvidenceError, match=r"sums\.json: it is of the same run as sums\.eval"):
        read(tmp_path)


def test_one_bad_log_stops_the_whole_import() -> None:
    with pytest.raises(EvidenceError, match=r"\d+ of 13 files cannot be used: nothing was imported"):
        read(SAMPLES)


def test_a_place_without_logs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(EvidenceError, match=r"no \.eval or \.json log of Inspect"):
        read(tmp_path)
    for name in ("missing.json", "missing.eval"):
        with pytest.raises(EvidenceError, match="No such file"):
            read(tmp_path / name)


# --- as a user calls it ---


def test_only_its_own_format_recognises_a_log(tmp_path: Path) -> None:
    assert {recognise(path) for path in [SAMPLES, *SAMPLES.iterdir()]} == {"inspect"}
    (tmp_path / "x.json").write_text('{"version": 2}')
    assert [name for name, module in FORMATS.items() if module.recognises(tmp_path)] == []


def test_a_log_is_imported_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evidence", "import", "auto", str(SAMPLES / "many.json"), "--into", str(tmp_path), "--json"]
    assert main(words) == 2
    assert "--score match" in capsys.readouterr().err
    assert main([*words, "--score", "unsure", "--model", "Adder"]) == 0
    (new,) = json.loads(capsys.readouterr().out)["new"]
    assert main(["evidence", "show", new, "--evidence", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "Adder" in out
    assert "the file names the model mockllm/model" in out
