"""The backend `transformers`: a local checkpoint, run by PyTorch in batches.

The one thing a reader would get wrong: batches of different sizes add floats in different orders, so logits differ in their last
bits. In float32 that decides a token only when two candidates are equal to about six digits, and greedy texts are the same for
every batch size; in bfloat16, with three digits, ties are common and texts do depend on it. Take float32 to compare.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import torch

from apr_core.errors import AprError, UsageError
from apr_core.inference.checkpoint import check_folder, context_length, digest_folder
from apr_core.inference.decoding import Batch, Row, Writer
from apr_core.inference.plan import cap, merge_stop_ids, plan_batches, resolve_device, stream, used_device
from apr_core.inference.request import Completion, Request

DTYPES = ("auto", "float32", "bfloat16", "float16")
"""`auto` keeps what the checkpoint is written in."""

Notes = Callable[[str], None]


class TransformersBackend:
    """A checkpoint in memory. `open_backend` makes it."""

    def __init__(self, folder: Path, *, device: str, dtype: str, batch_size: int, notes: Notes) -> None:
        if dtype not in DTYPES:
            raise UsageError(f"the dtype is {dtype!r}; allowed are {', '.join(DTYPES)}.")
        if batch_size < 1:
            raise UsageError(f"the batch size is {batch_size}; it must be at least 1.")
        place = resolve_device(device, torch.cuda.device_count() if torch.cuda.is_available() else 0)
        self.folder, self.batch_size, self._notes = folder, batch_size, notes
        config = check_folder(folder)
        self.context_length = context_length(config)
        self.tokenizer = load_tokenizer(folder)
        self.model = load_model(folder, place, dtype, notes)
        self.device = used_device(str(weight.device) for weight in self.model.parameters())
        self.name = f"transformers/{self.device}"
        self._writer = Writer(self._decode, special_ids(self.tokenizer))
        self._added: dict[str, int] = self.tokenizer.get_added_vocab()
        self._digest = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the model's memory back."""
        self.model = None
        _free(self.device)

    def describe(self) -> dict[str, Any]:
        """Facts for the record; the digest reads all weights, once."""
        import tokenizers
        import transformers

        self._digest = self._digest or digest_folder(self.folder)
        device = torch.cuda.get_device_name(self.model.device) if self.device == "cuda" else "cpu"
        return {
            "backend": self.name, "model": self.folder.resolve().name, "digest": self._digest,
            "precision": self._precision(), "device": device,
            "context_length": self.context_length, "parameters": self.model.num_parameters(),
            "versions": {
                "python": platform.python_version(), "torch": torch.__version__,
                "transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
            },
        }  # fmt: skip

    def _precision(self) -> str:
        """That of the weights as used: a data type, or the method of a quantised checkpoint."""
        quantised = getattr(self.model.config, "quantization_config", None)
        if quantised is None:
            return str(self.model.dtype).removeprefix("torch.")
        method = (
            quantised.get("quant_method") if isinstance(quantised, dict) else getattr(quantised, "quant_method", None)
        )
        return str(getattr(method, "value", method) or "quantised")

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """One completion per request, as they finish; the requests are all taken first, to be sorted by length.

        When memory runs out the batch is halved, a note says so, and the rows that were not finished begin again; they give the
        same tokens as they would have.

        Raises:
            AprError: there is no chat template for messages, memory runs out with one row, or the logits are not finite.
        """
        rows = [self._row(request) for request in requests]
        for row in [row for row in rows if row.allowed < 1]:
            row.stop_reason = row.at_cap
            yield self._completion(row)
        rows = [row for row in rows if row.allowed >= 1]
        batches = plan_batches([len(row.prompt) for row in rows], self.batch_size, [row.prompt for row in rows])
        waiting = [[rows[index] for index in batch] for batch in reversed(batches)]
        while waiting:
            batch = waiting.pop()
            if len(batch) > self.batch_size:
                waiting += [batch[self.batch_size :], batch[: self.batch_size]]
                continue
            yield from map(self._completion, self._run(batch, waiting))

    def _run(self, rows: list[Row], waiting: list[list[Row]]) -> Iterator[Row]:
        """Finished rows of a batch; after running out of memory the others are put back to `waiting`."""
        batch: Batch | None = Batch(self.model, rows, self._writer)
        while batch is not None and batch.rows:
            full = False
            try:
                finished = batch.step()
            except (RuntimeError, MemoryError) as error:
                if not _out_of_memory(error):
                    raise _explained(error, batch.rows) from error
                full, finished = True, []
            if full:
                # Here the error no longer holds the tensors of the step, nor, after the next line, the batch its own.
                left, batch = [_again(row) for row in batch.rows], None
                self._halve(len(left), left[0])
                waiting.append(left)
            yield from finished

    def _halve(self, size: int, longest: Row) -> None:
        _free(self.device)
        if size == 1:
            raise AprError(
                f"task {longest.request.task_id!r}: memory runs out on {self.device} with this one completion "
                f"({len(longest.prompt)} tokens of prompt, {longest.allowed} to generate). Ask for fewer tokens, take a smaller "
                "dtype, or a device with more memory."
            )
        self.batch_size = max(1, size // 2)
        self._notes(
            f"memory ran out on {self.device} with {size} completions at a time: going on with {self.batch_size}"
        )

    def _row(self, request: Request) -> Row:
        ids = self._encode(request)
        allowed, at_cap = cap(len(ids), request.max_tokens, self.context_length)
        named = [self._added[text] for text in request.stop if text in self._added]
        generation = self.model.generation_config
        stop_ids = merge_stop_ids(
            None if generation is None else generation.eos_token_id,
            self.model.config.get_text_config().eos_token_id,
            self.tokenizer.eos_token_id,
            named,
        )
        return Row(
            request, ids, allowed, at_cap, frozenset(stop_ids), request.stop,
            stream(request.seed, request.task_id, request.sample),
        )  # fmt: skip

    def _encode(self, request: Request) -> tuple[int, ...]:
        text = request.prompt if isinstance(request.prompt, str) else None
        ids: list[int] = self._apply_template(request) if text is None else self.tokenizer(text)["input_ids"]
        limit = self.model.get_input_embeddings().num_embeddings
        if not ids or max(ids) >= limit:
            raise AprError(
                f"task {request.task_id!r}: the tokenizer gives "
                + ("no token" if not ids else f"the token {max(ids)}, and the model has embeddings for {limit}")
                + f". The tokenizer in {self.folder} is not that of the model: copy the right one."
            )
        return tuple(ids)

    def _apply_template(self, request: Request) -> list[int]:
        import jinja2

        if not self.tokenizer.chat_template:
            raise UsageError(
                f"task {request.task_id!r} has messages, and the tokenizer in {self.folder} has no chat template: this is a "
                "base model. Give a prompt as text, or a checkpoint whose tokenizer has a chat template."
            )
        messages = [{"role": message.role, "content": message.content} for message in request.prompt]  # type: ignore[union-attr]
        try:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except jinja2.TemplateError as error:
            roles = ", ".join(message["role"] for message in messages)
            raise UsageError(
                f"task {request.task_id!r}: the chat template of {self.folder} refuses these messages ({roles}): {error}. "
                "Give roles in the order that it expects."
            ) from None
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]  # the template writes its own
        return ids

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )  # "cleaning up" would rewrite the spaces of code
        return text

    def _completion(self, row: Row) -> Completion:
        count = len(row.tokens)
        return Completion(
            task_id=row.request.task_id, sample=row.request.sample, text=row.text, tokens_generated=count,
            tok_per_sec=round(count / row.seconds, 3) if row.seconds else 0.0, inference_ms=round(1000 * row.seconds, 3),
            backend=self.name, stop_reason=row.stop_reason, logprob=row.logprob, tokens=tuple(row.tokens),
        )  # fmt: skip


def _again(row: Row) -> Row:
    """The row as it was before its first token."""
    ask = row.request
    return Row(
        ask,
        row.prompt,
        row.allowed,
        row.at_cap,
        row.stop_ids,
        row.stop_texts,
        stream(ask.seed, ask.task_id, ask.sample),
    )


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


def _explained(error: BaseException, rows: Sequence[Row]) -> AprError:
    first = str(error).strip().partition("\n")[0]
    return AprError(
        f"the model failed on a batch of {len(rows)} that begins with task {rows[0].request.task_id!r}: {first}. "
        "What was finished "
        "before is kept."
    )


def _free(device: str) -> None:
    if device == "cuda":
        torch.cuda.empty_cache()


def special_ids(tokenizer: Any) -> frozenset[int]:
    """Tokens that write nothing: those with a role of their own, and all others that the tokenizer marks as special."""
    marked = (token for token, added in tokenizer.added_tokens_decoder.items() if added.special)
    return frozenset([*tokenizer.all_special_ids, *marked])


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a checkpoint.

    Raises:
        AprError: its files are broken, or need a package or code that is not here.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises plain `Exception` for a broken file
        raise AprError(
            f"the tokenizer in {folder} cannot be loaded: {_first(error)}. Copy its files again, or install what it names."
        ) from error


def load_model(folder: Path, device: str, dtype: str, notes: Notes) -> Any:
    """The model of a checkpoint, ready to run, its weights on `device`.

    Raises:
        AprError: the architecture is unknown or wants code of its own, or weights are missing or of another shape.
            transformers alone would draw what is missing at random, with a warning.
    """
    from transformers import AutoModelForCausalLM

    try:
        with _quiet():
            model, report = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype if dtype == "auto" else getattr(torch, dtype), local_files_only=True,
                trust_remote_code=False, use_safetensors=True, output_loading_info=True,
            )  # fmt: skip
    except Exception as error:
        raise AprError(
            f"the checkpoint {folder} cannot be loaded: {_first(error)}. Repair or copy it again; code that comes with a "
            "checkpoint is never run."
        ) from error
    for key, what in (("missing_keys", "are missing"), ("mismatched_keys", "have another shape than config.json says")):
        names = sorted(str(name) for name in report.get(key) or ())
        if names:
            raise AprError(
                f"the checkpoint {folder} is not whole: {len(names)} tensors {what}, the first {names[0]}. Copy it again; "
                "nothing is filled in."
            )
    if unused := sorted(str(name) for name in report.get("unexpected_keys") or ()):
        notes(f"{folder}: {len(unused)} tensors are not used by {type(model).__name__}, the first {unused[0]}")
    try:
        return model.eval().to(device)
    except torch.OutOfMemoryError:
        raise AprError(
            f"the weights of {folder} do not fit on {device}. Take a smaller dtype, or a device with more memory."
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the loading bar of transformers, which writes into the output of every program that uses it."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _first(error: BaseException) -> str:
    """The first line of an error."""
    return (str(error).strip() or type(error).__name__).partition("\n")[0].rstrip(".")[:400]


def open_here(where: str, *, device: str, dtype: str, batch_size: int, notes: Notes) -> TransformersBackend:
    """Load the checkpoint in the folder `where`."""
    return TransformersBackend(Path(where), device=device, dtype=dtype, batch_size=batch_size, notes=notes)
