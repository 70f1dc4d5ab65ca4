"""From token ids to text: continuations that keep their leading space, and stop strings that cross token boundaries.

Pure functions over a `decode` that turns ids into text. The one thing a reader would get wrong: tokens cannot be decoded
alone. SentencePiece drops the first space of whatever it decodes, which in Python is an indentation error; so a continuation
is decoded together with the end of its prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]

HEAD = 6
"""So many tokens of the prompt are decoded with the continuation."""


def continuation(decode: Decode, prompt: Sequence[int], tokens: Sequence[int]) -> str:
    """The text that `tokens` add after `prompt`."""
    head = list(prompt[-HEAD:])
    before, both = decode(head), decode([*head, *tokens])
    # A prompt that ends within a character is completed by the continuation: then the two texts do not share a beginning.
    return both[len(before) :] if both.startswith(before) else decode(list(tokens))


def cut(text: str, stops: Sequence[str]) -> str | None:
    """`text` before the first of the stop strings, or None when it holds none."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else None


def stopped(decode: Decode, prompt: Sequence[int], tokens: Sequence[int], stops: Sequence[str]) -> str | None:
    """The text before the first stop string, or None when there is none yet. To be called after every token.

    `tokens` are those that write text: special tokens left out. Only the last of them are decoded as long as nothing is found:
    each writes at least one byte, so a stop string that has just been completed lies within as many tokens as it has bytes. A
    few more are taken, since the first character of what is decoded may be half.
    """
    if not stops:
        return None
    window = max(len(stop.encode("utf-8", "surrogatepass")) for stop in stops) + HEAD
    if len(tokens) > window and cut(decode(list(tokens[-window:])), stops) is None:
        return None
    return cut(continuation(decode, prompt, tokens), stops)
