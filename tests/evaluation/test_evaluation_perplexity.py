"""Perplexity: the loss is that of transformers, every token counts once, and what cannot be measured is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apr_core.errors import AprError, EvidenceError, UsageError
from apr_core.evaluation.models import encode, opened
from apr_core.evaluation.perplexity import (
    Document,
    Loss,
    measure,
    read_documents,
    summarise,
    windows,
)
from apr_core.evidence.ledger import Ledger
from apr_core.evidence.metrics import evaluate
from apr_core.statistics import bootstrap_interval

if TYPE_CHECKING:
    from analyses_models import Apr, Make

pytest_plugins = ["analyses_models"]

TEXT = (
    "def area(width, height):\n    return width * height\n\n\nfor index in range(10):\n    print(index, area(index, 2))\n"
    * 4
)


def recipe(side: Any, ids: list[int], window: int, stride: int) -> tuple[float, int]:
    """The sliding window as Hugging Face documents it: labels of -100 where a token was scored before, their own loss."""
    import torch

    total, count, before = 0.0, 0, 0
    for begin in range(0, len(ids), stride):
        end = min(begin + window, len(ids))
        inputs = torch.tensor([ids[begin:end]])
        labels = inputs.clone()
        labels[:, : -(end - before)] = -100
        with torch.no_grad():
            loss = side.model(inputs, labels=labels).loss
        valid = int((labels[:, 1:] != -100).sum())
        total += float(loss) * valid
        count += valid
        before = end
        if end == len(ids):
            break
    return total, count


@pytest.mark.parametrize(("window", "stride"), [(512, 256), (32, 16), (32, 31), (9, 4), (2, 1)])
def test_the_loss_is_that_of_transformers(checkpoint: Path, window: int, stride: int) -> None:
    with opened(checkpoint, device="cpu") as side:
        ids = encode(side, TEXT)
        (found,) = measure(side, [Document("text", TEXT)], window, stride)
        total, count = recipe(side, ids, window, stride)
    assert found.scored == count == len(ids) - 1
    assert found.nats / found.scored == pytest.approx(total / count, abs=1e-5)


def test_documents_are_scored_apart_and_float64_agrees_with_float32(checkpoint: Path) -> None:
    documents = [Document("a", TEXT), Document("b", "def f():\n    return 1\n")]
    with opened(checkpoint, device="cpu") as side:
        both = measure(side, documents, 64, 32)
        alone = measure(side, documents[1:], 64, 32)
    with opened(checkpoint, dtype="float64", implementation="transformers-eager", device="cpu") as fine:
        finer = measure(fine, documents, 64, 32)
    assert both[1] == alone[0]
    assert [one.nats for one in finer] == pytest.approx([one.nats for one in both], rel=1e-5)
    found = summarise(both)
    assert found.tokens == both[0].scored + both[1].scored
    assert found.perplexity == pytest.approx(math.exp((both[0].nats + both[1].nats) / found.tokens))


def test_a_window_as_long_as_the_text_needs_no_stride_and_a_short_one_knows_less(checkpoint: Path) -> None:
    with opened(checkpoint, device="cpu") as side:
        ids = len(encode(side, TEXT))
        whole = measure(side, [Document("t", TEXT)], min(ids, 512), 1)
        longer = measure(side, [Document("t", TEXT)], 512, 100)
        short = measure(side, [Document("t", TEXT)], 16, 8)
    assert whole[0].nats == pytest.approx(longer[0].nats, rel=1e-6)
    assert short[0].nats != pytest.approx(longer[0].nats, rel=1e-3)


def test_a_window_beyond_the_context_and_a_text_of_one_token_are_refused(make: Make) -> None:
    folder = make(context=64)
    with opened(folder, device="cpu") as side:
        with pytest.raises(UsageError, match=r"window is 65 tokens and .* was made for 64"):
            measure(side, [Document("t", TEXT)], 65, 8)
        with pytest.raises(UsageError, match="'one' has 1 tokens"):
            measure(side, [Document("one", "a")], 64, 8)


def test_a_checkpoint_that_lacks_weights_is_refused_and_not_filled_with_random_ones(make: Make) -> None:
    folder = make(seed=3)
    config = json.loads((folder / "config.json").read_text())
    config["num_hidden_layers"] += 1
    config.pop("layer_types", None)
    (folder / "config.json").write_text(json.dumps(config))
    with (
        pytest.raises(AprError, match=r"lacks \d+ weights that its config.json asks for"),
        opened(folder, device="cpu"),
    ):
        raise AssertionError("it was opened")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"implementation": "transformers-edger"}, "Did you mean 'transformers-eager'"),
        ({"dtype": "float23"}, "Did you mean 'float32'"),
        ({"device": "cuda:77"}, "'cuda:77' cannot be used here"),
    ],
)
def test_what_there_is_not_is_named_with_what_there_is(checkpoint: Path, options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message), opened(checkpoint, **options):
        raise AssertionError("it was opened")


def test_the_command_shows_the_figure_and_records_what_it_rests_on(checkpoint: Path, tmp_path: Path, apr: Apr) -> None:
    (tmp_path / "t.jsonl").write_text(
        "".join(json.dumps({"id": f"d{k}", "text": f"x = {k} + {k * k}"}) + "\n" for k in range(30))
    )
    words = (
        "eval",
        "perplexity",
        str(checkpoint),
        "--text",
        str(tmp_path / "t.jsonl"),
        "--window",
        "16",
        "--stride",
        "8",
    )
    named = (
        "--benchmark",
        "held-out-text",
        "--role",
        "instruct",
        "--stage",
        "import-hf",
        "--evidence",
        str(tmp_path / "e"),
    )
    code, out, err = apr(*words, "--device", "cpu", "--json", *named)
    assert code == 0, err
    found = json.loads(out)
    assert found["interval"][0] < found["perplexity"] < found["interval"][1]
    assert found["tokens"] == sum(one["tokens"] for one in found["documents"])
    keys = {"role": "instruct", "benchmark": "held-out-text", "backend": "transformers", "source": "measured"}
    (record,) = Ledger([tmp_path / "e"]).select(keys).records
    assert evaluate("perplexity", [record]).value == pytest.approx(found["perplexity"])
    assert (record.subject.precision, record.environment.device, record.subject.stage) == ("f32", "cpu", "import-hf")
    assert record.protocol.limits == {"window_tokens": 16, "stride_tokens": 8}
    assert record.arguments.passed is not None and record.arguments.default is not None
    assert record.arguments.passed["window"] == 16
    assert record.arguments.default["implementation"] == "transformers-sdpa"
    code, out, _ = apr(*words, "--device", "cpu")
    assert f"perplexity {found['perplexity']:.6g}" in out
    assert "over 30 documents" in out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--window", "8", "--stride", "8"), "allowed is a stride from 1 to 7"),
        (("--window", "600"), "was made for 512"),
        (("--text", "none.txt"), "cannot read none.txt"),
    ],
)
def test_what_the_command_cannot_measure_is_refused(
    checkpoint: Path, tmp_path: Path, apr: Apr, more: tuple[str, ...], message: str
) -> None:
    (tmp_path / "t.txt").write_text(TEXT)
    code, out, err = apr("eval", "perplexity", str(checkpoint), "--text", str(tmp_path / "t.txt"), *more)
    assert (code, out) == (2, "")
    assert message in err


# --- without a model ---


def test_windows_of_a_text_that_fits_into_one() -> None:
    assert windows(10, 512, 256) == [(0, 10, 1)]


def test_an_interval_needs_thirty_documents_and_holds_the_perplexity() -> None:
    documents = [Loss(str(k), 10 + k, (10 + k) * (2 + math.sin(k))) for k in range(40)]
    few, many = summarise(documents[:29]), summarise(documents, seed=5)
    assert few.interval is None
    assert "needs 30 of them, and there are 29" in few.why
    assert many.interval is not None
    bounds = bootstrap_interval(
        [one.nats / one.scored for one in documents], limits=None, seed=5, weights=[one.scored for one in documents]
    )
    assert [math.log(bound) for bound in many.interval] == pytest.approx(list(bounds))
    assert many.interval.low < many.perplexity < many.interval.high


def test_a_loss_that_is_no_number_is_no_result() -> None:
    with pytest.raises(EvidenceError, match="'b' is nan"):
        summarise([Loss("a", 3, 1.0), Loss("b", 3, math.nan)])
    with pytest.raises(EvidenceError, match="no finite perplexity"):
        summarise([Loss("a", 1, 800.0)])
    with pytest.raises(EvidenceError, match="no document"):
        summarise([])
    assert (
        summarise([Loss(str(k), 2, 3.0) for k in range(40)]).why == "all documents have one loss, which shows no spread"
    )


def test_documents_come_from_files_lines_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.jsonl").write_text('{"id": "x", "text": "three"}\n\n{"text": "four"}\n')
    expected = [Document("a.txt", "one\ntwo\n"), Document("x", "three"), Document("b.jsonl:3", "four")]
    assert read_documents([tmp_path]) == expected
    assert read_documents([tmp_path / "b.jsonl", tmp_path / "a.txt"]) == [*expected[1:], expected[0]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.txt", "", "'t.txt' is empty"),
        ("t.txt", " \n\t", "'t.txt' is empty"),
        ("t.jsonl", "", "'t.jsonl' is empty"),
        ("t.jsonl", '{"text": "a"}\n{"text": ""}', "'t.jsonl:2' is empty"),
        ("t.jsonl", '{"texts": "a"}', "t.jsonl:1: every line must be a JSON object with `text`"),
        ("t.jsonl", '{"text": "a"', "this is not JSON"),
        ("t.jsonl", '{"id": "a", "text": "a"}\n{"id": "a", "text": "b"}', "two documents are called 'a'"),
    ],
)
def test_a_text_that_is_none_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(AprError, match=message):
        read_documents([tmp_path / name])


def test_an_empty_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no text here"):
        read_documents([tmp_path])
    with pytest.raises(AprError, match="cannot read"):
        read_documents([tmp_path / "none.txt"])
