"""Checkpoints that must not be loaded, and what is said about them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import edit_json, make_checkpoint

from apr_core.errors import AprError, UsageError
from apr_core.inference import Request, open_backend
from apr_core.inference.checkpoint import (
    cache_bytes_per_token,
    check_folder,
    context_length,
    digest_folder,
    weight_bytes,
)


@pytest.fixture
def folder(endless: Path, tmp_path: Path) -> Path:
    return shutil.copytree(endless, tmp_path / "copy")


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_weights_that_are_only_pickled_are_refused_and_never_opened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    bomb = "cos\nsystem\n(S'touch %s'\ntR." % (folder / "opened")
    (folder / "pytorch_model.bin").write_bytes(bomb.encode())
    with pytest.raises(UsageError, match=r"only in pytorch_model.bin: pickled files, which can run any code"):
        open_backend(str(folder))
    assert not (folder / "opened").exists()


def test_pickled_weights_beside_safetensors_are_not_opened(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"not even a pickle")
    with open_backend(str(folder)) as backend:
        assert next(backend.generate([Request("def", "t", max_tokens=1)])).tokens_generated == 1


def cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def lengthen(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes() + b"0")


def spoil_header(folder: Path) -> None:
    file = folder / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[8:12] = b"\xff\xff\xff\xff"
    file.write_bytes(data)


def no_shard(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}})
    )


def escape(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../other/model.safetensors"}})
    )


def no_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()


def lose_a_tensor(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.pop("model.layers.1.mlp.up_proj.weight"))


def reshape_a_tensor(folder: Path) -> None:
    edit_json(folder / "config.json", intermediate_size=96)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "no such folder"),
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "it has no config.json"),
    "broken configuration": (lambda folder: (folder / "config.json").write_text("{"), r"config.json:1:.* not JSON"),
    "a list as configuration": (lambda folder: (folder / "config.json").write_text("[]"), "holds list, not a map"),
    "unknown architecture": (
        lambda folder: edit_json(folder / "config.json", model_type="nobody", architectures=["Nobody"]),
        "cannot be loaded: .*nobody",
    ),
    "own code": (
        lambda folder: edit_json(
            folder / "config.json", model_type="theirs", auto_map={"AutoModelForCausalLM": "theirs.Model"}
        ),
        "code that comes with a checkpoint is never run",
    ),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), r"no \*.safetensors is there"),
    "truncated weights": (cut_short, "is truncated. Copy the file again"),
    "lengthened weights": (lengthen, "longer than it should be"),
    "empty weights": (lambda folder: (folder / "model.safetensors").write_bytes(b""), "fits into 0 bytes"),
    "spoilt header": (spoil_header, "has a damaged header"),
    "missing shard": (no_shard, r"is incomplete: model-00002-of-00002.safetensors of 2 files .* is not there"),
    "shard elsewhere": (escape, "is incomplete: model.safetensors of 1 files"),
    "missing tensor": (
        lose_a_tensor,
        r"is not whole: 1 tensors are missing, the first model.layers.1.mlp.up_proj.weight",
    ),
    "tensors of another shape": (reshape_a_tensor, "cannot be loaded|have another shape"),
    "no tokenizer": (no_tokenizer, "has no tokenizer"),
    "broken tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
        "the tokenizer in .* cannot be loaded",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_checkpoint_that_is_not_whole_is_refused_in_one_paragraph(damage: str, folder: Path) -> None:
    spoil, message = DAMAGE[damage]
    spoil(folder)
    with pytest.raises(AprError, match=message) as refusal:
        open_backend(str(folder), backend="transformers", device="cpu")
    assert "\n" not in str(refusal.value)
    assert str(folder) in str(refusal.value)


def test_tensors_that_nothing_uses_are_noted(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.update({"value_head.weight": torch.zeros(2)}))
    notes: list[str] = []
    with open_backend(str(folder), notes=notes.append):
        pass
    assert notes == [f"{folder}: 1 tensors are not used by Qwen2ForCausalLM, the first value_head.weight"]


def test_a_tokenizer_of_another_model_is_noticed(folder: Path) -> None:
    edit_json(folder / "config.json", vocab_size=200)
    rewrite(
        folder, lambda tensors: tensors.update({k: tensors[k][:200].clone() for k in tensors if len(tensors[k]) == 320})
    )
    with (
        open_backend(str(folder)) as backend,
        pytest.raises(AprError, match=r"task 't': .* embeddings for 200.* copy the right one"),
    ):
        list(backend.generate([Request("def fib(n):", "t")]))


def test_the_digest_is_of_what_changes_the_output_and_of_nothing_else(endless: Path, folder: Path) -> None:
    before = digest_folder(folder)
    assert before == digest_folder(endless)
    (folder / "README.md").write_text("about")
    (folder / "pytorch_model.bin").write_bytes(b"unused")
    (folder / "trainer_state.json").write_text("{}")
    assert digest_folder(folder) == before
    for name in ("config.json", "tokenizer.json", "generation_config.json", "chat_template.jinja"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole + b" ")
        assert digest_folder(folder) != before, name
        (folder / name).write_bytes(whole)
    rewrite(folder, lambda tensors: tensors["model.norm.weight"].add_(1))
    assert digest_folder(folder) != before


def test_sizes_are_read_without_loading(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "three", layers=3, context=99, dtype="bfloat16")
    config = check_folder(folder)
    assert context_length(config) == 99
    assert cache_bytes_per_token(config) == 2 * 3 * 2 * 16 * 2, "keys and values, layers, heads, width, bytes"
    assert weight_bytes(folder) == (folder / "model.safetensors").stat().st_size


def test_a_configuration_without_sizes_has_none() -> None:
    assert context_length({"model_type": "endless"}) is None
    assert cache_bytes_per_token({"dtype": "float32"}) is None
    assert context_length({"text_config": {"max_position_embeddings": 7}}) == 7
