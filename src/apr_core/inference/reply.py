"""What a server's reply says, read with distrust: JSON from anywhere.

The one thing a reader would get wrong: a server that says "length" has not always generated what was asked. Below `max_tokens` it
was a limit of its own, and the completion is marked `capped`, so that nobody takes a cut answer for the model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apr_core.inference.request import Request
from apr_core.inference.text import cut


@dataclass(frozen=True)
class Reply:
    """The parts of a reply that are used."""

    text: str
    tokens: int
    stop_reason: str
    logprob: float | None


class Garbage(Exception):  # noqa: N818 - a reason to try again, which becomes an AprError
    """A reply that is not what the API promises."""


def read_reply(data: Any, request: Request) -> Reply:
    """The one choice of a reply.

    Raises:
        Garbage: a field is missing or of another type.
    """
    choice = _field(_field(data, "choices", list), 0, dict)
    if isinstance(request.prompt, str):
        text = _field(choice, "text", str)
    else:
        text = _field(_field(choice, "message", dict), "content", (str, type(None))) or ""
    usage = data.get("usage")
    tokens = _field(_field(data, "usage", dict), "completion_tokens", int) if usage is not None else 0
    if tokens < 0 or (usage is None and text):
        raise Garbage("it does not say how many tokens were generated (`usage.completion_tokens`)")
    reason = finish(_field(choice, "finish_reason", str), tokens, request.max_tokens)
    before = cut(text, request.stop)  # some servers leave the stop string in
    if before is not None:
        text, reason = before, "stop"
    return Reply(text.encode("utf-8", "replace").decode(), tokens, reason, _logprob(choice.get("logprobs")))


def finish(reason: str, tokens: int, max_tokens: int) -> str:
    """Our stop reason for a server's `finish_reason`.

    Raises:
        Garbage: the server gives a reason that the API does not have.
    """
    if reason in ("length", "max_tokens"):
        return "length" if tokens >= max_tokens else "capped"
    known = {"stop": "stop", "eos_token": "stop", "stop_sequence": "stop", "content_filter": "filter"}
    if reason not in known:
        raise Garbage(f"its finish_reason is {reason!r}")
    return known[reason]


def _field(holder: Any, key: str | int, kind: type | tuple[type, ...]) -> Any:
    try:
        value = holder[key]
    except (KeyError, IndexError, TypeError):
        raise Garbage(f"it has no {key!r} where one belongs") from None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Garbage(f"its {key!r} is {type(value).__name__}")
    return value


def _logprob(logprobs: Any) -> float | None:
    """The sum over tokens in either form: `token_logprobs` of completions, `content` of chats. None when they are not given."""
    if not isinstance(logprobs, dict):
        return None
    values = logprobs.get("token_logprobs")
    if values is None and isinstance(logprobs.get("content"), list):
        values = [entry.get("logprob") if isinstance(entry, dict) else None for entry in logprobs["content"]]
    if not isinstance(values, list) or not all(isinstance(value, (int, float)) for value in values):
        return None
    return float(sum(values))
