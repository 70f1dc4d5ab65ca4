"""The program's side: what it answers to each question, spoken to without a checker."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from apr_core.evaluation.sandbox.codec import MAX_REPLY, MAX_REQUEST, Channel, ChannelClosedError, decode, encode

Talk = Callable[..., Any]
Serve = Callable[[], tuple[Any, int]]


class Speaker:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.number = 0

    def load(self, program: str) -> list[Any]:
        """The replies to a program, without their numbers."""
        self.channel.send(["load", program, "candidate", False])
        return self.hear() if (first := self.hear()) == ["compiled"] else first

    def hear(self) -> list[Any]:
        number, *reply = self.channel.receive()
        assert number == self.number
        self.number += 1
        return reply

    def ask(self, *request: Any) -> list[Any]:
        self.channel.send([self.number, *request])
        return self.hear()


@pytest.fixture
def speaker(serve: Serve) -> Iterator[Speaker]:
    end, process = serve()
    with end:
        yield Speaker(Channel(end.fileno(), incoming=MAX_REPLY, outgoing=MAX_REQUEST))
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def args(*values: Any) -> Any:
    return encode(values)


def test_calls_are_answered_one_by_one_with_fresh_arguments(speaker: Speaker) -> None:
    assert speaker.load("def f(x):\n    x.append(len(x))\n    return x") == ["loaded"]
    speaker.channel.send([2, "calls", "f", [args([5]), args([5])], False])
    assert speaker.hear() == ["value", [5, 1], None]
    assert speaker.hear() == ["value", [5, 1], None]


@pytest.mark.parametrize(
    "program", ["def f(:", "  x = 1", "x = 'a\0b'", "(" * 500 + ")" * 500, "return 1", "x = " + "-" * 100_000 + "1"]
)
def test_what_is_not_a_program_is_said_before_anything_runs(speaker: Speaker, program: str) -> None:
    assert speaker.load(f"{program}")[0] == "syntax"


def test_a_main_block_does_not_run_and_future_imports_do_not_leak(speaker: Speaker) -> None:
    program = (
        "if __name__ == '__main__':\n    raise SystemExit\n"
        "def f(x: int): pass\nkind = type(f.__annotations__['x']).__name__"
    )
    assert speaker.load(program) == ["loaded"]
    assert speaker.ask("global", "kind") == ["value", "type", None]


def test_dataclasses_find_the_module_that_they_are_defined_in(speaker: Speaker) -> None:
    program = (
        "from __future__ import annotations\nimport dataclasses\n"
        "@dataclasses.dataclass\nclass P:\n    x: int = 3\ny = P().x"
    )
    assert speaker.load(program) == ["loaded"]
    assert speaker.ask("global", "y") == ["value", 3, None]


@pytest.mark.parametrize(
    ("body", "base", "name"),
    [
        ("raise ValueError('no')", "ValueError", "ValueError"),
        ("class Own(KeyError): pass\n    raise Own('no')", "KeyError", "Own"),
        ("raise SystemExit(0)", "SystemExit", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "KeyboardInterrupt"),
        ("class Own(BaseException): pass\n    raise Own", "BaseException", "Own"),
        ("return f(x)", "RecursionError", "RecursionError"),
        ("raise MemoryError", "MemoryError", "MemoryError"),
        ("class Own(Exception):\n        def __str__(self): raise self\n    raise Own", "Exception", "Own"),
    ],
)
def test_whatever_a_call_raises_is_told_and_the_next_call_works(
    speaker: Speaker, body: str, base: str, name: str
) -> None:
    assert speaker.load(f"def f(x):\n    {body}\ndef g(x):\n    return x") == ["loaded"]
    assert speaker.ask("calls", "f", [args(1)], False)[:3] == ["raised", base, name]
    assert speaker.ask("calls", "g", [args(1)], False) == ["value", 1, None]


def test_a_long_message_is_cut(speaker: Speaker) -> None:
    speaker.load("def f(x):\n    raise ValueError('a' * 10**6)")
    assert len(speaker.ask("calls", "f", [args(1)], False)[3]) == 500


def test_an_error_of_the_program_itself_ends_the_conversation(speaker: Speaker) -> None:
    assert speaker.load("1 / 0")[:3] == ["raised", "ZeroDivisionError", "ZeroDivisionError"]
    with pytest.raises(ChannelClosedError):
        speaker.channel.receive()


def test_a_name_that_is_not_there_is_missing(speaker: Speaker) -> None:
    speaker.load("x = 1")
    assert speaker.ask("global", "f") == ["missing"]
    assert speaker.ask("calls", "f", [args(1)], False) == ["missing"]


def test_objects_stay_behind_handles_and_keep_their_number(speaker: Speaker) -> None:
    speaker.load("class Node:\n    def __init__(self, v): self.v = v\nn = Node([4])")
    kind, handle, _ = speaker.ask("global", "n")
    assert (kind, handle["handle"][1:]) == ("value", ["Node", ""])
    assert speaker.ask("global", "n")[1] == handle
    assert speaker.ask("getattr", handle, "v") == ["value", [4], None]
    assert speaker.ask("setattr", handle, "v", 5) == ["value", None, None]
    assert speaker.ask("getattr", handle, "v") == ["value", 5, None]
    assert speaker.ask("getattr", handle, "w")[:2] == ["raised", "AttributeError"]


def test_changed_arguments_are_told_and_unchanged_ones_are_not(speaker: Speaker) -> None:
    speaker.load("def f(x, y=None):\n    x.sort()\n    return 7")
    handle = speaker.ask("global", "f")[1]
    assert speaker.ask("call", handle, args([2, 1]), encode({})) == ["value", 7, [args([1, 2]), encode({})]]
    assert speaker.ask("call", handle, args([1, 2]), encode({"y": 3})) == ["value", 7, None]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("x = []\n    x.append(x)\n    return x", "contains itself"),
        ("return 'a' * 2**25", "bytes"),
        ("x = []\n    for _ in range(99): x = [x, x]\n    return x", "too many values"),
    ],
)
def test_data_that_cannot_be_sent_becomes_a_handle_with_the_reason(speaker: Speaker, body: str, why: str) -> None:
    speaker.load(f"def f(x):\n    {body}")
    handle = speaker.ask("calls", "f", [args(1)], False)[1]["handle"]
    assert why in handle[2]


def test_a_number_class_of_the_programs_own_is_its_number_and_an_always_equal_one_is_not(speaker: Speaker) -> None:
    program = (
        "import enum\nclass Own(enum.IntEnum):\n    A = 3\nclass Always(int):\n    def __eq__(self, other): return True\n"
        "def f(x):\n    return [Own.A, Always(3)][x]"
    )
    speaker.load(program)
    assert speaker.ask("calls", "f", [args(0)], False)[1] == 3
    assert speaker.ask("calls", "f", [args(1)], False)[1]["handle"][1] == "Always"


def test_an_iterator_is_listed_only_when_asked_and_never_without_end(speaker: Speaker) -> None:
    speaker.load("def f(x):\n    return map(abs, x)")
    assert "handle" in speaker.ask("calls", "f", [args([-1])], False)[1]
    assert speaker.ask("calls", "f", [args([-1, 2])], True)[1] == [1, 2]


def test_serving_ends_when_nobody_listens(speaker: Speaker) -> None:
    assert decode(speaker.load("x = 1")) == ["loaded"]
    os.write(speaker.channel._descriptor, b"\xff\xff\xff\xff")
    with pytest.raises(ChannelClosedError):
        speaker.channel.receive()
