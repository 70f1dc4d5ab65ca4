"""Import from lm-evaluation-harness: what its samples say, checked against what the harness printed for them.

The files in `samples/lm_eval/` were written by lm-eval 0.4.13 (`0.4.8/` and `0.4.5/` by those versions), run with
`--log_samples --output_path` on four small tasks of our own: sums to generate with two filters, to choose from and to
continue, three texts for perplexities, and `sums_code` with a `pass@k` over four completions. The model was a seeded
function registered as `adder` with `pretrained=tiny/adder`; `unnamed/` is `--model dummy --limit 3`, `chat/` has
`--apply_chat_template --system_instruction`. Then texts were emptied (documents, targets, prompts, answers, templates,
the machine's description), and nothing else was changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apr_core.cli import main
from apr_core.errors import EvidenceError
from apr_core.evidence.importers import FORMATS, recognise
from apr_core.evidence.importers.lm_eval import read
from apr_core.evidence.metrics import evaluate
from apr_core.evidence.record import UNKNOWN, ExamplesOutcome, ProblemsOutcome, Record, record_text

SAMPLES = Path(__file__).parent / "samples" / "lm_eval"
CHOICES = ("exact_match,strict", "acc,none", "word_perplexity,none")
"""One score for each of the tasks of `four_tasks`."""


def by_task(folder: str, *scores: str, model: str | None = None) -> dict[str, Record]:
    return {one.protocol.benchmark: one for one in read(SAMPLES / folder, model, scores)}


def results(folder: Path) -> dict[str, Any]:
    (path,) = (one for one in folder.iterdir() if one.suffix == ".json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def lines(folder: Path, task: str) -> list[dict[str, Any]]:
    (path,) = folder.glob(f"samples_{task}_*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def passes(record: Record) -> dict[str, tuple[int, int]]:
    assert isinstance(record.outcome, ProblemsOutcome)
    return {one.id: (one.passes, one.samples) for one in record.outcome.problems}


def values(record: Record) -> dict[str, tuple[float, float]]:
    assert isinstance(record.outcome, ExamplesOutcome)
    return {one.id: (one.value, one.weight) for one in record.outcome.examples}


# --- what is read ---


def test_every_task_of_a_run_is_a_record_of_its_documents() -> None:
    found = by_task("four_tasks", *CHOICES)
    assert set(found) == {"sums_generate", "sums_choice", "docs_perplexity", "last_word"}
    for task, score in (
        ("sums_generate", "exact_match,strict"),
        ("sums_choice", "acc,none"),
        ("last_word", "acc,none"),
    ):
        metric, _, name = score.partition(",")
        raw = {
            str(one["doc_id"]): (one[metric], 1) for one in lines(SAMPLES / "four_tasks", task) if one["filter"] == name
        }
        assert passes(found[task]) == raw
        assert evaluate("pass@1", [found[task]]).value == results(SAMPLES / "four_tasks")["results"][task][score]


def test_the_protocol_is_what_the_file_says() -> None:
    one = by_task("four_tasks", *CHOICES)["sums_generate"]
    assert one.subject.model == "tiny/adder"
    assert (one.protocol.prompt, one.protocol.extraction) == ("2-shot", "exact_match,strict")
    assert one.protocol.sampling.model_dump() == {
        "temperature": 0.7,
        "samples": 1,
        "max_tokens": 16,
        "top_p": 0.95,
        "top_k": None,
    }
    assert one.protocol.limits == {"repeats": 2, "until": '["\\n"]'}
    assert (one.source.tool, one.source.tool_version) == ("lm-eval", "0.4.13")
    path = SAMPLES / "four_tasks" / "samples_sums_generate_2026-11-21T14-10-34.068794.jsonl"
    assert (one.source.file, one.source.file_digest) == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    assert "seeds: random 7, numpy 7, torch 7, few-shot 7" in (one.source.note or "")
    assert (one.time, one.seed) == ("2026-11-21T14:10:31+00:00", 7)
    assert one.environment.versions["task sums_generate"] == "1.2"
    assert one.environment.backend == "adder"
    assert one.observed == {"exact_match,strict": 0.25, "exact_match_stderr,strict": 0.16366341767699427}


def test_what_the_file_does_not_say_stays_unknown() -> None:
    one = by_task("four_tasks", *CHOICES)["sums_choice"]
    # `device` in the file is the one that was asked for, cuda:0, on a machine that had none; a dtype is no precision.
    assert (one.environment.device, one.environment.commit, one.subject.precision) == (UNKNOWN,) * 3
    assert set(one.protocol.sampling.model_dump().values()) == {None}
    assert one.arguments.default is None


def test_what_was_passed_is_kept_without_what_may_be_secret(tmp_path: Path) -> None:
    (one,) = read(SAMPLES / "0.4.8", None, ["acc"])
    assert one.arguments.passed == {"model_args": {"pretrained": "tiny/adder", "seed": "1"}}
    assert by_task("chat", "exact_match,loose")["sums_generate"].arguments.passed == {
        "model_args": {"pretrained": "tiny/adder"},
        "gen_kwargs": {"temperature": 0.1},
    }
    said = "pretrained=tiny/adder,tokenizer=t,load_in_4bit=True,api_key=abc,token=abc,hf_token=abc"
    (one,) = read(changed(tmp_path, "0.4.8", lambda raw: raw["config"].update(model_args=said)), None, ["acc"])
    assert one.arguments.passed == {
        "model_args": {"pretrained": "tiny/adder", "tokenizer": "t", "load_in_4bit": "True"}
    }
    assert "abc" not in record_text(one).replace(one.source.file_digest or "", "").replace(one.source.note or "", "")


def test_a_filter_that_found_no_answer_is_a_failure_class() -> None:
    one = by_task("four_tasks", *CHOICES)["sums_generate"].outcome
    assert isinstance(one, ProblemsOutcome)
    lost = {
        str(line["doc_id"]) for line in lines(SAMPLES / "four_tasks", "sums_generate") if line["filter"] == "strict"
    }
    assert {problem.id for problem in one.problems} == lost
    assert [problem.failure for problem in one.problems].count("no answer found") == 2


def test_two_filters_of_one_run_are_two_measurements_that_pair() -> None:
    strict = by_task("four_tasks", *CHOICES)["sums_generate"]
    loose = by_task("four_tasks", "exact_match,loose", *CHOICES[1:])["sums_generate"]
    assert strict.protocol.benchmark_digest == loose.protocol.benchmark_digest
    assert strict.protocol.extraction != loose.protocol.extraction
    assert (sum(one for one, _ in passes(strict).values()), sum(one for one, _ in passes(loose).values())) == (2, 4)


@pytest.mark.parametrize(
    ("metric", "unit", "nats"),
    [
        ("word_perplexity", "nats/word", 1),
        ("byte_perplexity", "nats/byte", 1),
        ("bits_per_byte", "bits/byte", math.log(2)),
    ],
)
def test_a_loss_per_document_keeps_its_weight(metric: str, unit: str, nats: float) -> None:
    one = by_task("four_tasks", CHOICES[0], CHOICES[1], metric)["docs_perplexity"]
    raw = {str(line["doc_id"]): line[metric] for line in lines(SAMPLES / "four_tasks", "docs_perplexity")}
    assert {name: (pytest.approx(-loss / count / nats), count) for name, (loss, count) in raw.items()} == values(one)
    assert isinstance(one.outcome, ExamplesOutcome)
    assert one.outcome.unit == unit
    mean = evaluate("mean", [one]).value
    assert mean is not None
    printed = results(SAMPLES / "four_tasks")["results"]["docs_perplexity"][f"{metric},none"]
    assert (mean if metric == "bits_per_byte" else math.exp(mean)) == pytest.approx(printed)


def test_a_loss_per_word_is_no_loss_per_token() -> None:
    with pytest.raises(EvidenceError, match="needs values in 'nats/token'"):
        evaluate("perplexity", [by_task("four_tasks", *CHOICES)["docs_perplexity"]])


def test_a_perplexity_of_targets_holds_their_losses() -> None:
    one = by_task("four_tasks", CHOICES[0], "acc_norm,none", "word_perplexity", "perplexity,none")["last_word"]
    assert isinstance(one.outcome, ExamplesOutcome)
    assert one.outcome.unit == "nats/target"
    assert math.exp(evaluate("mean", [one]).value or 0) == pytest.approx(one.observed["perplexity,none"])


def test_completions_that_were_scored_one_by_one_are_samples() -> None:
    one = by_task("code", "acc", "pass@1")["sums_code"]
    printed = results(SAMPLES / "code")["results"]["sums_code"]
    assert {samples for _, samples in passes(one).values()} == {4}
    assert one.protocol.sampling.samples == 4
    assert "repeats" not in one.protocol.limits
    assert evaluate("pass@1", [one]).value == pytest.approx(printed["pass@1,create_test"])
    assert evaluate("pass@2", [one]).value == pytest.approx(printed["pass@2,create_test"])


def test_a_pass_at_2_says_no_passes() -> None:
    one = by_task("code", "acc", "pass@2")["sums_code"]
    assert isinstance(one.outcome, ExamplesOutcome)
    assert one.outcome.unit == "pass@2"
    assert evaluate("mean", [one]).value == pytest.approx(one.observed["pass@2,create_test"])


def test_a_group_is_no_task() -> None:
    assert "both_sums" in results(SAMPLES / "code")["results"]
    assert set(by_task("code", "acc", "pass@1")) == {"sums_choice", "sums_code"}


def test_a_list_of_completions_that_is_scored_as_one_is_one_sample(tmp_path: Path) -> None:
    def vote(every: list[str]) -> list[str]:
        raw = [json.loads(each) for each in every]
        return [
            json.dumps(one | {"metrics": ["exact_match"], "exact_match": float(one["pass@1"] > 0.5)}) for one in raw
        ]

    def better(raw: dict[str, Any]) -> None:
        raw["higher_is_better"]["sums_code"] = {"exact_match": True}
        raw["results"]["sums_code"]["exact_match,create_test"] = 0.125

    folder = edited(tmp_path, "sums_code", vote, "code", better)
    one = next(one for one in read(folder, None, ["acc"]) if one.protocol.benchmark == "sums_code")
    assert passes(one) == {"0": (1, 1), **{str(number): (0, 1) for number in range(1, 8)}}
    assert (one.protocol.sampling.samples, one.protocol.limits["repeats"]) == (1, 4)


def test_two_versions_of_a_task_are_two_benchmarks(tmp_path: Path) -> None:
    old = by_task("four_tasks", *CHOICES)["sums_choice"]
    folder = changed(tmp_path, "four_tasks", lambda raw: raw["versions"].update(sums_choice=1))
    new = next(one for one in read(folder, None, CHOICES) if one.protocol.benchmark == "sums_choice")
    with pytest.raises(EvidenceError, match=r"different contents: .* Select records of one version"):
        evaluate("pass@1", [old, new])


def test_the_time_is_that_of_the_file_wherever_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    here = record_text(by_task("0.4.8", "acc")["sums_choice"])
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert record_text(by_task("0.4.8", "acc")["sums_choice"]) == here
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_part_of_the_documents_says_so() -> None:
    one = by_task("unnamed", "acc", "exact_match,loose", model="M")["sums_choice"]
    assert one.protocol.limits == {"limit": 3.0, "documents": "3 of 8"}
    assert one.protocol.benchmark_digest != by_task("four_tasks", *CHOICES)["sums_choice"].protocol.benchmark_digest


def test_with_a_hash_of_the_documents_their_count_is_not_asked_for(tmp_path: Path) -> None:
    # 0.4.9 states the size of the whole task there when it was given some documents by number, with --samples.
    folder = changed(tmp_path, "0.4.8", lambda raw: raw["n-samples"]["sums_choice"].update(effective=8))
    (one,) = read(folder, None, ["acc"])
    assert one.protocol.limits["documents"] == "2 of 8"


def test_a_name_that_the_harness_made_up_is_no_model() -> None:
    assert results(SAMPLES / "unnamed")["model_name"] == "i82qcls7"
    with pytest.raises(EvidenceError, match=r"which model made the samples is not said .*--model"):
        by_task("unnamed", "acc", "exact_match,loose")
    one = by_task("unnamed", "acc", "exact_match,loose", model="M")["sums_choice"]
    assert one.subject.model == "M"
    assert "i82qcls7" not in record_text(one)


def test_another_name_for_the_model_keeps_that_of_the_file() -> None:
    one = by_task("four_tasks", *CHOICES, model="Adder-1")["sums_choice"]
    assert one.subject.model == "Adder-1"
    assert "the file names the model tiny/adder" in (one.source.note or "")


def test_a_chat_template_and_a_system_instruction_are_another_prompt() -> None:
    one = by_task("chat", "exact_match,loose")["sums_generate"]
    assert one.protocol.prompt == "2-shot, chat template f24189f0, multiturn, system instruction 80a7ba69"
    assert one.protocol.sampling.temperature == 0.1  # --gen_kwargs over the task's own


def test_an_older_version_that_does_not_name_itself() -> None:
    (one,) = read(SAMPLES / "0.4.8", None, ["acc"])
    assert (one.source.tool_version, one.subject.model) == (UNKNOWN, "tiny/adder")
    assert one.protocol.limits == {"limit": 2.0, "documents": "2 of 8"}


def test_samples_that_do_not_say_their_filter_are_refused() -> None:
    with pytest.raises(EvidenceError, match=r"jsonl:1: .*does not say its filter and metrics, .* since 0\.4\.7"):
        read(SAMPLES / "0.4.5", None, ["acc"])


def test_a_task_without_temperature_that_samples_nothing_is_greedy(tmp_path: Path) -> None:
    folder = changed(
        tmp_path, "chat", lambda raw: raw["configs"]["sums_generate"]["generation_kwargs"].update(do_sample=False)
    )
    (one,) = read(folder, None, ["exact_match,loose"])
    assert one.protocol.sampling.temperature == 0.0


# --- the choice of a score ---


def test_without_a_choice_all_scores_of_all_tasks_are_named() -> None:
    with pytest.raises(EvidenceError) as caught:
        by_task("four_tasks")
    text = str(caught.value)
    assert text.count("\n") == 3
    for names in ("exact_match,strict, exact_match,loose", "acc,none, acc_norm,none", "perplexity,none, acc,none"):
        assert names in text
    assert "--score" in text


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ((*CHOICES, "f1"), r"there is no score 'f1'; there are acc,none"),
        ((*CHOICES, "acc_norm"), r"task 'sums_choice': --score asks for 2 of its scores, acc,none, acc_norm,none"),
        (("exact_match", "acc", "word_perplexity"), "asks for 2 of its scores, exact_match,strict, exact_match,loose"),
        (("exact_match,strikt", "acc", "word_perplexity"), "Did you mean 'exact_match,strict'"),
    ],
)
def test_a_choice_that_is_none_is_refused(scores: tuple[str, ...], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        by_task("four_tasks", *scores)


# --- what is refused ---


def changed(tmp_path: Path, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of a sample folder whose results file was changed."""
    folder = tmp_path / name
    shutil.copytree(SAMPLES / name, folder)
    (path,) = (one for one in folder.iterdir() if one.suffix == ".json")
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw, indent=1))
    return folder


def edited(
    tmp_path: Path,
    task: str,
    change: Callable[[list[str]], list[str]],
    name: str = "four_tasks",
    also: Callable[[dict[str, Any]], object] = lambda raw: None,
) -> Path:
    """A copy of a sample folder where the lines of a task were changed, and no hash in the results gives it away."""
    folder = changed(tmp_path, name, lambda raw: (raw.update(task_hashes={}), also(raw)))
    (path,) = folder.glob(f"samples_{task}_*.jsonl")
    path.write_text("\n".join(change(path.read_text().splitlines())))
    return folder


def line(change: Callable[[dict[str, Any]], object], number: int = 0) -> Callable[[list[str]], list[str]]:
    def edit(every: list[str]) -> list[str]:
        value = json.loads(every[number])
        change(value)
        every[number] = json.dumps(value)
        return every

    return edit


BAD: dict[str, tuple[str, Callable[[list[str]], list[str]], str]] = {
    "truncated": (
        "sums_choice",
        lambda every: [*every[:-1], every[-1][:40]],
        r"jsonl:8: this is not JSON.*truncated\?",
    ),
    "lines lost": ("sums_choice", lambda every: every[:-2], "it has 6 documents, and results_.* says 8"),
    "twice": (
        "sums_choice",
        lambda every: [*every, every[0]],
        r"jsonl:9: the document 0 occurs a second time .*'none'",
    ),
    "empty": ("sums_choice", lambda every: [], "it is empty"),
    "no sample": ("sums_choice", lambda every: ["[1]", *every], "jsonl:1: this is no sample"),
    "id": ("sums_choice", line(lambda one: one.update(doc_id="0")), "doc_id is '0'"),
    "passed more": (
        "sums_choice",
        line(lambda one: one.update(acc=0.0)),
        r"says that acc,none of 'sums_choice' is 0\.375, but",
    ),
    "text": (
        "sums_choice",
        line(lambda one: one.update(acc="yes")),
        'document 0 has the value "yes", which is no finite',
    ),
    "nan": ("sums_choice", line(lambda one: one.update(acc=math.nan)), "document 0 has the value NaN"),
    "not scored": (
        "sums_choice",
        line(lambda one: one.update(acc=None)),
        "document 0 was not scored, as with --predict_only",
    ),
    "pair": ("sums_choice", line(lambda one: one.update(acc=[0, 1])), "computed over all documents together"),
    "no value": ("sums_choice", line(lambda one: one.pop("acc")), "names the metric 'acc' and has no value"),
    "left out": (
        "sums_choice",
        line(lambda one: (one.pop("acc"), one.update(metrics=["acc_norm"]))),
        "1 of 8 documents have no value, the first is 0",
    ),
    "one filter short": ("sums_generate", lambda every: every[1:], "1 of 8 documents have no value, the first is 0"),
    "no bytes": (
        "docs_perplexity",
        line(lambda one: one.update(word_perplexity=[-1.5, 0])),
        r"document 0 has the value \[-1\.5, 0\]; .*number of words above 0",
    ),
    "impossible": (
        "docs_perplexity",
        line(lambda one: one.update(word_perplexity=[-math.inf, 3])),
        r"document 0 has the value \[-Infinity, 3\]",
    ),
    "loss changed": (
        "docs_perplexity",
        line(lambda one: one.update(word_perplexity=[-1.5, 4])),
        r"word_perplexity,none of 'docs_perplexity' is 6\.65",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_samples_that_cannot_be_trusted_are_refused(tmp_path: Path, name: str) -> None:
    task, change, message = BAD[name]
    with pytest.raises(EvidenceError, match=message):
        read(edited(tmp_path, task, change), None, CHOICES)


def test_a_part_of_a_completion_is_refused(tmp_path: Path) -> None:
    folder = edited(tmp_path, "sums_code", line(lambda one: one.update({"pass@1": 0.3})), "code")
    with pytest.raises(EvidenceError, match=r"value 0\.3 with 4 completions, and no number of passes"):
        read(folder, None, ["acc", "pass@1"])


def test_the_total_of_a_code_task_is_compared(tmp_path: Path) -> None:
    folder = changed(tmp_path, "code", lambda raw: raw["results"]["sums_code"].update({"pass@1,create_test": 0.4}))
    with pytest.raises(
        EvidenceError, match=r"pass@1,create_test of 'sums_code' is 0\.4, but the samples come to 0\.3125"
    ):
        read(folder, None, ["acc", "pass@1"])


def test_samples_of_other_documents_than_the_results_say_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "four_tasks", lambda raw: None)
    (path,) = folder.glob("samples_sums_choice_*.jsonl")
    every = path.read_text().splitlines(keepends=True)
    path.write_text("".join([every[1], every[0], *every[2:]]))
    with pytest.raises(EvidenceError, match=r"documents have the hash \w{12}, and the results file says 835cd6a7aae7"):
        read(folder, None, CHOICES)


RESULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no count": (lambda raw: raw.pop("n-samples"), "n-samples: Field required"),
    "no model": (lambda raw: raw["config"].pop("model"), r"json:\d+:\d+: config.model: Field required"),
    "no date": (lambda raw: raw.update(date="today"), r"json:\d+:\d+: date: .*valid number; it is 'today'"),
    "no tasks": (lambda raw: raw.update(configs={}), "configs: .*at least 1 item"),
    "other count": (
        lambda raw: (raw["n-samples"]["sums_choice"].update(effective=9), raw["task_hashes"].clear()),
        "results_.* says 9",
    ),
    "no size": (
        lambda raw: (raw["n-samples"].pop("sums_choice"), raw["task_hashes"].clear()),
        "does not say of how many",
    ),
    "other total": (
        lambda raw: raw["results"]["sums_choice"].update({"acc,none": 0.5}),
        "is 0.5, but the samples come to",
    ),
    "no total": (lambda raw: raw["results"].pop("sums_choice"), "of 'sums_choice' is None, but"),
    "temperature": (
        lambda raw: raw["configs"]["sums_generate"]["generation_kwargs"].update(temperature=-1),
        "samples_sums_generate.*this makes no record: temperature: .*greater than or equal to 0",
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_that_cannot_be_trusted_are_refused(tmp_path: Path, name: str) -> None:
    change, message = RESULTS[name]
    with pytest.raises(EvidenceError, match=message):
        read(changed(tmp_path, "four_tasks", change), None, CHOICES)


def test_a_1_is_a_pass_only_where_more_is_better(tmp_path: Path) -> None:
    folder = changed(tmp_path, "four_tasks", lambda raw: raw["higher_is_better"]["sums_choice"].update(acc=False))
    one = next(one for one in read(folder, None, CHOICES) if one.protocol.benchmark == "sums_choice")
    assert isinstance(one.outcome, ExamplesOutcome)
    assert one.outcome.unit == "acc"


def test_samples_without_their_results_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "0.4.8", lambda raw: None)
    (samples,) = folder.glob("samples_*")
    with pytest.raises(EvidenceError, match=r"these are the samples; give the results file, results_2026.*json"):
        read(samples, None, ["acc"])
    next(folder.glob("results_*")).unlink()
    for path in (folder, samples):
        with pytest.raises(EvidenceError, match=r"no results file of this run beside it.*Put results_2026-11-21T14-44"):
            read(path, None, ["acc"])


def test_results_without_their_samples_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "0.4.8", lambda raw: None)
    next(folder.glob("samples_*")).unlink()
    with pytest.raises(EvidenceError, match=r"samples_sums_choice_.*jsonl is not beside it.*--log_samples"):
        read(folder, None, ["acc"])


def test_one_bad_run_stops_the_whole_import(tmp_path: Path) -> None:
    changed(tmp_path, "0.4.8", lambda raw: None)
    changed(tmp_path, "chat", lambda raw: raw.pop("versions"))
    with pytest.raises(
        EvidenceError, match=r"versions: Field required.*\n1 of 2 files cannot be used: nothing was imported"
    ):
        read(tmp_path, None, ["acc", "exact_match,loose"])


def test_a_place_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="there is no results_"):
        read(tmp_path)
    with pytest.raises(EvidenceError, match="No such file"):
        read(tmp_path / "results_2026-01-01T00-00-00.json")
    (tmp_path / "results.json").write_bytes(next((SAMPLES / "0.4.8").glob("results_*")).read_bytes())
    with pytest.raises(EvidenceError, match="ends in the time of the run"):
        read(tmp_path / "results.json", None, ["acc"])


# --- as a user calls it ---


def test_only_its_own_format_recognises_a_run(tmp_path: Path) -> None:
    for path in SAMPLES.iterdir():
        assert recognise(path) == "lm-eval"
        assert recognise(next(path.glob("*_2026*.json"))) == "lm-eval"
    (tmp_path / "results_2026-01-01T00-00-00.json").write_text('{"results": {}')
    assert [name for name, module in FORMATS.items() if module.recognises(tmp_path)] == []


def test_two_filters_are_compared_problem_by_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = []
    for name in ("strict", "loose"):
        words = ["evidence", "import", "lm-eval", str(SAMPLES / "chat"), "--score", f"exact_match,{name}"]
        assert main([*words, "--into", str(tmp_path), "--json"]) == 0
        ids += json.loads(capsys.readouterr().out)["new"]
    assert len(set(ids)) == 2
    assert main(["evidence", "compare", *ids, "--evidence", str(tmp_path)]) == 0
    assert "sums_generate, 8 problems, paired" in capsys.readouterr().out
    assert main(["evidence", "import", "auto", str(SAMPLES / "chat"), "--into", str(tmp_path)]) == 2
    assert "exact_match,strict, exact_match,loose" in " ".join(capsys.readouterr().err.split())
