"""The backend `gguf`: a GGUF file, run by llama.cpp through the package llama-cpp-python, when that is installed.

The one thing a reader would get wrong: llama.cpp runs on whatever it was built for. The device in the name is read from the build
and from how many layers were put on the GPU, not from what was asked; a build without GPU support is `gguf/cpu`.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from apr_core.errors import AprError, UsageError
from apr_core.inference.checkpoint import digest_files
from apr_core.inference.plan import cap, request_seed
from apr_core.inference.reply import Garbage, read_reply
from apr_core.inference.request import Completion, Request

MAGIC = b"GGUF"


class GgufBackend:
    """A GGUF model in memory, which answers one request at a time. `open_backend` makes it."""

    def __init__(self, file: Path, *, device: str) -> None:
        check_file(file)
        library = _library()
        gpu = bool(library.llama_supports_gpu_offload())
        self.file, self.device = file, gguf_device(device, gpu)
        try:
            self._model = library.Llama(
                str(file), n_ctx=0, n_gpu_layers=-1 if self.device == "gpu" else 0, verbose=False, seed=0
            )
        except (ValueError, OSError, RuntimeError, AssertionError) as error:
            raise AprError(
                f"llama.cpp cannot load {file}: {error}. Copy the file again, or update llama-cpp-python."
            ) from error
        self.name = f"gguf/{self.device}"
        self.context_length: int = self._model.n_ctx()
        self._version = str(library.__version__)
        self._digest = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the model's memory back."""
        self._model.close()

    def describe(self) -> dict[str, Any]:
        """Facts for the record; the digest reads the file, once."""
        self._digest = self._digest or digest_files([self.file])
        metadata = self._model.metadata
        return {
            "backend": self.name, "model": str(metadata.get("general.name") or self.file.stem), "digest": self._digest,
            "precision": f"gguf file type {metadata.get('general.file_type', 'unknown')}", "device": self.device,
            "context_length": self.context_length, "parameters": None,
            "versions": {"python": platform.python_version(), "llama-cpp-python": self._version},
        }  # fmt: skip

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """One completion per request, in order.

        Raises:
            AprError: llama.cpp failed; what was finished before has been yielded.
        """
        for request in requests:
            yield self._complete(request)

    def _complete(self, request: Request) -> Completion:
        started = time.perf_counter()
        options: dict[str, Any] = {
            "max_tokens": request.max_tokens, "temperature": request.temperature, "stop": list(request.stop),
            "top_p": 1.0 if request.top_p is None else request.top_p, "top_k": request.top_k or 0, "min_p": 0.0,
            "repeat_penalty": 1.0, "seed": request_seed(request.seed, request.task_id, request.sample),
        }  # fmt: skip
        try:
            if isinstance(request.prompt, str):
                size = len(self._model.tokenize(request.prompt.encode(), special=True))
                if cap(size, request.max_tokens, self.context_length)[0] < 1:
                    return Completion(request.task_id, request.sample, "", 0, 0.0, 0.0, self.name, "context")
                data = self._model.create_completion(request.prompt, **options)
            else:
                self._demand_template(request)
                turns = [{"role": message.role, "content": message.content} for message in request.prompt]
                data = self._model.create_chat_completion(turns, **options)
            reply = read_reply(data, request)
        except (ValueError, RuntimeError, Garbage) as error:
            raise AprError(
                f"task {request.task_id!r}: llama.cpp failed: {error}. What was finished before is kept."
            ) from error
        seconds = time.perf_counter() - started
        return Completion(
            task_id=request.task_id, sample=request.sample, text=reply.text, tokens_generated=reply.tokens,
            tok_per_sec=round(reply.tokens / seconds, 3) if seconds else 0.0, inference_ms=round(1000 * seconds, 3),
            backend=self.name, stop_reason="context" if reply.stop_reason == "capped" else reply.stop_reason,
        )  # fmt: skip

    def _demand_template(self, request: Request) -> None:
        """llama-cpp-python would take the template of another model where a file has none."""
        if "tokenizer.chat_template" not in self._model.metadata:
            raise UsageError(
                f"task {request.task_id!r} has messages, and {self.file} has no chat template. Give a prompt as text, or a file "
                "of a chat model."
            )


def gguf_device(asked: str, gpu: bool) -> str:
    """The device that llama.cpp will use: `cpu`, or `gpu` when its build has one.

    Raises:
        UsageError: no such device, or the build has none.
    """
    if asked not in ("auto", "cpu", "gpu", "cuda"):
        raise UsageError(f"the device is {asked!r}; allowed for a GGUF file are auto, cpu, gpu and cuda.")
    if asked in ("gpu", "cuda") and not gpu:
        raise UsageError(
            f"the device is {asked!r}, and this build of llama.cpp has no GPU support. Take `--device cpu`, or install "
            "llama-cpp-python built for the GPU."
        )
    return "gpu" if gpu and asked != "cpu" else "cpu"


def check_file(file: Path) -> None:
    """Whether a file can be a GGUF model.

    Raises:
        AprError: there is none, or it does not begin as one.
    """
    if not file.is_file():
        raise UsageError(f"there is no file {str(file)!r}. Give a .gguf file.")
    with file.open("rb") as stream:
        start = stream.read(4)
    if start != MAGIC:
        raise AprError(f"{file} is no GGUF file: it begins with {start!r}, not {MAGIC!r}. Copy it again.")


def _library() -> Any:
    try:
        import llama_cpp
    except ImportError as error:
        raise UsageError(
            f"a GGUF file needs the package llama-cpp-python, which cannot be imported here ({error}). Install it with "
            "`pip install llama-cpp-python`, or serve the file with llama.cpp and give the URL."
        ) from None
    return llama_cpp


def open_here(where: str, *, device: str, notes: Callable[[str], None]) -> GgufBackend:
    """Load the GGUF file `where`."""
    return GgufBackend(Path(where), device=device)
