"""The shorthands `roundtrip`, `idempotence`, `linearity`, `symmetry` and `invariance`, as the equivalences they mean.

The one thing a reader would get wrong: `_` is replaced in the text, at the places where the syntax tree has it as a
name, so that `apr contract explain` shows what the author would have written, and an underscore inside quotes stays.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from apr_core.contract.inputs import Source
from apr_core.contract.obligations import (
    Equivalence,
    Idempotence,
    Invariance,
    Linearity,
    Obligation,
    Roundtrip,
    Symmetry,
    Template,
)
from apr_core.contract.translation import parse, span_of
from apr_core.errors import ExpressionError

_Any = TypeVar("_Any", bound=Obligation)

_ATOMS = (ast.Name, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.ListComp, ast.Dict)


class Step(NamedTuple):
    """One application that a template makes: which field's function, applied to which argument."""

    field: str
    function: str
    argument: str


def expand(obligation: _Any) -> _Any | Equivalence:
    """A template as the equivalence that it stands for; any other obligation as it is.

    Raises:
        ExpressionError: a function-valued field cannot be applied; says which.
    """
    if not isinstance(obligation, Template):
        return obligation
    left, right = sides(obligation)
    common = {
        name: getattr(obligation, name) for name in obligation.model_fields_set if name in Equivalence.model_fields
    }
    return Equivalence(type="equivalence", left=left, right=right, **common)


def sides(template: Template) -> tuple[str, str]:
    """The two expressions that a template says are equal."""
    match template:
        case Roundtrip():
            return apply(template.backward, apply(template.forward, template.of)), template.of
        case Idempotence():
            once = apply(template.function, template.of)
            return apply(template.function, once), once
        case Invariance():
            return apply(template.function, apply(template.under, template.of)), apply(template.function, template.of)
        case Linearity():
            images = [apply(template.function, value) for value in template.of]
            return apply(template.function, _combination(template.scalars, template.of)), _combination(
                template.scalars, images
            )
        case Symmetry():
            x, y = (_group(value, in_call=True) for value in template.of)
            return f"{template.function}({x}, {y})", f"{template.function}({y}, {x})"
    raise TypeError(f"{type(template).__name__} is a template without an expansion: add it to `sides`")


def steps(template: Template) -> Iterator[Step]:
    """The applications of a template, innermost first, so that a fault can be told at the field that has it."""
    match template:
        case Roundtrip():
            yield Step("forward", template.forward, template.of)
            yield Step("backward", template.backward, apply(template.forward, template.of))
        case Idempotence():
            yield Step("function", template.function, template.of)
        case Invariance():
            yield Step("under", template.under, template.of)
            yield Step("function", template.function, template.of)
        case Linearity():
            yield Step("function", template.function, template.of[0])


@functools.lru_cache(maxsize=1024)
def apply(function: str, argument: str) -> str:
    """The text of a function-valued field with its argument: `_ + 1` of `x` is `x + 1`, `f` of `x` is `f(x)`.

    Raises:
        ExpressionError: the text has no `_` and is not a bare name, or its loop variables are names of the argument.
    """
    tree = parse(function.strip())
    if isinstance(tree, ast.Name) and tree.id != "_":
        return f"{tree.id}({_group(argument, in_call=True)})"
    places = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "_"]
    if not places:
        raise ExpressionError(
            f"`{function}` has no `_` for the argument: write the name of a subject, or an expression such as `f(_, 2)`"
        )
    _refuse_capture(tree, argument)
    arguments = {id(node) for call in ast.walk(tree) if isinstance(call, ast.Call) for node in call.args}
    raw, position, parts = function.strip().encode(), 0, []
    for (start, end), node in sorted(((span_of(function.strip(), node), node) for node in places), key=_start):
        parts += [raw[position:start].decode(), _group(argument, in_call=id(node) in arguments)]
        position = end
    return "".join([*parts, raw[position:].decode()])


def _start(found: tuple[tuple[int, int], ast.Name]) -> int:
    return found[0][0]


def _refuse_capture(tree: ast.expr, argument: str) -> None:
    """A loop variable of the function must not catch a name of the argument."""
    targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.comprehension)]
    loops = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    caught = loops & {node.id for node in ast.walk(parse(argument.strip())) if isinstance(node, ast.Name)}
    if caught:
        raise ExpressionError(f"the loop variable {min(caught)!r} is also a name in {argument!r}: choose another")


def _group(source: Source, *, in_call: bool = False) -> str:
    """The text of a value, in parentheses where what is around it could tear it apart."""
    text = str(source).strip()
    tree = parse(text)
    if isinstance(tree, _ATOMS) or (in_call and not isinstance(tree, (ast.Tuple, ast.GeneratorExp, ast.NamedExpr))):
        return text
    return f"({text})"


def _combination(scalars: list[Source], values: list[str]) -> str:
    return " + ".join(f"{_group(scalar)} * {_group(value)}" for scalar, value in zip(scalars, values, strict=True))
