"""What a backend is asked, and what it answers.

The one thing a reader would get wrong: `tokens_generated` counts what the model computed, the stop token included, so it can be
one more than the tokens of `text`. And `inference_ms` is the time one completion took from the start of its batch, not its share
of the batch: the times of completions that ran together overlap and must not be added up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

from apr_core.errors import UsageError

ROLES = ("system", "developer", "user", "assistant", "tool")
"""Who may speak in a message."""

STOP_REASONS = {
    "stop": "a stop token or a stop string was generated",
    "length": "the requested max_tokens were generated",
    "context": "the context window was full before max_tokens were generated",
    "capped": "a server ended it for length below max_tokens: a cap or a context window of its own",
    "filter": "a server withheld the rest",
}
"""Why a completion ended."""

DEFAULT_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise UsageError(f"a message has the role {self.role!r}; allowed are {', '.join(ROLES)}.")
        if not isinstance(self.content, str):
            raise UsageError(f"a message of the {self.role} has the content {self.content!r}; it must be text.")


@dataclass(frozen=True, slots=True)
class Request:
    """One completion that is asked for.

    Raises:
        UsageError: a value is outside its range; the message begins with the task's id.
    """

    prompt: str | tuple[Message, ...]
    """Text to continue, or messages, which the chat template of the tokenizer (or the server) turns into text."""
    task_id: str
    sample: int = 0
    """Which of several completions of one prompt, from 0."""
    max_tokens: int = DEFAULT_MAX_TOKENS
    stop: tuple[str, ...] = ()
    """Strings that end the completion; the text is cut before the first."""
    temperature: float = 0.0
    """0 takes the most probable token; above, tokens are drawn from softmax(logits / temperature)."""
    top_p: float | None = None
    """Draw from the fewest most probable tokens whose probabilities sum to at least this, in (0, 1]."""
    top_k: int | None = None
    """Draw from so many most probable tokens; applied before `top_p`."""
    seed: int = 0
    """Seed, task id and sample number name the stream of random numbers."""

    def __post_init__(self) -> None:
        wrong = _wrong(self)
        if wrong:
            raise UsageError(f"task {self.task_id!r}: {wrong}.")

    @property
    def key(self) -> tuple[str, int]:
        """What tells this completion from all others of a run."""
        return self.task_id, self.sample


def _wrong(request: Request) -> str:
    """What is wrong with a request, or nothing. Requests are read from files, so types are looked at, not believed."""
    if not _text(request.task_id):
        return "task_id must be text, and not empty"
    if isinstance(request.prompt, str):
        if not request.prompt:
            return "the prompt is empty; give at least one character"
    elif not (request.prompt and all(isinstance(message, Message) for message in request.prompt)):
        return "the prompt must be text or at least one message"
    for name, value, least in (
        ("sample", request.sample, 0),
        ("max_tokens", request.max_tokens, 1),
        ("top_k", 1 if request.top_k is None else request.top_k, 1),
        ("seed", request.seed, 0),
    ):
        if not _whole(value, least):
            return f"{name} is {value!r}; it must be a whole number from {least}"
    if not (_number(request.temperature) and request.temperature >= 0):
        return f"temperature is {request.temperature!r}; it must be a number from 0"
    if request.top_p is not None and not (_number(request.top_p) and 0 < request.top_p <= 1):
        return f"top_p is {request.top_p!r}; it must be a number above 0 and at most 1"
    if not all(map(_text, request.stop)):
        return f"stop is {list(request.stop)!r}; it must hold texts that are not empty"
    return ""


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer."""

    task_id: str
    sample: int
    text: str
    """Without the prompt, the stop token, special tokens, and anything from the first stop string on."""
    tokens_generated: int
    """Tokens that the model computed, a stop token included."""
    tok_per_sec: float
    """`tokens_generated` over `inference_ms`: the speed of this completion, not of the batch, which may be many times that."""
    inference_ms: float
    """From the start of its batch, before the prompt was read, to its last token; for a server, from sending the request that
    succeeded to the whole reply, as seen from here. Loading, waiting for a batch, and attempts that failed are not in it."""
    backend: str
    """What was used, as `transformers/cpu`; never what was asked for."""
    stop_reason: str
    """A key of `STOP_REASONS`."""
    logprob: float | None = None
    """Sum of the log-probabilities (natural) of all generated tokens, before temperature, top_k and top_p; None when unknown."""
    tokens: tuple[int, ...] | None = None
    """Their ids, the stop token included; None when unknown."""

    @property
    def key(self) -> tuple[str, int]:
        """The request's key."""
        return self.task_id, self.sample


class Backend(Protocol):
    """A model that is ready to answer. Use it as a context manager, so that its memory or connections are given back."""

    name: str
    """What is used: `transformers/cuda`, `openai/localhost:8000`."""

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """One completion per request, as they finish, in no order that can be relied on.

        Raises:
            AprError: the model or server failed; what was finished before has been yielded.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Facts for the record, plain JSON data: backend, model, digest, precision, device, context_length, versions.

        What cannot be known is None.
        """
        ...

    def close(self) -> None:
        """Give memory and connections back."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *failure: object) -> None: ...
