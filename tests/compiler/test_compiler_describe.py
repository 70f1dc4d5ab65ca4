"""Descriptions of values: readable, short, and never an exception."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiler_drawing import LIBRARIES
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.compiler.describe import describe


class Hostile:
    """A value that does everything wrong."""

    def __init__(self, error: BaseException | None = None, text: Any = "") -> None:
        self.error, self.text = error, text

    def __repr__(self) -> str:
        if self.error is not None:
            raise self.error
        return self.text  # type: ignore[no-any-return]

    __str__ = __repr__


class NoClass:
    """A value that lies about its class, loudly."""

    @property
    def __class__(self) -> type:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


class Nameless(type):
    """The type of a class without a name."""

    @property
    def __name__(cls) -> str:
        raise RuntimeError


class Unnamed(metaclass=Nameless):
    """A value whose class cannot even be named."""

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (True, "True"),
        (None, "None"),
        (0.1, "0.1"),
        (math.nan, "nan"),
        (-0.0, "-0.0"),
        (1e-7, "1e-07"),
        (np.float32(0.1), "0.1"),
        (np.bool_(True), "True"),
        ("a\nb", "'a\\nb'"),
        ("ü", "'ü'"),
        (b"\x00", "b'\\x00'"),
        ([1, "a", [None]], "[1, 'a', [None]]"),
        ((1,), "(1,)"),
        ({"k": (1, 2)}, "{'k': (1, 2)}"),
        (np.array([0.1, -0.6, 2.0], np.float32), "float32[3] [0.1, -0.6, 2.0]"),
        (np.array([[1, 2], [3, 4]], np.int8), "int8[2, 2] [[1, 2], [3, 4]]"),
        (np.array(0.5), "float64[] 0.5"),
        (np.array([math.nan, math.inf]), "float64[2] [nan, inf]"),
        (np.zeros((3, 0)), "float64[3, 0]"),
        (np.array([True, False]), "bool[2] [True, False]"),
        (np.arange(4.0)[::2], "float64[2] strided [0.0, 2.0]"),
        ([np.zeros(1, np.float32)], "[float32[1] [0.0]]"),
    ],
)
def test_small_values_are_shown_whole(value: Any, text: str) -> None:
    assert describe(value) == text


def test_a_large_array_is_summed_up() -> None:
    text = describe(np.arange(1000, dtype=np.float32))
    assert text == "float32[1000] min 0.0, max 999.0, mean 499.5, first [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, …]"


def test_a_large_array_counts_what_is_not_finite() -> None:
    values = np.zeros(30)
    values[[3, 4, 20]] = math.nan, math.inf, -math.inf
    assert "min 0.0, max 0.0, mean 0, 1 nan, 2 infinite" in describe(values)
    assert "30 nan, 0 infinite" in describe(np.full(30, math.nan))
    assert "7 of 30 true" in describe(np.arange(30) < 7)
    assert "min" in describe(np.full(30, np.finfo(np.float64).max))
    assert "absolute min 5.0, max 5.0" in describe(np.full(30, 3 + 4j))


@pytest.mark.skipif("torch" not in LIBRARIES, reason="torch is not installed")
def test_tensors_are_shown_like_arrays() -> None:
    import torch

    assert describe(torch.tensor([[0.1, -0.6]])) == "torch.float32[1, 2] [[0.1, -0.6]]"
    assert describe(torch.tensor([0.1, 1.0], dtype=torch.bfloat16, requires_grad=True)) == "torch.bfloat16[2] [0.1, 1]"
    assert describe(torch.arange(4)[::2]) == "torch.int64[2] strided [0, 2]"
    assert describe(torch.zeros(40)).startswith("torch.float32[40] min 0.0, max 0.0, mean 0, first [")
    assert describe(torch.zeros(2, device="meta"))
    assert describe(torch.zeros(2, 2).to_sparse())


def test_paths_are_shown_by_name_and_size(tmp_path: Path) -> None:
    (tmp_path / "input.bin").write_bytes(b"12345")
    assert describe(tmp_path / "input.bin") == "input.bin (5 bytes)"
    assert describe(tmp_path) == "a folder with 1 entry"
    assert describe(tmp_path / "gone") == "gone (missing)"


@pytest.mark.parametrize(
    ("value", "ending"),
    [
        ("x" * 5000, "… (5000 characters)"),
        (b"x" * 5000, "… (5000 bytes)"),
        (list(range(5000)), "more]"),
        ({i: i for i in range(5000)}, "more}"),
        (10**5000, "bits)"),
        (["y" * 200] * 50, "more]"),
        (Hostile(text="z" * 10**6), "z…"),
    ],
    ids=["text", "bytes", "list", "map", "integer", "list of text", "repr"],
)
def test_long_values_are_cut_and_say_so(value: Any, ending: str) -> None:
    text = describe(value)
    assert len(text) <= 320
    assert text.endswith(ending)


HOSTILE = {
    "raises": lambda: Hostile(ValueError("no")),
    "exits": lambda: Hostile(SystemExit(3)),
    "recurses": lambda: Hostile(RecursionError()),
    "gives no text": lambda: Hostile(text=3),
    "hides its class": NoClass,
    "hides its class's name": Unnamed,
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_value_is_still_described(how: str) -> None:
    value = HOSTILE[how]()
    assert "cannot be shown" in describe(value)
    assert describe([1, value, {"k": value}]).startswith("[1, <")


def test_a_hostile_text_cannot_rewrite_the_terminal() -> None:
    assert describe(Hostile(text="a\x1b[2Jb\r\nc\ud800")) == "a�[2Jb c�"


def test_a_value_that_contains_itself_ends() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert describe(loop) == "[1, [1, [1, [1, [… 2 elements]]]]]"


def test_an_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        describe(Hostile(KeyboardInterrupt()))


@settings(max_examples=200, database=None, derandomize=True, deadline=None)
@given(
    st.recursive(
        st.floats() | st.text() | st.integers() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_one_printable_line(value: Any) -> None:
    text = describe(value)
    assert text.isprintable()
    assert 0 < len(text) <= 320
