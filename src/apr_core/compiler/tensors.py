"""Arrays and tensors as domains: drawn from a seed, near another, rotated from another, and token ids.

The one thing a reader would get wrong: Hypothesis does not draw the elements. It draws a shape, a seed and a number of
decimal digits, so a million elements are a few choices, and shrinking ends at a small shape and values such as 0.6.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from apr_core.compiler import fill
from apr_core.compiler.describe import describe
from apr_core.compiler.domain import MAX_ELEMENTS, Case, Context, Quantity, given
from apr_core.contract.inputs import DTYPES, NearInput, RotateInput, Source, TensorInput, TokensInput
from apr_core.contract.vocabulary.arrays import is_torch
from apr_core.errors import TrialError, Untestable, did_you_mean

Drawer = Callable[[st.DrawFn, Case], Any]
"""Draws one input of a case that holds the inputs it refers to."""

Library = Literal["numpy", "torch"]

SEEDS = st.integers(0, 2**32 - 1)
SKIPS = st.integers(0, 63)
"""Hypothesis trades a smaller extent against a larger skip, and so keeps the elements that matter."""
DIGITS = st.integers(1, 8)
"""Few digits are rounded to; `fill.EXACT` or more leave the values alone. Five cases in eight are not rounded."""

NONFINITE = st.sampled_from((math.nan, math.inf, -math.inf))

CEILINGS = (1, 2, 10, 100)
"""Token ids below these come first in shrinking: all zero, then two ids, and so on."""


def tensor(model: TensorInput, where: str, context: Context) -> Drawer:
    """The domain of a `tensor` input.

    Raises:
        Untestable: it needs torch, which is not installed.
        TrialError: the library does not have the dtype, or the dtype not the distribution.
    """
    shape = _shape(model.tensor, where, context)
    dtype = _word(model.dtype, DTYPES, "dtype", where, context)
    kind = _word(model.draw, fill.DRAWS, "draw", where, context)
    _demand_library(model.library, where)
    if model.dtype in DTYPES:
        _demand_fit(model, model.dtype, model.draw if model.draw in fill.DRAWS else "zero", where)

    def take(draw: st.DrawFn, case: Case) -> Any:
        extents, of, how = shape(case), dtype(case), kind(case)
        _demand_fit(model, of, how, where)
        if math.prod(extents) == 0 or how == "zero":
            values = np.zeros(extents, _carrier(of))
        else:
            values = fill.fill(how, of, extents, skip=draw(SKIPS), seed=draw(SEEDS), digits=draw(DIGITS))
        if model.nonfinite and values.size:
            _plant(
                values, draw(st.lists(st.tuples(st.integers(0, values.size - 1), NONFINITE), min_size=1, max_size=3))
            )
        if model.contiguous:
            return _given(values, of, model.library)
        return _strided(values, of, model.library, transposed=values.ndim > 1 and draw(st.booleans()))

    return take


def tokens(model: TokensInput, where: str, context: Context) -> Drawer:
    """The domain of a `tokens` input: int64 ids in 0 … vocabulary - 1. Untestable and TrialError as for `tensor`."""
    shape = _shape(model.tokens, where, context)
    vocabulary = context.quantity(model.vocabulary, where)
    _demand_library(model.library, where)
    levels = st.integers(0, 7)

    def take(draw: st.DrawFn, case: Case) -> Any:
        extents, ids = shape(case), vocabulary.whole(case)
        if not 0 < ids <= 2**63:
            raise vocabulary.refused(ids, case, "a vocabulary has at least one token")
        values = np.zeros(extents, np.int64)
        if values.size and (level := draw(levels)):
            ceiling = min(ids, CEILINGS[level]) if level < len(CEILINGS) else ids
            rng = fill.generator(draw(SEEDS))
            values = rng.integers(0, ceiling, extents)
            if level == 7:  # ids at the very ends are where a table is read out of bounds
                values = np.where(rng.random(extents) < 0.5, (ids - 1) * rng.integers(0, 2, extents), values)
        return _given(values, "int64", model.library)

    return take


def near(model: NearInput, where: str, context: Context) -> Drawer:
    """The domain of a `near` input: b = a + relative * norm(a) * u, with u a random unit vector.

    Zero and non-finite `a`, and a `b` beyond the dtype's range, are discarded: they have no such neighbour.

    Raises:
        TrialError: `a` is not a floating array, or the distance is negative.
    """
    context.demand(model.near, where)
    bounds = model.relative if isinstance(model.relative, list) else [model.relative, model.relative]
    span = context.span(bounds, where)

    def take(draw: st.DrawFn, case: Case) -> Any:
        low, high = span.real(case)
        if not 0 <= low <= high < math.inf:
            raise span.low.refused(low, case, "a relative distance is finite and not negative")
        relative = low if low == high else draw(st.floats(low, high))
        start = context.lookup(model.near, case)
        flat, length = _vector(start, where)
        direction = _direction(draw(SEEDS), flat)
        with np.errstate(over="ignore"):
            return _like(start, flat + relative * length * direction)

    return take


def rotate(model: RotateInput, where: str, context: Context) -> Drawer:
    """The domain of a `rotate` input: b = cos(by) a + sin(by) norm(a) w, with w a random unit vector orthogonal to a.

    Complex arrays count as real ones of twice the size. Zero and non-finite `a` are discarded.

    Raises:
        TrialError: `a` is not a floating array, has fewer than two elements, or the angle is not finite.
    """
    context.demand(model.rotate, where)
    angle = context.quantity(model.by, where)

    def take(draw: st.DrawFn, case: Case) -> Any:
        by = angle.real(case)
        if not math.isfinite(by):
            raise angle.refused(by, case, "an angle is finite")
        start = context.lookup(model.rotate, case)
        flat, length = _vector(start, where)
        if flat.size < 2:
            raise TrialError(
                f"{where}: {model.rotate} = {describe(start)} has fewer than two elements, and one number cannot be "
                "turned. Draw a larger shape."
            )
        other = _orthogonal(flat / length, _direction(draw(SEEDS), flat))
        with np.errstate(over="ignore"):
            return _like(start, math.cos(by) * flat + math.sin(by) * length * other)

    return take


def _shape(sources: list[Source], where: str, context: Context) -> Callable[[Case], tuple[int, ...]]:
    extents = [context.quantity(source, f"{where}, extent {axis}") for axis, source in enumerate(sources)]

    def shape(case: Case) -> tuple[int, ...]:
        found = tuple(extent.whole(case) for extent in extents)
        for extent, count in zip(extents, found, strict=True):
            if count < 0:
                raise extent.refused(count, case, "an extent cannot be negative")
        if math.prod(found) > MAX_ELEMENTS:
            raise _too_large(found, extents, where, case)
        return found

    if all(extent.fixed for extent in extents):
        constant = shape(Case())
        return lambda case: constant
    return shape


def _too_large(shape: tuple[int, ...], extents: list[Quantity], where: str, case: Case) -> TrialError:
    needs = dict.fromkeys(name for extent in extents for name in extent.needs)
    return TrialError(
        f"{where}: the shape {list(shape)}{given(needs, case)} has {math.prod(shape)} elements; at most {MAX_ELEMENTS} "
        "are drawn. Bound the extents."
    )


def _word(word: str, allowed: tuple[str, ...], field: str, where: str, context: Context) -> Callable[[Case], str]:
    """A word of a closed set, written in the contract or held by an input or a constant."""
    if word in allowed:
        return lambda case: word
    if word not in context.inputs and word not in context.scope.names:
        raise TrialError(
            f"{where}: {field} {word!r} is none of {', '.join(allowed)}, nor the name of an input or a constant."
            f"{did_you_mean(word, allowed)}"
        )

    def look_up(case: Case) -> str:
        value = context.lookup(word, case)
        if not isinstance(value, str) or value not in allowed:
            raise TrialError(f"{where}: {field} {word} = {describe(value)} is none of {', '.join(allowed)}.")
        return value

    return look_up


def _demand_library(library: Library, where: str) -> None:
    if library == "torch" and importlib.util.find_spec("torch") is None:
        raise Untestable(f"{where} needs torch, which is not installed", "pip install 'apr-core[models]'")


def _demand_fit(model: TensorInput, dtype: str, kind: str, where: str) -> None:
    """Raise TrialError where library, dtype and distribution do not go together."""
    if dtype == "bfloat16" and model.library == "numpy":
        raise TrialError(f"{where}: numpy has no bfloat16. Write `library: torch`, or take float16 or float32.")
    allowed = fill.draws_of(dtype)
    if kind not in allowed:
        raise TrialError(f"{where}: {dtype} has no draw {kind!r}; it has {', '.join(allowed)}.")
    if model.nonfinite and dtype not in fill.FORMATS and dtype not in fill.COMPLEX:
        raise TrialError(
            f"{where}: {dtype} has neither NaN nor infinities. Drop `nonfinite`, or take a floating dtype."
        )


def _carrier(dtype: str) -> str:
    return fill.FORMATS[dtype].carrier if dtype in fill.FORMATS else dtype


def _plant(values: np.ndarray[Any, Any], plants: list[tuple[int, float]]) -> None:
    flat = values.reshape(-1)
    for position, value in plants:
        flat[position] = value


def _given(values: np.ndarray[Any, Any], dtype: str, library: Library) -> Any:
    """The array in the library that the subject expects."""
    if library == "numpy":
        return values
    torch = importlib.import_module("torch")
    made = torch.from_numpy(values)
    return made.to(torch.bfloat16) if dtype == "bfloat16" else made


def _strided(values: np.ndarray[Any, Any], dtype: str, library: Library, *, transposed: bool) -> Any:
    """The same elements as a view: of a transposed array, or of every second element of one with junk in between.

    An array of one element, or of none, is contiguous whatever one does.
    """
    if transposed and not (turned := np.asfortranarray(values)).flags.c_contiguous:
        axes = tuple(reversed(range(values.ndim)))
        base = _given(turned.transpose(axes), dtype, library)
        return base.transpose(axes) if library == "numpy" else base.permute(axes)
    if values.ndim == 0:
        return _given(values, dtype, library)
    junk = math.nan if values.dtype.kind in "fc" else 1
    room = np.full((*values.shape[:-1], 2 * values.shape[-1]), junk, values.dtype)
    room[..., ::2] = values
    return _given(room, dtype, library)[..., ::2]


def _vector(start: Any, where: str) -> tuple[np.ndarray[Any, Any], float]:
    """A floating array as a flat float64 vector, a complex one as pairs, and its norm.

    Discards the case where there is no direction to speak of: a zero or non-finite array.
    """
    values = start
    if is_torch(start) and (start.is_floating_point() or start.is_complex()):
        torch = importlib.import_module("torch")
        values = start.detach().cpu().to(torch.complex128 if start.is_complex() else torch.float64).numpy()
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fc":
        raise TrialError(
            f"{where}: it starts from {describe(start)}; only a floating or complex array has neighbours like that. "
            "Draw one, or derive the values in `let`."
        )
    wide = np.complex128 if values.dtype.kind == "c" else np.float64
    flat = np.ascontiguousarray(values, wide).reshape(-1).view(np.float64)
    largest = float(np.max(np.abs(flat), initial=0.0))  # a plain norm overflows or vanishes at the ends of the range
    if largest == 0 or not math.isfinite(largest):
        reject()
    length = largest * float(np.linalg.norm(flat / largest))
    return (flat, length) if math.isfinite(length) else reject()


def _direction(seed: int, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A unit vector of the size of `values`; seed 0, the simplest, gives the axis along which `values` is smallest."""
    if seed == 0:
        axis = np.zeros(values.size)
        axis[np.argmin(np.abs(values))] = 1.0
        return axis
    normal = fill.generator((seed, 1)).standard_normal(values.size)  # unlike those of an array with this seed
    return np.asarray(normal / np.linalg.norm(normal))


def _orthogonal(unit: np.ndarray[Any, Any], direction: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The unit vector orthogonal to `unit` in the plane of both. Gram-Schmidt, twice: once leaves rounding behind."""
    for _ in range(2):
        direction = direction - (direction @ unit) * unit
        direction = direction / np.linalg.norm(direction)
    return np.asarray(direction)


def _like(start: Any, flat: np.ndarray[Any, Any]) -> Any:
    """A float64 vector with the shape, dtype and library of `start`; discards the case if the dtype cannot hold it."""
    with np.errstate(all="ignore"):
        if not is_torch(start):
            values = (
                flat.view(np.complex128 if start.dtype.kind == "c" else np.float64)
                .astype(start.dtype)
                .reshape(start.shape)
            )
            return values if np.isfinite(values).all() else reject()
    torch = importlib.import_module("torch")
    wide = torch.from_numpy(flat)
    wide = torch.view_as_complex(wide.reshape(-1, 2)) if start.is_complex() else wide
    made = wide.to(start.dtype).reshape(start.shape)
    return made if torch.isfinite(made).all() else reject()
