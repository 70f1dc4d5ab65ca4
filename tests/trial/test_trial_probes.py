"""Automatic faults: each changes what it says and nothing else, the same way every time, and never the original."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apr_core.compiler.values import same
from apr_core.trial.probes import (
    DEPENDENT,
    EXTENDED,
    NONE,
    NOT_FINITE,
    NUMBERS,
    PARTS,
    PROBES,
    RETYPED,
    SHAPES,
    change,
    finite,
    probed,
)

ALL = (*PROBES, NOT_FINITE, NONE)


class Point(NamedTuple):
    x: float
    y: float


@dataclasses.dataclass
class Box:
    n: int
    items: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    n: int
    name: str


class Plain:
    def __init__(self, n: int) -> None:
        self.n = n


class Shared:
    """Copies of it are itself, as those of a constant may be."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __copy__(self) -> Shared:
        return self


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(max_size=4), st.binary(max_size=4),
    st.fractions(), st.decimals(allow_nan=False, allow_infinity=False, places=2),
)  # fmt: skip
arrays = st.one_of(
    st.tuples(st.sampled_from(["float64", "float32", "float16", "int64", "int8", "uint8", "bool", "complex128"]),
              st.sampled_from([(), (0,), (3,), (2, 3), (0, 2)]), st.integers(0, 9)).map(
        lambda one: np.random.default_rng(one[2]).integers(0, 2 if one[0] == "bool" else 100, size=one[1]).astype(one[0])
    ),
)  # fmt: skip
values = st.recursive(
    leaves | arrays,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
        st.tuples(st.integers(), inner).map(lambda pair: Box(pair[0], [pair[1]])),
        st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False)).map(lambda pair: Point(*pair)),
    ),
    max_leaves=6,
)
"""Any result of any function, nearly."""


def types(value: Any) -> Any:
    """A value with its numbers, texts and truth values replaced by their types, and arrays by dtype and shape."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape
    if isinstance(value, dict):
        return dict, {key: types(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [types(item) for item in value]
    if isinstance(value, Box):
        return Box, types(value.n), types(value.items)
    return type(value)


# --- for any value ---


@given(values, st.sampled_from(sorted(NUMBERS)), st.integers(0, 2**32 - 1))
def test_a_number_probe_keeps_types_shapes_and_lengths(value: Any, probe: str, seed: int) -> None:
    assert types(change(value, probe, seed)) == types(value)


@given(values, st.sampled_from(sorted(PROBES)), st.integers(0, 2**32 - 1))
def test_what_is_finite_stays_finite(value: Any, probe: str, seed: int) -> None:
    if finite(value):
        assert finite(change(value, probe, seed, [1, "a"]))


@given(values, st.sampled_from(sorted(ALL)), st.integers(0, 2**32 - 1))
def test_the_original_is_left_alone_and_the_same_probe_gives_the_same(value: Any, probe: str, seed: int) -> None:
    before = copy.deepcopy(value)
    once = change(value, probe, seed, [1, "a"])
    assert same(value, before, opaque=True)
    assert same(once, change(value, probe, seed, [1, "a"]), opaque=True)


@given(values, st.sampled_from(sorted(ALL)), st.integers(0, 2**32 - 1))
def test_what_is_returned_as_another_object_is_another_value(value: Any, probe: str, seed: int) -> None:
    changed = change(value, probe, seed, [1, "a"])
    if changed is not value and probe != RETYPED:
        assert not same(changed, value) or list(changed) != list(value)  # a map in another order


# --- each probe, on one value of each kind ---

KINDS: dict[str, Any] = {
    "int": 7, "negative": -3, "float": 2.5, "bool": True, "text": "ab", "bytes": b"ab", "complex": 1 + 2j,
    "fraction": Fraction(1, 3), "decimal": Decimal("1.5"), "numpy scalar": np.float32(2.5), "numpy int": np.int64(7),
    "numpy bool": np.bool_(True), "array": np.array([1.0, 2.0, 4.0]), "whole array": np.array([1, 2, 4]),
    "truth array": np.array([True, False, False]), "point array": np.array(3.0), "list": [1, 2, 4], "tuple": (1, 2.0, "a"),
    "named tuple": Point(1.0, 2.0), "map": {"a": 1, "b": [2]}, "set": {1, 5}, "frozen set": frozenset({1, 5}),
    "ordered map": collections.OrderedDict(a=1, b=2), "counter": collections.Counter("aab"),
    "dataclass": Box(3, [1, 2]), "slots": Frozen(3, "a"), "object": Plain(3), "path": Path("a") / "b.txt",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_value_is_changed_by_the_number_probes(kind: str) -> None:
    value = KINDS[kind]
    for probe in NUMBERS:
        changed = change(value, probe, 5)
        assert changed is not value, probe
        assert type(changed) is type(value), probe


SHORT: dict[str, tuple[Any, Any, Any, Any, Any]] = {
    # value, shortened, lengthened, reversed, emptied
    "list": ([1, 2], [1], [1, 2, 2], [2, 1], []),
    "tuple": ((1, 2), (1,), (1, 2, 2), (2, 1), ()),
    "text": ("ab", "a", "abb", "ba", ""),
    "bytes": (b"ab", b"a", b"abb", b"ba", b""),
    "map": ({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2, "?": 2}, {"b": 2, "a": 1}, {}),
    "array": (
        np.array([1.0, 2.0]), np.array([1.0]), np.array([1.0, 2.0, 2.0]), np.array([2.0, 1.0]), np.array([]),
    ),
    "matrix": (
        np.array([[1], [2]]), np.array([[1]]), np.array([[1], [2], [2]]), np.array([[2], [1]]),
        np.zeros((0, 1), dtype=int),
    ),
    "named tuple": (Point(1, 2), (1,), (1, 2, 2), (2, 1), ()),
}  # fmt: skip


@pytest.mark.parametrize("kind", SHORT)
def test_each_shape_probe_does_what_it_says(kind: str) -> None:
    value, *expected = SHORT[kind]
    for probe, wanted in zip(("shortened", "lengthened", "reversed", "emptied"), expected, strict=True):
        found = change(value, probe, 0)
        assert same(found, wanted), (probe, found)
        assert not isinstance(found, dict) or list(found) == list(wanted)


def test_shapes_of_sets() -> None:
    assert change({1, 5}, "shortened", 0) == {1}
    assert change({1, 5}, "lengthened", 0) == {1, 5, "?"}
    assert change(frozenset({1, 5}), "emptied", 0) == frozenset()


def test_an_empty_value_can_still_become_longer() -> None:
    cases = [([], [0]), ((), (0,)), ("", "?"), (b"", b"?"), ({}, {"?": 0}), (set(), {"?"}), (np.zeros(0), np.zeros(1))]
    for value, longer in cases:
        assert same(change(value, "lengthened", 0), longer)
        assert change(value, "shortened", 0) is value and change(value, "emptied", 0) is value


def test_an_array_gets_one_more_axis_and_nothing_else_does() -> None:
    assert change(np.zeros((2, 3)), "with one more axis", 0).shape == (1, 2, 3)
    for value in (KINDS["list"], KINDS["map"], KINDS["text"], KINDS["int"], KINDS["point array"]):
        assert change(value, "with one more axis", 0) is value


def test_probes_of_parts_reach_inside_and_leave_the_outside() -> None:
    value = {"errors": [], "found": [1, 2], "at": ("ab", {"deep": [3, 4]}), "n": 7}
    assert change(value, "parts lengthened", 0) == {
        "errors": [0], "found": [1, 2, 2], "at": ("abb", {"deep": [3, 4, 4], "?": [3, 4, 4]},
                                                  {"deep": [3, 4, 4], "?": [3, 4, 4]}), "n": 7,
    }  # fmt: skip
    assert change(value, "parts emptied", 0) == {"errors": [], "found": [], "at": (), "n": 7}
    assert change(([1, 2], [3]), "parts shortened", 0) == ([1], [])
    assert change([1, 2], "parts shortened", 0) == [1, 2]


@pytest.mark.parametrize("probe", PARTS)
def test_a_value_without_parts_is_returned_as_it_is(probe: str) -> None:
    for kind in ("int", "text", "array", "list", "bool"):
        assert change(KINDS[kind], probe, 0) is KINDS[kind]


RETYPES = {
    "int": float, "bool": float, "list": tuple, "tuple": list, "set": list, "frozen set": list, "numpy int": np.float64,
    "numpy scalar": np.float64, "fraction": Fraction, "text": str,
}  # fmt: skip


@pytest.mark.parametrize("kind", RETYPES)
def test_a_value_of_another_type_is_the_same_value(kind: str) -> None:
    changed = change(KINDS[kind], RETYPED, 0)
    assert type(changed) is RETYPES[kind]
    assert same(changed, KINDS[kind]) or changed == KINDS[kind] or set(changed) == set(KINDS[kind])


@pytest.mark.parametrize(
    ("dtype", "becomes"),
    [("float64", "float32"), ("float32", "float64"), ("float16", "float64"), ("int8", "float64"), ("bool", "float64"),
     ("complex128", "complex64"), ("complex64", "complex128")],
)  # fmt: skip
def test_an_array_of_another_type_has_the_same_shape(dtype: str, becomes: str) -> None:
    changed = change(np.ones((2, 1), dtype), RETYPED, 0)
    assert (str(changed.dtype), changed.shape) == (becomes, (2, 1))


def test_none_becomes_a_number_of_another_type_and_anything_becomes_none() -> None:
    assert change(None, RETYPED, 0) == 0
    assert all(change(None, probe, 0) is None for probe in (*NUMBERS, *SHAPES, *PARTS, EXTENDED, NOT_FINITE, NONE))
    assert all(change(value, NONE, 0) is None for value in KINDS.values())


def test_nan_comes_into_every_number_and_only_there() -> None:
    found = change({"a": [1, 2.0, "x"], "b": (True, np.ones(2), None)}, NOT_FINITE, 0)
    assert math.isnan(found["a"][0]) and math.isnan(found["a"][1]) and found["a"][2] == "x"
    assert found["b"][0] is True and np.isnan(found["b"][1]).all() and found["b"][2] is None


def test_nan_becomes_a_number_under_zero() -> None:
    """Else a claim that something is not a number could never be seen to fall."""
    assert change(math.nan, "zero", 0) == 0.0
    assert same(change(np.array([math.nan, 1.0]), "zero", 0), np.zeros(2))
    assert same(change([math.nan], "zero", 0), [0.0])


def test_what_a_claim_names_comes_into_what_can_hold_it() -> None:
    more = ["x", 3, b"y", [1]]
    assert change("ab", EXTENDED, 0, more) == "abx"
    assert change(b"ab", EXTENDED, 0, more) == b"aby"
    assert change([1], EXTENDED, 0, more) == [1, "x", 3, b"y", [1]]
    assert change((1,), EXTENDED, 0, more) == (1, "x", 3, b"y", [1])
    assert change({3}, EXTENDED, 0, more) == {3, "x", b"y"}
    assert change({"x": 1}, EXTENDED, 0, more) == {"x": 1, 3: None, b"y": None}
    for value in (7, 2.5, None, KINDS["array"], KINDS["named tuple"], KINDS["dataclass"]):
        assert change(value, EXTENDED, 0, more) is value
    for value in ("ab", [1], {1}, {"a": 1}):
        assert change(value, EXTENDED, 0, []) is value


# --- what has nothing to change is the same object ---

UNTOUCHED: dict[str, Any] = {
    "None": None, "no list": [], "lists of nothing": [[], ()], "no map": {}, "no array": np.zeros(0), "no grid": np.zeros((0, 3)),
    "objects": np.array([None], dtype=object), "a function": len, "a type": int, "a module": math, "no fields": object(),
    "NaN in a list": [math.nan], "texts as an array": np.array(["a"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNTOUCHED)
def test_a_number_probe_without_a_number_returns_the_same_object(kind: str) -> None:
    for probe in NUMBERS:
        if not (kind == "NaN in a list" and probe == "zero"):
            assert change(UNTOUCHED[kind], probe, 5) is UNTOUCHED[kind], probe


def test_a_change_that_changes_nothing_returns_the_same_object() -> None:
    big = 1e300
    assert change(big, "shifted", 5) is big
    assert change(0.0, "zero", 5) == 0.0 and change(0, "halved", 5) == 0
    for value in (0.0, np.zeros(3), [0, 0.0], {"a": 0}):
        assert change(value, "zero", 5) is value
        assert change(value, "halved", 5) is value
    for value in ([1, 2, 1], "aba", (3,), np.array([1, 2, 1]), {"a": 1}):
        assert change(value, "reversed", 0) is value


def test_what_would_leave_the_numbers_of_a_type_stays_as_it_is() -> None:
    assert change(np.float16(6e4), "far too large", 0) == np.float16(6e4)
    assert change(np.int8(100), "far too large", 0) == np.int8(100)
    assert change(1e307, "far too large", 0) == 1e307
    assert change(np.array([1.0, 1e307]), "far too low", 0)[1] == 1e307
    assert change(np.uint8(3), "mirrored", 0) == 3


def test_an_object_that_copies_to_itself_is_not_changed() -> None:
    one = Shared(3)
    assert change(one, "shifted", 0) is one and one.n == 3


def test_an_object_is_copied_and_the_parts_that_stay_are_shared() -> None:
    one = Box(3, [])
    twin = change(one, "shifted", 0)
    assert (twin.n, one.n) == (4, 3) and twin.items is one.items
    frozen = Frozen(3, "a")
    assert change(frozen, "shifted", 0) == Frozen(4, "a?") and frozen == Frozen(3, "a")
    assert change(Plain(3), "zero", 0).n == 0
    assert change([Plain(3), 1], "shifted", 0)[0].n == 4


def test_an_enumeration_stays_a_number() -> None:
    assert change(Level.LOW, "shifted", 0) == 2
    assert isinstance(change(Level.LOW, "zero", 0), int)


def test_containers_in_containers_are_entered_to_a_depth_and_not_without_end() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert change(loop, "shifted", 0)[0] == 2
    assert change([[[[1]]]], "shifted", 0) == [[[[2]]]]


# --- functions of the arguments ---


def seen(subject: Callable[..., Any], probe: str) -> tuple[Callable[..., Any], list[bool]]:
    touched: list[bool] = []
    return probed(subject, probe, touched), touched


def area(width: int, height: int = 2, *more: int, unit: str = "m", **rest: int) -> int:
    return width * height


SAME_CALL: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((3,), {}), ((3, 2), {}), ((), {"width": 3}), ((), {"height": 2, "width": 3}), ((3,), {"unit": "m"}),
    ((), {"unit": "m", "height": 2, "width": 3}),
]  # fmt: skip


def test_the_same_arguments_give_the_same_fault_however_they_are_passed() -> None:
    faulty, _ = seen(area, DEPENDENT)
    assert len({faulty(*args, **named) for args, named in SAME_CALL}) == 1


def test_other_arguments_give_another_fault() -> None:
    faulty, _ = seen(lambda n: 0, DEPENDENT)
    assert len({faulty(n) for n in range(50)}) > 3
    faulty, _ = seen(area, DEPENDENT)
    assert len({faulty(3, 2, more) for more in range(50)}) > 3


def test_a_function_without_a_known_signature_is_probed_too() -> None:
    faulty, touched = seen(max, DEPENDENT)
    assert faulty(3, 4) == faulty(3, 4) and touched


def test_arguments_without_a_digest_give_one_fault() -> None:
    faulty, _ = seen(lambda thing: 100, DEPENDENT)
    assert faulty(object()) == faulty(object()) != 100


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5), st.sampled_from(sorted(PROBES)))
def test_a_faulty_subject_is_still_a_function(numbers: list[float], probe: str) -> None:
    faulty, _ = seen(lambda given_: [*given_, len(given_)], probe)
    assert same(faulty(numbers), faulty(list(numbers)))


def test_it_is_said_whether_a_result_was_touched() -> None:
    faulty, touched = seen(lambda n: n, "zero")
    assert faulty(0) == 0 and touched == []
    assert faulty(3) == 0 and touched == [True]


def test_a_subject_that_raises_still_does() -> None:
    faulty, touched = seen(lambda n: 1 // n, "shifted")
    with pytest.raises(ZeroDivisionError):
        faulty(0)
    assert touched == []


def test_the_literals_of_the_claim_and_the_arguments_come_into_the_result() -> None:
    touched: list[bool] = []
    faulty = probed(lambda word, times: [word] * times, EXTENDED, touched, literals=["secret"])
    assert faulty("a", times=2) == ["a", "a", "secret", "a", 2]


# --- torch ---


def test_tensors_keep_type_shape_and_finiteness() -> None:
    torch = pytest.importorskip("torch")
    for dtype in (
        torch.float64,
        torch.float32,
        torch.bfloat16,
        torch.float16,
        torch.int64,
        torch.int8,
        torch.uint8,
        torch.bool,
    ):
        for shape in ((), (0,), (3,), (2, 3)):
            value = torch.ones(shape, dtype=dtype)
            before = value.clone()
            for probe in (*NUMBERS, *SHAPES, RETYPED, EXTENDED):
                changed = change(value, probe, 5)
                assert finite(changed)
                if probe in NUMBERS:
                    assert (changed.dtype, changed.shape) == (value.dtype, value.shape), probe
            assert torch.equal(value, before)


def test_a_tensor_is_changed_and_an_empty_one_is_the_same_object() -> None:
    torch = pytest.importorskip("torch")
    value = torch.tensor([1.0, 2.0])
    assert change(value, "shifted", 0).tolist() == [2.0, 3.0]
    assert change(value, "mirrored", 0).tolist() == [-2.0, -3.0]
    assert change(value, "zero", 0).tolist() == [0.0, 0.0]
    assert change(value, "halved", 0).tolist() == [0.5, 1.0]
    assert change(value, "shortened", 0).tolist() == [1.0]
    assert change(value, "lengthened", 0).tolist() == [1.0, 2.0, 2.0]
    assert change(value, "reversed", 0).tolist() == [2.0, 1.0]
    assert change(value, "emptied", 0).tolist() == []
    assert change(value, "with one more axis", 0).shape == (1, 2)
    assert change(value, RETYPED, 0).dtype == torch.float64
    assert change(torch.tensor([True, False]), "shifted", 0).tolist() == [False, True]
    assert change(torch.tensor([1, 5]), "halved", 0).tolist() == [0, 2]
    assert torch.isnan(change(value, NOT_FINITE, 0)).all()
    empty = torch.zeros(0)
    assert all(change(empty, probe, 5) is empty for probe in NUMBERS)
    assert change(empty, "lengthened", 0).tolist() == [0.0]


def test_tensors_inside_results_are_reached_and_gradients_are_not_asked_for() -> None:
    torch = pytest.importorskip("torch")
    parameter = torch.ones(2, requires_grad=True)
    found = change({"loss": parameter * 2, "steps": [parameter]}, "shifted", 0)
    assert found["loss"].tolist() == [3.0, 3.0] and not found["loss"].requires_grad
    assert found["steps"][0].tolist() == [2.0, 2.0] and parameter.tolist() == [1.0, 1.0]


# --- finite ---


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, [1.0, math.inf], (math.nan,), {"a": [math.nan]}, np.array([1.0, math.nan]), np.float32("inf"),
     complex(0, math.inf), {1.0, math.inf}, Decimal("Infinity")],
)  # fmt: skip
def test_what_holds_nan_or_an_infinity_is_not_finite(value: Any) -> None:
    assert not finite(value)


@pytest.mark.parametrize(
    "value",
    [1, 10**400, 2.5, "nan", None, [], {"a": 1}, np.array([1]), np.array(["a"]), Fraction(1, 3), True, object()],
)
def test_everything_else_is(value: Any) -> None:
    assert finite(value)
