"""A Hugging Face folder, looked at before anything loads it: which files it has, what they say, and their digest.

No torch and no transformers. The one thing a reader would get wrong: a folder with pickled weights beside safetensors is
fine, for only the safetensors are ever opened; a folder with pickled weights alone is refused, for unpickling runs whatever
code is in it.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apr_core.errors import AprError, UsageError
from apr_core.files import read_json

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
"""Any of these makes a tokenizer."""

MAX_HEADER = 100 * 2**20
"""The largest header that the safetensors library reads, in bytes."""


def check_folder(folder: Path) -> dict[str, Any]:
    """The configuration of a checkpoint whose files are all there and sound as far as their headers say.

    Raises:
        AprError: a file is missing, truncated or broken; UsageError when the folder is none, or holds pickled weights alone.
    """
    if not folder.is_dir():
        raise UsageError(
            f"there is no checkpoint {str(folder)!r}: no such folder. Give a folder with config.json, *.safetensors and a "
            "tokenizer, a .gguf file, or the http(s) URL of a server. Nothing is downloaded by name."
        )
    if not (folder / "config.json").is_file():
        raise UsageError(f"{folder} is no checkpoint: it has no config.json. Give the folder that has one.")
    config = read_json(folder / "config.json")
    if not isinstance(config, dict):
        raise AprError(f"{folder / 'config.json'} holds {type(config).__name__}, not a map. Restore the file.")
    for file in weight_files(folder):
        check_safetensors(file)
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise AprError(
            f"{folder} has no tokenizer: none of {', '.join(TOKENIZERS)} is there. Copy the tokenizer of the model that it was "
            "made from; a tokenizer of another model would give other tokens without any error."
        )
    return config


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint, sorted; those that the index names when there is an index."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        parts = read_json(index)
        names = parts.get("weight_map") if isinstance(parts, dict) else None
        if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
            raise AprError(f"{index} has no map `weight_map` from tensors to files. Restore the file.")
        files = [folder / name for name in sorted(set(names.values()))]
        missing = [file.name for file in files if file.parent != folder or not file.is_file()]
        if missing:
            raise AprError(
                f"{folder} is incomplete: {', '.join(missing)} of {len(files)} files that {index.name} names "
                f"{'is' if len(missing) == 1 else 'are'} not there. Copy the checkpoint again."
            )
        return files
    files = sorted(folder.glob("*.safetensors"))
    if files:
        return files
    pickled = sorted(file.name for file in folder.iterdir() if file.suffix in PICKLED)
    if pickled:
        raise UsageError(
            f"{folder} has its weights only in {', '.join(pickled)}: pickled files, which can run any code when they are opened, "
            "and are refused. Convert them to safetensors on a machine that you can afford to lose."
        )
    raise UsageError(f"{folder} has no weights: no *.safetensors is there. Copy the checkpoint again.")


def check_safetensors(file: Path) -> None:
    """Whether a file's header is sound and its length is what the header says.

    Raises:
        AprError: it is truncated, too long, or not a safetensors file.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
        if not 0 < length <= min(MAX_HEADER, size - 8):
            raise AprError(
                f"{file} is no safetensors file, or its beginning is damaged: the first eight bytes give no length of a header "
                f"that fits into {size:,} bytes. Copy the file again."
            )
        header = stream.read(length)
    try:
        tensors = json.loads(header)
        ends = [int(entry["data_offsets"][1]) for name, entry in tensors.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise AprError(f"{file} has a damaged header ({error}). Copy the file again.") from None
    wanted = 8 + length + max(ends, default=0)
    if wanted != size:
        raise AprError(
            f"{file} has {size:,} bytes, and its header says {wanted:,}: it is "
            f"{'truncated' if size < wanted else 'longer than it should be'}. Copy the file again."
        )


def weight_bytes(folder: Path) -> int:
    """Bytes of all weight files."""
    return sum(file.stat().st_size for file in weight_files(folder))


def digest_folder(folder: Path) -> str:
    """SHA-256 over names and contents of the weights, configuration and tokenizer files, 64 hexadecimal digits.

    Other files (a README, optimizer states, pickled twins of the weights) do not change what is generated, nor the digest.
    """
    total = hashlib.sha256()
    small = [path for path in folder.iterdir() if path.name.endswith((".json", ".jinja", ".model", ".txt"))]
    names = {path.name for path in small if _matters(path.name)}
    for file in sorted({*weight_files(folder), *(folder / name for name in names)}):
        total.update(f"{file.name} {digest_files([file])}\n".encode())
    return total.hexdigest()


def _matters(name: str) -> bool:
    return name.startswith(
        ("config", "generation_config", "tokenizer", "special_tokens", "added_tokens", "chat_template")
    ) or (name in TOKENIZERS or name == "merges.txt")


def digest_files(files: Sequence[Path]) -> str:
    """SHA-256 of the contents of some files, one after the other, read in pieces."""
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while piece := stream.read(2**22):
                total.update(piece)
    return total.hexdigest()


def context_length(config: dict[str, Any]) -> int | None:
    """Tokens that prompt and completion may have together, or None when the configuration names no limit."""
    for part in (config, config.get("text_config")):
        for key in ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length", "n_ctx"):
            value = part.get(key) if isinstance(part, dict) else None
            if isinstance(value, int) and value > 0:
                return value
    return None


def cache_bytes_per_token(config: dict[str, Any]) -> int | None:
    """Bytes that the keys and values of one token take in the checkpoint's own precision, or None when it cannot be told."""
    text = config.get("text_config")
    part = {**config, **text} if isinstance(text, dict) else config
    width = {"float32": 4, "float16": 2, "bfloat16": 2}.get(str(part.get("dtype") or part.get("torch_dtype")))
    try:
        heads = int(part["num_attention_heads"])
        head = int(part.get("head_dim") or int(part["hidden_size"]) // heads)
        pairs = int(part.get("num_key_value_heads") or heads)
        return None if width is None else 2 * int(part["num_hidden_layers"]) * pairs * head * width
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
