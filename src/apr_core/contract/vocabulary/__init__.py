"""The fixed functions and constants of expressions: one table.

Each function's docstring is its line in the documentation. The one thing a reader would get wrong: these are the only
functions besides a contract's subjects. None takes a function, a module or an attribute's name, or leads to one.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

from apr_core.contract.vocabulary import elementwise, reductions, sequences
from apr_core.contract.vocabulary.arrays import to_float64
from apr_core.contract.vocabulary.identity import digest, equal
from apr_core.contract.vocabulary.ulp import eps, ulp_distance
from apr_core.errors import ExpressionError

__all__ = ["CONSTANTS", "VOCABULARY", "arity_problem", "digest", "equal", "to_float64", "ulp_distance"]

Function = Callable[..., Any]

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
"""Names that every expression may read."""

_TABLE: dict[str, Function] = {
    # many numbers to one
    "norm": reductions.norm, "mean": reductions.mean, "sum": reductions.total, "std": reductions.std,
    "var": reductions.var, "median": reductions.median, "quantile": reductions.quantile,
    "min": reductions.smallest, "max": reductions.largest, "max_abs": reductions.max_abs,
    "count_nonzero": reductions.count_nonzero, "sparsity": reductions.sparsity,
    "all": reductions.every, "any": reductions.some,
    # two values against each other
    "cosine": reductions.cosine, "dot": reductions.dot, "relative_error": reductions.relative_error,
    "ulp_distance": ulp_distance, "equal": equal, "digest": digest,
    # element by element
    "abs": elementwise.absolute, "sign": elementwise.sign, "sqrt": elementwise.sqrt, "exp": elementwise.exp,
    "log": elementwise.log, "log2": elementwise.log2, "sin": elementwise.sin, "cos": elementwise.cos,
    "tan": elementwise.tan, "tanh": elementwise.tanh, "floor": elementwise.floor, "ceil": elementwise.ceil,
    "round": elementwise.round_, "where": elementwise.where, "clip": elementwise.clip,
    "isfinite": elementwise.isfinite, "isnan": elementwise.isnan, "cast": elementwise.cast,
    # the form of values
    "shape": sequences.shape, "size": sequences.size, "ndim": sequences.ndim, "dtype": sequences.dtype,
    "nbytes": sequences.nbytes, "eps": eps, "transpose": elementwise.transpose, "reshape": elementwise.reshape,
    "flatten": elementwise.flatten, "concatenate": elementwise.concatenate, "stack": elementwise.stack,
    "zeros_like": elementwise.zeros_like, "ones_like": elementwise.ones_like,
    # lists, maps and text
    "len": sequences.length, "sorted": sequences.sorted_, "reversed": sequences.reversed_, "unique": sequences.unique,
    "set": sequences.as_set, "range": sequences.range_, "zip": sequences.zip_, "enumerate": sequences.enumerate_,
    "list": sequences.as_list, "tuple": sequences.as_tuple, "keys": sequences.keys, "values": sequences.values,
    "items": sequences.items, "float": sequences.to_float, "int": sequences.to_int, "bool": sequences.to_bool,
    "str": sequences.to_text,
    # files
    "files": sequences.files, "size_of": sequences.size_of, "read_bytes": sequences.read_bytes,
    "read_text": sequences.read_text,
}  # fmt: skip


def _word(name: str, function: Function) -> Function:
    """The function under its name in the language; whatever it raises becomes an ExpressionError."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ExpressionError:
            raise
        except Exception as error:
            raise ExpressionError(f"{name}: {str(error) or type(error).__name__}") from error

    call.__name__ = call.__qualname__ = name
    return call


VOCABULARY: dict[str, Function] = {name: _word(name, function) for name, function in _TABLE.items()}
"""Every function that an expression may call besides the contract's subjects. `before` is bound by the frame check."""


@functools.lru_cache(maxsize=1024)
def arity_problem(name: str, positional: int, keywords: tuple[str, ...]) -> str | None:
    """What is wrong with a call of a vocabulary function, judged by the number and names of its arguments."""
    signature = inspect.signature(_TABLE[name])
    try:
        signature.bind(*[None] * positional, **dict.fromkeys(keywords))
    except TypeError as error:
        parameters = ", ".join(str(parameter).partition(":")[0] for parameter in signature.parameters.values())
        return f"{name} is called as {name}({parameters}): {error}"
    return None
