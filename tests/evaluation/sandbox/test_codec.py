"""Plain data crosses and stays what it is; everything else does not cross, and forged messages are refused."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import json
import math
import os
import socket
import threading
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.evaluation.sandbox.codec import (
    MAX_DEPTH,
    MAX_REPLY,
    Channel,
    ChannelClosedError,
    EncodeError,
    ProtocolError,
    Record,
    decode,
    dumps,
    encode,
    loads,
    plain_base,
)


def crossed(value: Any) -> Any:
    return decode(loads(dumps(encode(value))))


def same(one: Any, other: Any) -> bool:
    """Equal in type, sign, order and part by part; NaN is NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, set | frozenset):
        return one == other or sorted(map(repr, one)) == sorted(map(repr, other))  # NaN equals nothing
    return bool(one == other)


atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**1000), 10**1000),
    st.floats(),
    st.text(st.characters(codec=None)),
    st.binary(),
    st.complex_numbers(),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
)
hashable = st.recursive(
    atoms.filter(lambda value: value == value),  # NaN in a set equals nothing
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)),
    max_leaves=4,
)
plain = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(collections.deque),
        st.sets(hashable, max_size=4),
        st.frozensets(hashable, max_size=4),
        st.dictionaries(hashable, inner, max_size=4),
        st.dictionaries(hashable, inner, max_size=4).map(collections.OrderedDict),
        st.binary().map(bytearray),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(plain)
def test_plain_data_crosses_unchanged(value: Any) -> None:
    assert same(crossed(value), value)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("-inf"),
        -0.0,
        10**5000,
        -(1 << 2048),
        "\ud83d\ude00",
        "\U0001f600",
        "\ud800",
        "\x00",
        [[], [[]], ()],
        [True, 1, 1.0],
        {1: "a", "1": "b", None: (), (1, frozenset({2})): []},
        range(3, 30, 4),
        range(0),
        slice(1, None, 2),
        complex(-0.0, math.inf),
        collections.Counter("hello"),
        collections.defaultdict(list, {1: [2]}),
        collections.defaultdict(lambda: 7, {1: 2}),
        collections.deque([1, 2], maxlen=2),
        decimal.Decimal("1.10"),
        fractions.Fraction(-7, 3),
        datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=datetime.UTC, fold=1),
        datetime.time(1, 2),
        datetime.timedelta(days=-1, microseconds=5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_corner_cases_cross_unchanged(value: Any) -> None:
    assert same(crossed(value), value)


def test_two_lone_surrogates_are_not_taken_for_one_character() -> None:
    assert len(crossed("\ud83d\ude00")) == 2


def test_views_of_a_dictionary_compare_as_views_do() -> None:
    mapping = {"a": 1, "b": 2}
    assert crossed(mapping.keys()) == {"a", "b"}
    assert crossed(mapping.keys()) != ["a", "b"]
    assert crossed(mapping.items()) == {("a", 1), ("b", 2)}
    assert crossed(mapping.values()) != [1, 2]
    assert sorted(crossed(mapping.values())) == [1, 2]


def test_a_named_tuple_equals_a_tuple_and_keeps_its_fields() -> None:
    class Point(NamedTuple):
        x: int
        y: list[int]

    point = crossed(Point(1, [2]))
    assert type(point) is Record
    assert point == (1, [2])
    assert (point.x, point.y) == (1, [2])
    assert repr(point) == "Point(x=1, y=[2])"
    with pytest.raises(AttributeError):
        _ = point.z
    assert crossed(point).y == [2]


def test_lists_of_atoms_are_not_walked_item_by_item() -> None:
    numbers = list(range(100_000))
    assert encode(numbers) is numbers


class Liar(list):  # type: ignore[type-arg]
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Stack(list):  # type: ignore[type-arg]
    pass


class Colour(enum.IntEnum):
    RED = 3


@pytest.mark.parametrize(
    "value", [object(), Liar(), Stack([1]), Colour.RED, iter([]), len, int, type("float", (float,), {})(1.0)]
)
def test_what_is_not_of_an_exact_type_does_not_cross_as_data(value: Any) -> None:
    with pytest.raises(EncodeError):
        encode([value])
    assert encode([value, 1], lambda kept: {"handle": type(kept).__name__}) == [{"handle": type(value).__name__}, 1]


def test_a_class_that_takes_a_standard_name_is_not_taken_for_it() -> None:
    fake = type("Decimal", (), {"__module__": "decimal", "__str__": lambda self: "1"})
    with pytest.raises(EncodeError):
        encode(fake())


def test_a_class_of_the_programs_own_counts_as_its_base_only_with_the_bases_equality() -> None:
    assert plain_base(Stack([1, 2])) == [1, 2]
    assert type(plain_base(Colour.RED)) is int
    assert plain_base(Liar()) is None
    assert plain_base([1]) is None
    assert plain_base(object()) is None


def test_a_list_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(EncodeError, match="contains itself"):
        encode(loop)


def test_parts_that_occur_very_often_are_refused_before_they_fill_memory() -> None:
    value: list[Any] = []
    for _ in range(100):
        value = [value, value]
    with pytest.raises(EncodeError, match="too many values"):
        encode(value)
    row = [0] * 100_000
    with pytest.raises(EncodeError, match="too many values"):
        encode([row] * 10_000)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_is_bounded_on_both_sides() -> None:
    assert crossed(nested(MAX_DEPTH - 1)) == nested(MAX_DEPTH - 1)
    with pytest.raises(EncodeError):
        encode(nested(MAX_DEPTH + 5))
    with pytest.raises(ProtocolError):
        decode(nested(MAX_DEPTH + 50))
    with pytest.raises(ProtocolError):
        loads(b"[" * 200_000)


@pytest.mark.parametrize(
    "forged",
    [
        {"object": 1},
        {},
        {"tuple": [1], "list": [2]},
        {"tuple": 3},
        {"tuple": {"list": []}},
        {"int": 5},
        {"int": "zz"},
        {"set": [[1]]},
        {"set": [1, 1]},
        {"frozenset": [1, True]},
        {"dict": [[1], []]},
        {"dict": [[1, 1], [2, 3]]},
        {"dict": [[[]], [1]]},
        {"dict": {"a": 1}},
        {"defaultdict": ["eval", [], []]},
        {"bytes": "\u0100"},
        {"complex": [1, 2]},
        {"complex": [1.0]},
        {"range": [0, 1 << 60, 1]},
        {"range": [0, 1, 0]},
        {"range": [0, 1.5, 1]},
        {"Decimal": "one"},
        {"Fraction": [1, 0]},
        {"date": [2024, 13, 1]},
        {"datetime": [2024, 1, 1, 0, 0, 0, 0, 0, 1e9]},
        {"time": []},
        {"timedelta": [10**12, 0, 0]},
        {"namedtuple": ["P", ["x"], []]},
        {"namedtuple": ["P", [1], [2]]},
        {"deque": [[1], -1]},
        {"handle": [0, "object", ""]},
        {"dict_items": [1]},
        [{"handle": 3}],
    ],
    ids=str,
)
def test_a_forged_value_is_refused(forged: Any) -> None:
    with pytest.raises(ProtocolError):
        decode(forged)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.sampled_from(["tuple", "set", "dict", "range", "Counter", "deque", "int", "date", "datetime", "x"]),
                inner,
                max_size=2,
            ),
        ),
        max_leaves=10,
    )
)
def test_any_json_decodes_to_a_value_or_is_refused(message: Any) -> None:
    try:
        value = decode(message)
    except ProtocolError:
        return
    assert same(crossed(value), value)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_are_refused(data: bytes) -> None:
    try:
        json.dumps(loads(data))
    except ProtocolError:
        return


@pytest.fixture
def ends() -> Any:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def channel(end: socket.socket, limit: int = MAX_REPLY) -> Channel:
    return Channel(end.fileno(), incoming=limit, outgoing=limit)


def test_messages_arrive_in_order_and_whole(ends: Any) -> None:
    messages: list[Any] = [["a", 1], ["b" * 300_000], [], None, ["ü\ud800"]]
    sender = threading.Thread(target=lambda: [channel(ends[0]).send(one) for one in messages])
    sender.start()
    reader = channel(ends[1])
    assert [reader.receive() for _ in messages] == messages
    sender.join()


def test_a_message_above_the_limit_is_neither_sent_nor_read(ends: Any) -> None:
    with pytest.raises(EncodeError, match="100 may be sent"):
        channel(ends[0], 100).send("a" * 200)
    os.write(ends[0].fileno(), (101).to_bytes(4, "big"))
    ends[0].close()  # so that who reads on is not kept waiting
    with pytest.raises(ProtocolError, match="101 bytes was announced"):
        channel(ends[1], 100).receive()


def test_a_torn_message_is_an_end_and_not_a_message(ends: Any) -> None:
    os.write(ends[0].fileno(), (50).to_bytes(4, "big") + b"[1,")
    ends[0].close()
    with pytest.raises(ChannelClosedError):
        channel(ends[1]).receive()


def test_sending_to_nobody_says_so(ends: Any) -> None:
    ends[1].close()
    with pytest.raises(ChannelClosedError):
        channel(ends[0]).send([1])
