"""The elements of drawn arrays: pure functions from a seed to numbers.

The one thing a reader would get wrong: numpy has no bfloat16, so its values come as float32 arrays that are still to be
rounded. Only the ends of its range, its neighbours of one and its subnormals are exact here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

EXACT = 4
"""From this many digits on, values are left as the generator gave them."""

READABLE = 4096
"""Arrays beyond this many elements are never rounded: nobody reads them, and rounding would cost more than drawing."""

BLOCKS = 16
"""How many parts of a `mixed` array have a distribution of their own."""


class Format(NamedTuple):
    """What a floating dtype can represent."""

    carrier: str
    """The numpy dtype that holds the values."""
    largest: float
    normal: float
    """The smallest normal number; below it are the subnormals."""
    subnormal: float
    """The smallest number above zero."""
    eps: float
    """From 1 to the next number."""


def _ieee(dtype: str) -> Format:
    info = np.finfo(dtype)
    return Format(dtype, *(float(x) for x in (info.max, info.smallest_normal, info.smallest_subnormal, info.eps)))


FORMATS: dict[str, Format] = {
    **{dtype: _ieee(dtype) for dtype in ("float64", "float32", "float16")},
    "bfloat16": Format("float32", (2 - 2**-7) * 2.0**127, 2.0**-126, 2.0**-133, 2.0**-7),
}
"""Floating dtype → what it can represent."""

COMPLEX = {"complex64": "float32", "complex128": "float64"}
"""Complex dtype → that of its parts."""


def generator(seed: int | tuple[int, ...], skip: int = 0, work: Any = np.float32) -> np.random.Generator:
    """The generator of a seed (SFC64 is numpy's fastest), after `skip` normal numbers."""
    rng = np.random.Generator(np.random.SFC64(seed))
    if skip:
        rng.standard_normal(skip, dtype=work)
    return rng


def fill(draw: str, dtype: str, shape: tuple[int, ...], seed: int, skip: int, digits: int) -> Array:
    """An array of `shape`, of `dtype` or (bfloat16) its carrier.

    Args:
        draw: a distribution that `draws_of(dtype)` names.
        seed: of the generator, below 2**32.
        skip: how many normal numbers of the generator to pass over. A small array and a skip give a part of a larger
            one, which is how shrinking gets from an array to the few elements of it that matter.
        digits: significant decimal digits to round to, where that leaves the distribution what it is; `EXACT` or more
            for none.
    """
    size = int(np.prod(shape, dtype=np.int64))
    width = shape[-1] if shape and shape[-1] > 1 else size
    rng = generator(seed, skip, np.float64 if dtype in ("float64", "complex128") else np.float32)
    if dtype in COMPLEX:
        values = np.empty(size, dtype)
        values.real = _float(draw, FORMATS[COMPLEX[dtype]], rng, size, width, digits)
        values.imag = _float(draw, FORMATS[COMPLEX[dtype]], rng, size, width, digits)
    elif dtype in FORMATS:
        values = _float(draw, FORMATS[dtype], rng, size, width, digits)
    elif dtype == "bool":
        values = _float(draw, FORMATS["float32"], rng, size, width, EXACT) > 0
    else:
        values = Integers(rng, np.iinfo(dtype), digits).draw(draw, size, width).astype(dtype)
    return values.reshape(shape)


def _float(draw: str, form: Format, rng: np.random.Generator, size: int, width: int, digits: int) -> Array:
    rounded = digits if digits < EXACT and size <= READABLE else None
    with np.errstate(all="ignore"):
        return Floats(rng, form, rounded).draw(draw, size, width).astype(form.carrier, copy=False)


def significant(values: Array, digits: int) -> Array:
    """Each element rounded to `digits` significant decimal digits, in float64. What is not zero stays so.

    Dividing by a power of ten, never multiplying by its inexact reciprocal, gives the float64 nearest to the decimal.
    """
    exact = values.astype(np.float64)
    size = np.abs(exact)
    places = digits - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0)))
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    return np.asarray(np.rint(exact / down * up) / up * down)


def _blocks(rng: np.random.Generator, size: int, width: int, kinds: list[str]) -> list[tuple[slice, str]]:
    """Consecutive parts of the flat array, whole rows where there are several, and a distribution for each."""
    unit = width if width < size else 1
    units = size // unit
    edges = np.linspace(0, units, min(units, BLOCKS) + 1).astype(np.int64) * unit
    order = rng.permutation(len(kinds))
    parts = itertools.pairwise(edges.tolist())
    return [(slice(a, b), kinds[order[index % len(kinds)]]) for index, (a, b) in enumerate(parts)]


@dataclass(frozen=True)
class Floats:
    """Draws for one floating dtype. Each method gives `size` elements, in rows of `width`, in float32 or float64."""

    rng: np.random.Generator
    form: Format
    digits: int | None
    """Significant decimal digits to round to, or None."""

    def draw(self, kind: str, size: int, width: int) -> Array:
        """The distribution of that name."""
        return FLOATS[kind](self, size, width)

    def _work(self) -> Any:
        return np.float64 if self.form.carrier == "float64" else np.float32

    def _readable(self, values: Array) -> Array:
        return values if self.digits is None else significant(values, self.digits)

    def normal(self, size: int, width: int) -> Array:
        """Standard normal."""
        return self._readable(self.rng.standard_normal(size, dtype=self._work()))

    def uniform(self, size: int, width: int) -> Array:
        """Uniform on [-1, 1]."""
        return self._readable(2 * self.rng.random(size, dtype=self._work()) - 1)

    def heavy_tailed(self, size: int, width: int) -> Array:
        """Student's t with two degrees of freedom, by its quantile function (2p - 1) / sqrt(2 p (1 - p))."""
        work = self._work()
        p = np.maximum(self.rng.random(size, dtype=work), np.finfo(work).epsneg)  # 0 would give infinity
        return self._readable((2 * p - 1) / np.sqrt(2 * p * (1 - p)))

    def constant(self, size: int, width: int) -> Array:
        """One normal value everywhere."""
        return np.repeat(self.normal(1, 1), size)

    def zero(self, size: int, width: int) -> Array:
        """Zero everywhere."""
        return np.zeros(size, self._work())

    def extreme(self, size: int, width: int) -> Array:
        """The ends of the dtype's range, the neighbours of one, and both zeros."""
        form = self.form
        ends = (form.largest, form.normal, form.eps, 1 + form.eps, 1 - form.eps / 2, 1.0, 0.0)
        return self.rng.choice(np.array([sign * end for end in ends for sign in (1, -1)]), size)

    def denormal(self, size: int, width: int) -> Array:
        """Subnormal numbers of the dtype, of both signs, none zero."""
        form = self.form
        count = round(form.normal / form.subnormal)
        return np.asarray(self.rng.integers(1, count, size) * self.rng.choice((form.subnormal, -form.subnormal), size))

    def cancelling(self, size: int, width: int) -> Array:
        """In each row x, then -x(1 + k eps) with |k| <= 2, then 0 if the row is odd: the sum nearly vanishes."""
        half = width // 2
        values = np.zeros((size // max(width, 1), width))
        x = self.heavy_tailed(len(values) * half, width).astype(np.float64).reshape(len(values), half)
        values[:, :half] = x
        values[:, half : 2 * half] = -x * (1 + self.rng.integers(-2, 3, x.shape) * self.form.eps)
        return values.reshape(-1)

    def mixed(self, size: int, width: int) -> Array:
        """Another distribution for each block of rows or elements, scaled over the whole range of exponents."""
        values = np.empty(size, self._work())
        bits = np.log2([self.form.normal, self.form.largest]).astype(int)
        for part, kind in _blocks(self.rng, size, width, [kind for kind in FLOATS if kind != "mixed"]):
            count = part.stop - part.start
            drawn = self.draw(kind, count, width if count % width == 0 else count)
            if kind not in ("zero", "extreme", "denormal"):
                drawn = np.ldexp(drawn, self.rng.integers(*bits))
            values[part] = np.clip(drawn, -self.form.largest, self.form.largest)
        return values


FLOATS: dict[str, Callable[[Floats, int, int], Array]] = {
    "normal": Floats.normal,
    "uniform": Floats.uniform,
    "heavy-tailed": Floats.heavy_tailed,
    "constant": Floats.constant,
    "zero": Floats.zero,
    "extreme": Floats.extreme,
    "denormal": Floats.denormal,
    "cancelling": Floats.cancelling,
    "mixed": Floats.mixed,
}
"""Name → distribution, for floating and complex dtypes."""


@dataclass(frozen=True)
class Integers:
    """Draws for one integer dtype; results are int64 (drawn within the dtype's range)."""

    rng: np.random.Generator
    info: np.iinfo[Any]
    digits: int
    """Few digits mean small numbers."""

    def draw(self, kind: str, size: int, width: int) -> Array:
        """The distribution of that name, within the dtype's range."""
        return np.asarray(np.clip(INTEGERS[kind](self, size, width), self.info.min, self.info.max))

    def _scaled(self, values: Array) -> Array:
        scale = {1: 1, 2: 3}.get(self.digits, 10)
        whole = np.rint(values * scale).astype(np.int64)
        return whole if self.info.min else np.asarray(np.abs(whole))

    def normal(self, size: int, width: int) -> Array:
        """Normal with standard deviation 10, rounded; its absolute value for an unsigned dtype."""
        return self._scaled(self.rng.standard_normal(size, dtype=np.float32))

    def uniform(self, size: int, width: int) -> Array:
        """Uniform on [-100, 100], or [0, 100] for an unsigned dtype."""
        return self._scaled(20 * self.rng.random(size, dtype=np.float32) - 10)

    def heavy_tailed(self, size: int, width: int) -> Array:
        """Ten times Student's t with two degrees of freedom, rounded."""
        return self._scaled(Floats(self.rng, FORMATS["float32"], None).heavy_tailed(size, width))

    def constant(self, size: int, width: int) -> Array:
        """One normal value everywhere."""
        return np.repeat(self.normal(1, 1), size)

    def zero(self, size: int, width: int) -> Array:
        """Zero everywhere."""
        return np.zeros(size, np.int64)

    def extreme(self, size: int, width: int) -> Array:
        """The ends of the dtype's range and their neighbours, and -1, 0, 1."""
        low, high = int(self.info.min), int(self.info.max)
        return self.rng.choice(np.array([high, low, high - 1, low + 1, 1, -1 if low else 1, 0]), size)

    def cancelling(self, size: int, width: int) -> Array:
        """In each row x, then -x + k with |k| <= 1, then 0 if the row is odd."""
        half = width // 2
        values = np.zeros((size // max(width, 1), width), np.int64)
        x = self.normal(len(values) * half, width).reshape(len(values), half)
        values[:, :half] = x
        values[:, half : 2 * half] = -x + self.rng.integers(-1, 2, x.shape)
        return values.reshape(-1)

    def mixed(self, size: int, width: int) -> Array:
        """Another distribution for each block of rows or elements."""
        values = np.empty(size, np.int64)
        kinds = [kind for kind in INTEGERS if kind != "mixed" and (self.info.min or kind != "cancelling")]
        for part, kind in _blocks(self.rng, size, width, kinds):
            count = part.stop - part.start
            values[part] = self.draw(kind, count, width if count % width == 0 else count)
        return values


INTEGERS: dict[str, Callable[[Integers, int, int], Array]] = {
    "normal": Integers.normal,
    "uniform": Integers.uniform,
    "heavy-tailed": Integers.heavy_tailed,
    "constant": Integers.constant,
    "zero": Integers.zero,
    "extreme": Integers.extreme,
    "cancelling": Integers.cancelling,
    "mixed": Integers.mixed,
}
"""Name → distribution, for integer dtypes."""

DRAWS: tuple[str, ...] = tuple(FLOATS)
"""Every distribution."""


def draws_of(dtype: str) -> tuple[str, ...]:
    """The distributions of a dtype: integers have no subnormals, and unsigned ones nothing to cancel."""
    if dtype in FORMATS or dtype in COMPLEX:
        return DRAWS
    if dtype == "bool":
        return ("normal", "uniform", "heavy-tailed", "constant", "zero")
    return tuple(draw for draw in INTEGERS if draw != "cancelling" or np.iinfo(dtype).min)
