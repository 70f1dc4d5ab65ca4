"""Parity: two implementations agree, a planted difference is found where it is, and a thing is not compared with itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apr_core.errors import EvidenceError, UsageError
from apr_core.evaluation.models import opened
from apr_core.evaluation.parity import PROMPTS, Trace, compare, divergence, prompt_losses, trace

if TYPE_CHECKING:
    from analyses_models import Apr, Make

pytest_plugins = ["analyses_models"]

SHORT = ("--device", "cpu", "--tokens", "1")


def edited(folder: Path, target: Path, layer: int) -> Path:
    """A copy of a checkpoint in which one weight of one layer is another: 0 is the embeddings."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, target)
    file = target / "model.safetensors"
    tensors = load_file(file)
    name = "model.embed_tokens.weight" if layer == 0 else f"model.layers.{layer - 1}.mlp.down_proj.weight"
    tensors[name] = tensors[name] * 1.5
    save_file(tensors, file, metadata={"format": "pt"})
    return target


def test_eager_and_sdpa_attention_agree_in_every_measure(checkpoint: Path, apr: Apr) -> None:
    words = (
        "--reference",
        str(checkpoint),
        "--reference-implementation",
        "transformers-eager",
        "--device",
        "cpu",
        "--json",
    )
    code, out, err = apr("compare", str(checkpoint), *words)
    assert code == 0, err
    found = json.loads(out)
    assert found["differing"] == ["implementation"]
    assert [found[side]["implementation"] for side in ("candidate", "reference")] == [
        "transformers-sdpa",
        "transformers-eager",
    ]
    assert [row["layer"] for row in found["layers"]] == [0, 1, 2]
    assert all(row["cosine"] > 1 - 1e-9 and row["relative"] < 1e-5 for row in found["layers"])
    assert found["layers"][0]["relative"] == 0
    assert found["layers"][2]["relative"] > 0  # they are two implementations
    assert found["first_diverging"] is None
    assert found["logits"]["largest"] < 1e-4
    assert 0 <= found["kl"]["largest"] < 1e-8
    assert found["next_token_agreement"] == 1
    assert found["greedy"] == {"tokens": 16, "identical": len(PROMPTS), "shared": [16] * len(PROMPTS)}
    assert found["perplexity"]["candidate"] == pytest.approx(found["perplexity"]["reference"], rel=1e-5)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_layer_that_was_changed_is_the_first_to_diverge(
    checkpoint: Path, tmp_path: Path, layer: int, apr: Apr
) -> None:  # fmt: skip
    other = edited(checkpoint, tmp_path / "other", layer)
    code, out, _ = apr("compare-hf", str(other), "--reference", str(checkpoint), *SHORT, "--json")
    found = json.loads(out)
    assert code == 1
    assert found["first_diverging"] == layer
    assert found["differing"] == ["loaded weights"]
    assert found["perplexity"]["candidate"] != pytest.approx(found["perplexity"]["reference"], rel=1e-4)


@pytest.mark.parametrize("form", ["the same folder", "a copy", "stored in another dtype", "other words for the same"])
def test_a_thing_is_not_compared_with_itself(
    checkpoint: Path, make: Make, tmp_path: Path, form: str, apr: Apr
) -> None:  # fmt: skip
    other, words = checkpoint, ()
    if form == "a copy":
        other = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    elif form == "stored in another dtype":
        other, words = _stored_as_float64(checkpoint, tmp_path / "wide"), ("--dtype", "float32")
    elif form == "other words for the same":
        words = ("--reference-dtype", "float32", "--reference-implementation", "transformers-sdpa", "--tolerance", "0")
    code, out, err = apr("compare", str(checkpoint), "--reference", str(other), *SHORT, *words)
    assert code == 2
    assert out == ""
    assert "both sides resolve to one implementation: transformers-sdpa in float32 on cpu" in err


def _stored_as_float64(folder: Path, target: Path) -> Path:
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, target)
    tensors = {name: tensor.double() for name, tensor in load_file(target / "model.safetensors").items()}
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(config | {"dtype": "float64"}))
    return target


def test_a_coarser_dtype_is_within_its_own_tolerance_and_not_within_that_of_float32(checkpoint: Path, apr: Apr) -> None:
    words = ("compare", str(checkpoint), "--reference", str(checkpoint), "--dtype", "bfloat16", *SHORT)
    code, out, _ = apr(*words, "--reference-dtype", "float32")
    assert code == 0
    assert "they differ in dtype, loaded weights" in out
    assert "no layer differs by more than 0.05 of its norm" in out
    code, out, _ = apr(*words, "--reference-dtype", "float32", "--tolerance", "1e-4")
    assert code == 1
    assert "from the embeddings on the states differ by more than 0.0001 of their norm" in out
    assert "first to diverge" in out


def test_perplexity_may_be_of_a_text_and_prompts_may_be_ones_own(
    checkpoint: Path, make: Make, tmp_path: Path, apr: Apr
) -> None:
    (tmp_path / "t.txt").write_text("for index in range(10):\n    print(index)\n" * 5)
    (tmp_path / "p.jsonl").write_text('{"prompt": "def f("}\n\n{"prompt": "x"}\n')
    words = (
        "--text",
        str(tmp_path / "t.txt"),
        "--prompts",
        str(tmp_path / "p.jsonl"),
        "--window",
        "32",
        "--stride",
        "16",
    )
    code, out, err = apr(
        "compare", str(make(seed=1)), "--reference", str(checkpoint), "--json", "--device", "cpu", *words
    )
    assert code == 1, err
    found = json.loads(out)
    assert len(found["greedy"]["shared"]) == 2
    assert found["perplexity"]["on"] == "text"
    code, out, _ = apr("eval", "perplexity", str(checkpoint), "--device", "cpu", "--json", *words[:2], *words[4:])
    assert json.loads(out)["perplexity"] == pytest.approx(found["perplexity"]["reference"], rel=1e-9)


def test_models_of_other_depth_are_compared_in_their_logits(checkpoint: Path, make: Make, apr: Apr) -> None:
    code, out, _ = apr(
        "compare", str(make(layers=3)), "--reference", str(checkpoint), "--device", "cpu", "--tokens", "2"
    )
    assert code == 0
    assert "other layers: 4 states of width 64 against 3 of width 64" in out
    assert "KL divergence" in out


def test_what_cannot_be_compared_says_why(checkpoint: Path, make: Make, tmp_path: Path, apr: Apr) -> None:
    same = ("compare", str(checkpoint), "--reference", str(checkpoint), *SHORT)
    assert "tolerance nan" in apr(*same, "--reference-dtype", "float64", "--tolerance", "nan")[2]
    (tmp_path / "p.jsonl").write_text('{"prompts": "x"}')
    assert "p.jsonl:1: every line" in apr(*same, "--prompts", str(tmp_path / "p.jsonl"))[2]
    (tmp_path / "p.jsonl").write_text("")
    assert "there is no prompt in this file" in apr(*same, "--prompts", str(tmp_path / "p.jsonl"))[2]
    assert "it has no config.json" in apr("compare", str(checkpoint), "--reference", str(tmp_path))[2]
    with opened(make(context=12), device="cpu") as side:
        with pytest.raises(UsageError, match="more than the 12 that"):
            trace(side, ["def f(x):\n    return x\n"], 8)
        with pytest.raises(UsageError, match="has no token"):
            trace(side, [""], 1)


# --- arrays only ---


def a_trace(ids: tuple[int, ...], vocabulary: int = 5, seed: int = 0) -> Trace:
    generator = np.random.default_rng(seed)
    hidden = tuple(generator.normal(size=(len(ids), 4)) for _ in range(3))
    return Trace(ids, hidden, generator.normal(size=(len(ids), vocabulary)), (1, 2))


def test_sides_that_read_other_tokens_are_not_compared_position_by_position() -> None:
    with pytest.raises(EvidenceError, match="their tokenizers differ"):
        compare([a_trace((1, 2, 3))], [a_trace((1, 2, 4))], 1e-4)
    with pytest.raises(EvidenceError, match="5 and 6 logits"):
        compare([a_trace((1, 2))], [a_trace((1, 2), vocabulary=6)], 1e-4)


def test_a_state_that_is_not_finite_diverges_and_the_answer_is_still_json() -> None:
    broken = a_trace((1, 2, 3))
    broken.hidden[1][0, 0] = np.nan
    broken.logits[0, 0] = np.inf
    found = compare([broken], [a_trace((1, 2, 3))], 1e-4)
    assert found["first_diverging"] == 1
    assert found["layers"][1] == {"layer": 1, "cosine": 0.0, "relative": None}
    assert found["logits"]["largest"] is None
    json.dumps(found, allow_nan=False)


def test_the_divergence_is_the_textbook_one() -> None:
    p, q = np.array([[0.5, 0.25, 0.25]]), np.array([[0.2, 0.2, 0.6]])
    expected = (p * np.log(p / q)).sum()
    assert divergence(np.log(q) + 3, np.log(p) - 2) == pytest.approx(expected)


def test_the_loss_of_prompts_is_of_every_token_but_the_first() -> None:
    one, two = a_trace((3, 1, 4)), a_trace((2,))
    (found,) = prompt_losses([one, two])
    logs = one.logits - np.log(np.exp(one.logits).sum(-1, keepdims=True))
    assert found[0] == 2
    assert found[1] == pytest.approx(-(logs[0, 1] + logs[1, 4]))
