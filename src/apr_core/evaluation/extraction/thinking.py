"""Taking a model's thinking out of its answer, in text or in token ids.

The one thing a reader would get wrong: thinking without an end is not an answer. When the closing mark never comes, nothing
after the opening mark is left, however much code was tried out there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Marks(NamedTuple):
    """How one family of models marks thinking, in text."""

    begin: str
    end: str


class Stripped(NamedTuple):
    """A text without its thinking."""

    text: str
    how: str
    """What was taken out; empty when nothing was."""


THINKING: tuple[Marks, ...] = (
    Marks("<think>", "</think>"),  # DeepSeek-R1, Qwen3, QwQ and most others
    Marks("<thinking>", "</thinking>"),
    Marks("<thought>", "</thought>"),
    Marks("<reasoning>", "</reasoning>"),
    Marks("[THINK]", "[/THINK]"),  # Magistral
    Marks("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1, OpenThinker
    Marks("<|channel|>analysis<|message|>", "<|end|>"),  # gpt-oss
    Marks("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
)
"""Known pairs. Another one is another row, or the argument `marks`."""


def strip_thinking(text: str, marks: Sequence[Marks] = THINKING) -> Stripped:
    """The text without its thinking blocks.

    A block opens at the beginning of a line. An end without a beginning (a chat template that writes the opening mark
    itself) ends a block that began with the text, if it begins or ends a line: what is quoted in a string of a program is
    neither.
    """
    steps = []
    for pair in marks:
        if pair.end in text or pair.begin in text:
            text, how = _strip(text, pair)
            if how:
                steps.append(how)
    return Stripped(text, "; ".join(steps))


def _strip(text: str, marks: Marks) -> tuple[str, str]:
    begin = re.compile(rf"^[ \t]*{re.escape(marks.begin)}", re.MULTILINE)
    kept, position, steps = [], 0, []
    opened = begin.search(text)
    last = _last_orphan(text, marks, opened.start() if opened else len(text))
    if last:
        position = last
        steps.append("thinking removed (its beginning is not in the text)")
        opened = begin.search(text, position)
    while opened is not None:
        kept.append(text[position : opened.start()])
        closed = text.find(marks.end, opened.end())
        if closed < 0:
            return "".join(kept), "; ".join([*steps, "thinking without an end removed"])
        position = closed + len(marks.end)
        inside = _nested(text, marks, opened.end(), closed, position)
        position = inside or position
        steps.append("thinking removed")
        opened = begin.search(text, position)
    kept.append(text[position:])
    return "".join(kept), "; ".join(dict.fromkeys(steps))


def _nested(text: str, marks: Marks, start: int, closed: int, position: int) -> int:
    """Where a block really ends that holds blocks of its own; 0 when it holds none, or when they do not all end."""
    depth = text.count(marks.begin, start, closed)
    if not depth:
        return 0
    for _ in range(depth):
        closed = text.find(marks.end, position)
        if closed < 0:
            return 0
        position = closed + len(marks.end)
    return position


def _last_orphan(text: str, marks: Marks, before: int) -> int:
    """The offset behind the last end mark, before the first beginning, that begins or ends a line; 0 without one."""
    end = re.escape(marks.end)
    found = 0
    for mark in re.finditer(rf"^[ \t]*{end}|{end}[ \t]*$", text[:before], re.MULTILINE):
        found = mark.start() + mark.group().index(marks.end) + len(marks.end)
    return found


def thinking_ids(vocabulary: Mapping[str, int], marks: Iterable[Marks] = THINKING) -> tuple[tuple[int, int], ...]:
    """The (begin, end) token ids of the marks that are single tokens of a vocabulary (a tokenizer's `get_vocab()`)."""
    return tuple(
        (vocabulary[pair.begin], vocabulary[pair.end])
        for pair in marks
        if pair.begin in vocabulary and pair.end in vocabulary
    )


def strip_thinking_ids(ids: Sequence[int], pairs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """Generated token ids without their thinking, to be decoded afterwards.

    `pairs` are from `thinking_ids`. An end without a beginning ends a block that began with the generation; a beginning
    without an end takes away everything behind it.
    """
    kept = list(ids)
    for begin, end in pairs:
        answer: list[int] = []
        depth = 0
        for token in kept:
            if token == begin:
                depth += 1
            elif token == end:
                if depth == 0:
                    answer.clear()
                depth = max(0, depth - 1)
            elif depth == 0:
                answer.append(token)
        kept = answer
    return tuple(kept)
