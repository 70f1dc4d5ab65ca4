"""A checkpoint in Hugging Face form, opened to read its logits, and what was in fact opened.

The one thing a reader would get wrong: asking for an implementation is not getting it. transformers may fall back to another
attention, and `auto` means a dtype and a device; so `Opened` says what was resolved, and a comparison compares that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from apr_core.errors import AprError, Untestable, UsageError, did_you_mean
from apr_core.files import canonical_json, digest_bytes
from apr_core.inference.checkpoint import check_folder, context_length


class Implementation(NamedTuple):
    """A row of the table: a way from token ids to logits."""

    attention: str
    """What transformers calls it."""
    doc: str


IMPLEMENTATIONS: dict[str, Implementation] = {
    "transformers-eager": Implementation(
        "eager", "transformers, attention as written in the paper: two matrix products"
    ),
    "transformers-sdpa": Implementation("sdpa", "transformers, PyTorch's scaled_dot_product_attention"),
}
DTYPES = ("auto", "float64", "float32", "bfloat16", "float16")
PRECISIONS = {"float64": "f64", "float32": "f32", "bfloat16": "bf16", "float16": "f16"}
"""dtype → precision as evidence records name it."""

_NO_MATTER = {
    "_name_or_path", "transformers_version", "dtype", "torch_dtype", "use_cache", "architectures", "eos_token_id",
    "bos_token_id", "pad_token_id", "attn_implementation", "_attn_implementation",
}  # fmt: skip
"""Keys of a configuration that change no logit."""


@dataclass(frozen=True)
class Opened:
    """A model that is ready to be run, and what it resolved to."""

    model: Any
    tokenizer: Any
    name: str
    """Of the checkpoint's folder."""
    implementation: str
    """A row of `IMPLEMENTATIONS`: the one that is used."""
    dtype: str
    device: str
    weights: str
    """SHA-256 of every parameter as loaded, in the dtype that is used."""
    config: str
    """SHA-256 of the configuration, as far as it changes a logit."""
    context: int | None
    """Most tokens that it was made for; None when the configuration does not say."""

    @property
    def identity(self) -> dict[str, str]:
        """What makes two opened models one: if all of this is equal, so is every logit."""
        return {
            "loaded weights": self.weights, "configuration": self.config, "implementation": self.implementation,
            "dtype": self.dtype, "device": self.device,
        }  # fmt: skip


def libraries() -> tuple[Any, Any]:
    """torch and transformers.

    Raises:
        Untestable: one of them is not installed.
    """
    try:
        import torch
        import transformers
    except ModuleNotFoundError as error:
        raise Untestable(
            f"a model cannot be run here: {error.name} is not installed", "pip install 'apr-core[models]'"
        ) from None
    return torch, transformers


@contextmanager
def opened(
    folder: Path, *, implementation: str = "transformers-sdpa", dtype: str = "auto", device: str = "auto"
) -> Iterator[Opened]:
    """The model and tokenizer in `folder`; the memory is free again afterwards.

    Only safetensors are read, no code from the folder is run, and nothing is downloaded.

    Raises:
        UsageError: there is no such implementation, dtype or device, or the folder is no checkpoint.
        AprError: the checkpoint cannot be loaded, or lacks weights, which transformers would draw at random.
    """
    torch, transformers = libraries()
    row = _row(implementation)
    place = _device(torch, device)
    if dtype not in DTYPES:
        raise UsageError(f"there is no dtype {dtype!r}; there are {', '.join(DTYPES)}.{did_you_mean(dtype, DTYPES)}")
    config = check_folder(folder)
    model = _model(torch, transformers, folder, row.attention, dtype).to(place).eval()
    resolved = getattr(model.config, "_attn_implementation", row.attention)
    used = next(
        (name for name, one in IMPLEMENTATIONS.items() if one.attention == resolved), f"transformers-{resolved}"
    )
    try:
        yield Opened(
            model=model,
            tokenizer=_tokenizer(transformers, folder),
            name=folder.resolve().name,
            implementation=used,
            dtype=str(model.dtype).removeprefix("torch."),
            device=str(model.device),  # `cuda` and `cuda:0` are one
            weights=_weights_digest(torch, model),
            config=_config_digest(model),
            context=context_length(config),
        )
    finally:
        del model
        if place.type == "cuda":
            torch.cuda.empty_cache()


def _row(implementation: str) -> Implementation:
    if implementation not in IMPLEMENTATIONS:
        raise UsageError(
            f"there is no implementation {implementation!r}; there are {', '.join(IMPLEMENTATIONS)}."
            f"{did_you_mean(implementation, IMPLEMENTATIONS)}"
        )
    return IMPLEMENTATIONS[implementation]


def _device(torch: Any, device: str) -> Any:
    try:
        place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"the device {device!r} cannot be used here: {str(error).splitlines()[0]} Use cpu, or auto."
        ) from error
    return place


def _model(torch: Any, transformers: Any, folder: Path, attention: str, dtype: str) -> Any:
    transformers.utils.logging.disable_progress_bar()
    before = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()  # what it warns of is an error below
    try:
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto" if dtype == "auto" else getattr(torch, dtype), attn_implementation=attention,
            local_files_only=True, use_safetensors=True, trust_remote_code=False, output_loading_info=True,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise AprError(f"{folder} cannot be loaded: {_first(error)} Repair or fetch the checkpoint again.") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("safetensors", "safetensors_rust", "huggingface_hub"):
            raise
        raise AprError(f"{folder} cannot be loaded: {_first(error)} Repair or fetch the checkpoint again.") from error
    finally:
        transformers.utils.logging.set_verbosity(before)
    lacking = sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))
    if lacking:
        raise AprError(
            f"{folder} lacks {len(lacking)} weights that its config.json asks for ({lacking[0]} first), and random numbers would "
            "stand in for them. Fetch the checkpoint again, or correct its config.json."
        )
    return model


def _tokenizer(transformers: Any, folder: Path) -> Any:
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError) as error:
        raise AprError(f"{folder} has no tokenizer that can be used: {_first(error)} Put its files there.") from error


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".") + "."


def _weights_digest(torch: Any, model: Any) -> str:
    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        data = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} {hashlib.sha256(data).hexdigest()}\n".encode())
    return total.hexdigest()


def _config_digest(model: Any) -> str:
    config = {key: value for key, value in model.config.to_dict().items() if key not in _NO_MATTER}
    return digest_bytes(canonical_json(json.loads(json.dumps(config, default=str))))


def encode(side: Opened, text: str) -> list[int]:
    """The token ids of a text, with the special tokens that the model expects around it."""
    return [int(one) for one in side.tokenizer(text, verbose=False)["input_ids"]]
