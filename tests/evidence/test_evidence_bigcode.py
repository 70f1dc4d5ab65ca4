"""The importer of bigcode-evaluation-harness: totals, and how much of the config is true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness_samples import SAMPLES, broken, raw, write

from apr_core.errors import EvidenceError
from apr_core.evidence.importers import IMPORTERS
from apr_core.evidence.record import UNKNOWN, AggregateOutcome, Record, Sampling

BIGCODE = SAMPLES / "bigcode"


def bigcode(path: Path, model: str | None = None) -> Record:
    (record,) = IMPORTERS["bigcode"](path, model=model)
    return record


def test_a_run_that_generated_says_how() -> None:
    record = bigcode(BIGCODE / "generated-limit")
    assert (record.subject.model, record.subject.precision, record.seed) == ("../own-tiny", "bf16", 0)
    assert record.protocol.sampling == Sampling(temperature=0.8, samples=4, top_p=0.95, top_k=5)
    assert record.protocol.limits == {"max_length_generation": 64}
    assert record.protocol.benchmark == "humaneval-custom"  # --limit 2 --limit_start 1
    assert record.outcome == AggregateOutcome(metric="pass@1", value=0.0, n=2)
    assert (record.source.tool, record.source.tool_version) == ("bigcode-evaluation-harness", UNKNOWN)
    assert "first problem: 1\nproblems asked for: 2" in str(record.source.note)


def test_greedy_decoding_has_no_sampling_parameters() -> None:
    record = bigcode(BIGCODE / "generated-greedy", "Tiny")
    assert record.protocol.sampling == Sampling(temperature=0.0, samples=1)
    assert record.outcome == AggregateOutcome(metric="pass@1", passes=0, n=4)
    assert (record.subject.model, record.subject.precision) == ("Tiny", "f32")
    assert "the file calls the model ../own-tiny" in str(record.source.note)


def test_of_a_run_on_loaded_generations_the_config_is_not_believed() -> None:
    config = raw(BIGCODE / "loaded-greedy" / "evaluation_results.json")["config"]
    assert (config["model"], config["temperature"]) == (
        "codeparrot/codeparrot-small",
        0.2,
    )  # what the options are left at
    with pytest.raises(EvidenceError, match="--model"):
        bigcode(BIGCODE / "loaded-greedy")
    record = bigcode(BIGCODE / "loaded-greedy", "Tiny")
    assert (record.subject.model, record.subject.precision, record.seed) == ("Tiny", UNKNOWN, None)
    assert record.protocol.sampling == Sampling(samples=1)
    assert record.protocol.limits == {}
    assert record.outcome == AggregateOutcome(metric="pass@1", passes=3, n=4)  # 0.75


def test_several_samples_stay_a_rate_and_what_else_was_printed_is_kept() -> None:
    record = bigcode(BIGCODE / "loaded-10-samples", "Tiny")
    assert record.protocol.sampling == Sampling(samples=10)
    assert record.outcome == AggregateOutcome(metric="pass@1", value=0.4, n=4)
    assert record.observed == {"pass@10": 0.75}


def results(folder: Path, change: Callable[[Any], object], generations: Any = None) -> Path:
    """The greedy run on loaded generations, changed; without the generations unless some are given."""
    path = folder / "evaluation_results.json"
    path.write_text(broken(BIGCODE / "loaded-greedy" / path.name, change))
    if generations is not None:
        write(folder / "greedy_gens.json", generations)
    return path


def test_without_the_generations_the_number_of_problems_is_not_known(tmp_path: Path) -> None:
    record = bigcode(results(tmp_path, lambda run: None), "Tiny")
    assert record.outcome == AggregateOutcome(metric="pass@1", value=0.75)
    assert "how many problems there were is not known" in str(record.source.note)


@pytest.mark.parametrize(
    ("sizes", "config", "benchmark", "n"),
    [
        ([1] * 164, {}, "humaneval", 164),
        ([1] * 20, {}, "humaneval-custom", 20),  # generated with --limit 20, evaluated without
        ([1] * 164, {"limit": 20}, "humaneval-custom", 20),
        ([1] * 164, {"limit": 164}, "humaneval", 164),
        ([1] * 164, {"limit_start": 1}, "humaneval-custom", 164),
    ],
)
def test_part_of_a_task_is_not_called_the_task(
    tmp_path: Path, sizes: list[int], config: dict[str, Any], benchmark: str, n: int
) -> None:
    path = results(tmp_path, lambda run: run["config"].update(config), [[""] * size for size in sizes])
    record = bigcode(path, "Tiny")
    assert (record.protocol.benchmark, record.outcome.n) == (benchmark, n)  # type: ignore[union-attr]


def test_every_task_of_a_file_is_a_record(tmp_path: Path) -> None:
    path = results(tmp_path, lambda run: run.update({"gsm": {"accuracy": 0.25, "num_failed_execution": 3}}))
    one, other = IMPORTERS["bigcode"](path, model="Tiny")
    assert (one.protocol.benchmark, other.protocol.benchmark) == ("humaneval", "gsm")
    assert other.outcome == AggregateOutcome(metric="accuracy", value=0.25)
    assert other.observed == {"num_failed_execution": 3.0}


def test_an_adapter_is_the_model_and_its_base_the_lineage(tmp_path: Path) -> None:
    change = {"load_generations_path": None, "peft_model": "o/adapter", "load_in_4bit": True, "prefix": "# "}
    record = bigcode(results(tmp_path, lambda run: run["config"].update(change)))
    assert (record.subject.model, record.subject.lineage) == ("o/adapter", ("codeparrot/codeparrot-small",))
    assert record.subject.precision == "4bit"
    assert "prefix: '# '" in str(record.source.note)


BAD_BIGCODE: dict[str, tuple[Callable[[Any], object], str]] = {
    "no result": (lambda run: run.update(humaneval=None), "the results of 'humaneval' are None"),
    "nested": (
        lambda run: run.update(parity={"1 bugs": {"pass@1": 0.5}}),
        r"results of 'parity' are .*one of its own|results of 'parity' are",
    ),
    "no numbers": (lambda run: run.update(humaneval={}), r"results of 'humaneval' are \{\}"),
    "which number": (
        lambda run: run.update(apps={"avg_accuracy": 0.5, "strict_accuracy": 0.25}),
        "'apps' has avg_accuracy, strict_accuracy; which of them is its result is not known",
    ),
    "only a config": (lambda run: run.pop("humaneval"), "has a config and no results"),
    "no config": (lambda run: run.pop("config"), "these are no results of bigcode-evaluation-harness"),
    "percentage": (lambda run: run["humaneval"].update({"pass@1": 75.0}), "not a percentage"),
    "odd config": (lambda run: run["config"].update(n_samples="10"), r"n_samples: .*valid integer; it is '10'"),
}


@pytest.mark.parametrize("name", BAD_BIGCODE)
def test_results_that_cannot_be_trusted_are_refused(tmp_path: Path, name: str) -> None:
    change, message = BAD_BIGCODE[name]
    with pytest.raises(EvidenceError, match=message):
        bigcode(results(tmp_path, change), "Tiny")


@pytest.mark.parametrize(
    ("generations", "message"),
    [
        ([[""]] * 5, r"5 problems with 1 samples each, of which 3.7500 would have passed"),
        ([[""], [], [""], [""]], "this problem has no samples"),
        ({"0": [""]}, "Input should be a valid list"),
        (["", ""], "valid list"),
        ([], "at least 1 item"),
    ],
)
def test_generations_that_do_not_fit_the_results_are_refused(tmp_path: Path, generations: Any, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        bigcode(results(tmp_path, lambda run: None, generations), "Tiny")


def test_reference_solutions_are_no_model() -> None:
    with pytest.raises(EvidenceError, match="--check_references was given"):
        bigcode(BIGCODE / "references", "Tiny")


def test_generations_alone_hold_no_results(tmp_path: Path) -> None:
    path = write(tmp_path / "generations_humaneval.json", [[""]])
    with pytest.raises(EvidenceError, match="Generations hold no results"):
        bigcode(path, "Tiny")
    with pytest.raises(EvidenceError, match="there are only lists in"):
        bigcode(tmp_path, "Tiny")
