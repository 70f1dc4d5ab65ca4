"""The table of backends, and the one door to them: `open_backend`.

The one thing a reader would get wrong: an option that the chosen backend does not have is refused, and never ignored. A device
cannot be chosen for a server that runs elsewhere, nor a precision for a GGUF file that has one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

from apr_core.errors import UsageError, did_you_mean
from apr_core.inference.request import Backend


class Kind(NamedTuple):
    """A row of the table."""

    module: str
    """Has `open_here(where, notes=…, **options) -> Backend`; imported when the backend is used."""
    takes: dict[str, Any]
    """Its options and their defaults."""
    recognises: Callable[[str], bool]
    what: str
    """What it opens."""


BACKENDS: dict[str, Kind] = {
    "openai": Kind(
        "apr_core.inference.openai_backend",
        {"model": None, "concurrency": 8, "timeout": 600.0, "retries": 5, "backoff": 0.5, "logprobs": False},
        lambda where: where.startswith(("http://", "https://")),
        "the http(s) URL of an OpenAI-compatible server, ending in /v1",
    ),
    "gguf": Kind(
        "apr_core.inference.gguf_backend",
        {"device": "auto"},
        lambda where: where.endswith(".gguf"),
        "a .gguf file",
    ),
    "transformers": Kind(
        "apr_core.inference.transformers_backend",
        {"device": "auto", "dtype": "auto", "batch_size": 8},
        lambda where: True,
        "a folder with config.json, *.safetensors and a tokenizer",
    ),
}
"""Name → kind, in the order in which `auto` asks whether it recognises what it is given."""


def choose(where: str, backend: str = "auto") -> str:
    """The name of the backend that opens `where`.

    Raises:
        UsageError: there is no backend of that name.
    """
    if backend == "auto":
        return next(name for name, kind in BACKENDS.items() if kind.recognises(where))
    if backend not in BACKENDS:
        raise UsageError(
            f"there is no backend {backend!r}; allowed are auto, {', '.join(BACKENDS)}.{did_you_mean(backend, BACKENDS)}"
        )
    return backend


def open_backend(
    where: str, *, backend: str = "auto", notes: Callable[[str], None] = lambda note: None, **options: Any
) -> Backend:
    """Load a checkpoint or reach a server, once.

    `options` are those of the backend (see `BACKENDS`): `device`, `dtype` and `batch_size` for transformers, `device` for
    gguf, `model`, `concurrency`, `timeout` (seconds without a byte), `retries`, `backoff` (seconds) and `logprobs` for
    openai. One that is None counts as not given. `notes` is told, in a line, what a user should know: a batch that was
    halved, a request that is tried again.

    Raises:
        UsageError: the backend has no such option, the device is not here, or `where` is nothing that it opens.
        AprError: the checkpoint is broken, or the server cannot be reached.
    """
    name = choose(where, backend)
    kind = BACKENDS[name]
    given = {option: value for option, value in options.items() if value is not None}
    refused = [
        f"{option}={value!r}"
        for option, value in given.items()
        if option not in kind.takes and not _harmless(option, value)
    ]
    if refused:
        raise UsageError(
            f"the backend {name}, which opens {kind.what}, does not take {', '.join(refused)}; it takes {', '.join(kind.takes)}."
        )
    module = importlib.import_module(kind.module)
    return cast(
        Backend,
        module.open_here(
            where, notes=notes, **{option: given.get(option, kind.takes[option]) for option in kind.takes}
        ),
    )


def _harmless(option: str, value: Any) -> bool:
    """Whether an option of some backend asks for nothing: `auto` leaves the choice to whoever has it."""
    return value == "auto" and any(option in kind.takes for kind in BACKENDS.values())


def model_bytes(where: str, backend: str = "auto") -> int | None:
    """Bytes of the weights that would be loaded; None for a server."""
    name = choose(where, backend)
    if name == "openai":
        return None
    if name == "gguf":
        return Path(where).stat().st_size if Path(where).is_file() else None
    from apr_core.inference.checkpoint import check_folder, weight_bytes

    check_folder(Path(where))
    return weight_bytes(Path(where))
