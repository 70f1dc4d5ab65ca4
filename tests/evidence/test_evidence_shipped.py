"""What the shipped records show: the findings that contracts on published results rest on."""

from __future__ import annotations

from pathlib import Path

import pytest

from apr_core.evidence.analysis import compare, oracle
from apr_core.evidence.ledger import Ledger
from apr_core.evidence.metrics import evaluate

LEDGER = Ledger([Path(__file__).parents[2] / "falsify" / "evidence"])
SEVEN, LARGE = "Qwen2.5-Coder-7B-Instruct", "Qwen2.5-Coder-32B-Instruct"


def runs(known: bool = True, **selector: object) -> list:  # type: ignore[type-arg]
    found = LEDGER.select({"source": "imported", **selector}).records
    return [one for one in found if one.outcome.kind == "problems"] if known else list(found)


def test_every_shipped_file_is_a_valid_record() -> None:
    assert LEDGER.broken == ()
    # 22 imported runs and 7 figures of one project, and of one model what EvalPlus and what we say of the same programs
    assert len(LEDGER.records) == 31


@pytest.mark.parametrize(
    ("benchmark", "model", "prompt", "count", "solved"),
    [
        ("humaneval", SEVEN, None, 7, 153),
        ("humaneval", SEVEN, "few-shot", 2, 146),
        ("humaneval", SEVEN, "standard", 4, 143),
        ("humaneval", SEVEN, "cgo", 1, 137),
        # The unions that the project's text calls those of the 7B model hold runs of the 32B model too.
        ("humaneval", [SEVEN, LARGE], None, 9, 158),
        ("humaneval", [SEVEN, LARGE], "standard", 5, 156),
        ("humaneval", [SEVEN, LARGE], "few-shot", 3, 153),
        ("mbpp", SEVEN, None, 4, 412),
        ("mbpp", [SEVEN, LARGE], None, 5, 438),
        ("mbpp", [SEVEN, LARGE], "standard", 3, 433),
        ("mbpp", [SEVEN, LARGE], "few-shot", 2, 385),
    ],
)
def test_unions(benchmark: str, model: object, prompt: str | None, count: int, solved: int) -> None:
    found = oracle(runs(benchmark=benchmark, model=model, prompt=prompt))
    assert (len(found.runs), found.solved) == (count, solved)


def test_the_seven_billion_model_on_humaneval() -> None:
    found = oracle(runs(benchmark="humaneval", model=SEVEN))
    assert (len(found.always), len(found.inconsistent), len(found.never)) == (126, 27, 11)
    everything = evaluate("oracle", runs(known=False, benchmark="humaneval", model=SEVEN))
    assert everything.interval == (153 / 164, 1.0)  # three runs known only in total
    mixed = oracle(runs(benchmark="humaneval", model=[SEVEN, LARGE]))
    assert [len(share.unique) for share in mixed.models] == [6, 5]


def test_the_gain_of_few_shot_prompting_rests_on_six_flips() -> None:
    few_shot = runs(benchmark="humaneval", model=SEVEN, prompt="few-shot")[0]
    standard = runs(benchmark="humaneval", model=SEVEN, prompt="standard")[0]
    found = compare([standard], [few_shot])
    assert (len(found.lost), len(found.gained), len(found.both), len(found.neither)) == (1, 5, 138, 20)
