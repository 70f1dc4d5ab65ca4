"""The functions of expressions, written from their docstrings, each with examples that are computed here.

The one thing a reader would get wrong: what stands behind `=` is not typed in. It is what the compiler of expressions gives
while the page is built.
"""

from __future__ import annotations

import inspect
from typing import Any

from apr_core.contract.expression import compile_expression
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY

GROUPS = {
    "norm": "Many numbers to one",
    "cosine": "Two values against each other",
    "abs": "Element by element",
    "shape": "The form of values",
    "len": "Lists, maps and text",
    "files": "Files below a workdir",
}
"""First function of a group → its heading."""

EXAMPLES = {
    "norm": "norm([3, 4])", "mean": "mean([1, 2, 6])", "sum": "sum([0.1, 0.2])", "std": "std([1, 3])",
    "var": "var([1, 3], ddof=1)", "median": "median([1, 2, 6])", "quantile": "quantile([0, 10], 0.9)",
    "min": "min([3, 1, 2])", "max": "max(2, 7)", "max_abs": "max_abs([-3, 2])", "count_nonzero": "count_nonzero([0, 2, 0])",
    "sparsity": "sparsity([0, 2, 0, 0])", "all": "all([True, False])", "any": "any([True, False])",
    "cosine": "cosine([1, 0], [1, 1])", "dot": "dot([1, 2], [3, 4])", "relative_error": "relative_error([1.1], [1.0])",
    "ulp_distance": "ulp_distance(1.0, 1.0 + eps('float64'))", "equal": "equal([1, 2], [1, 2])", "abs": "abs(-2.5)",
    "sign": "sign(-2.5)", "sqrt": "sqrt(2)", "exp": "exp(1)", "log": "log(e)", "log2": "log2(8)", "sin": "sin(0)",
    "cos": "cos(0)", "tan": "tan(0)", "tanh": "tanh(0)", "floor": "floor(2.7)", "ceil": "ceil(2.1)", "round": "round(2.567, 1)",
    "where": "where(2 > 1, 5, 6)", "clip": "clip(7, 0, 5)", "isfinite": "isfinite(inf)", "isnan": "isnan(nan)",
    "eps": "eps('float32')", "len": "len('abc')", "sorted": "sorted([3, 1, 2])", "reversed": "reversed([1, 2, 3])",
    "unique": "unique([2, 1, 2])", "range": "list(range(3))", "zip": "list(zip([1, 2], 'ab'))",
    "enumerate": "list(enumerate('ab'))", "list": "list('abc')", "tuple": "tuple([1, 2])", "keys": "keys({'a': 1})",
    "values": "values({'a': 1})", "items": "items({'a': 1})", "float": "float('1e-3')", "int": "int(2.9)", "bool": "bool([])",
    "str": "str(1.5)",
}  # fmt: skip
"""Function → a call that says more than its signature."""


def page() -> str:
    """Every function by group, then the constants."""
    parts: list[str] = []
    for name, function in VOCABULARY.items():
        if name in GROUPS:
            parts += ["", f"## {GROUPS[name]}", "", "| call | gives |", "|---|---|"]
        parts.append(f"| `{call(name, function)}` | {_meaning(name, function)} |")
    values = ", ".join(f"`{name}` = {value:.6g}" for name, value in CONSTANTS.items())
    return "\n".join([*parts, "", "## Constants", "", f"{values}."])


def call(name: str, function: Any) -> str:
    """`quantile(x, q)`: a function with its parameters, without their types."""
    signature = inspect.signature(function)
    plain = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return f"{name}{signature.replace(parameters=plain, return_annotation=signature.empty)}"


def _meaning(name: str, function: Any) -> str:
    text = " ".join((inspect.getdoc(function) or "").split()).replace("|", "\\|")
    source = EXAMPLES.get(name)
    return text if source is None else f"{text}<br>`{source}` = `{value(source)}`"


def value(source: str) -> Any:
    """What an expression without names gives."""
    return compile_expression(source, names=set(CONSTANTS), functions=VOCABULARY).evaluate({}, {})
