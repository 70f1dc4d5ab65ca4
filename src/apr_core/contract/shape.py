"""Which fields a place of a contract may have, from the types of the models.

The one thing a reader would get wrong: a location here is pydantic's, with the tag of each union member in it
(`<bound>`), because only the tag says which member the author chose.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def is_tag(part: Any) -> bool:
    """Whether a part of a location is the tag of a union member."""
    return isinstance(part, str) and part.startswith("<") and part.endswith(">")


def fields_at(root: type[BaseModel], loc: tuple[Any, ...]) -> dict[str, FieldInfo]:
    """The fields of the model at a location, by the names that a file uses; none where there is no model."""
    kinds: list[Any] = [root]
    for part in loc:
        kinds = [step for kind in kinds for step in _steps(kind, part)]
    model = next((kind for kind in kinds if _is_model(kind)), None)
    return {} if model is None else {field.alias or name: field for name, field in model.model_fields.items()}


def _steps(kind: Any, part: Any) -> list[Any]:
    """The types below a type, one part of a location further."""
    origin, arguments = get_origin(kind), get_args(kind)
    if _is_model(kind):
        if is_tag(part) or part == kind.__name__:
            return [kind] if part in (kind.__name__, f"<{_tag(kind)}>") else []
        return [
            inner
            for name, field in kind.model_fields.items()
            if part == (field.alias or name)
            for inner in _flat(field.annotation)
        ]
    if origin is dict:
        return _flat(arguments[1])
    if origin is list:
        return _flat(arguments[0])
    return []


def _flat(kind: Any) -> list[Any]:
    """The members of a union, without what annotates them."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _flat(arguments[0])
    if origin in (Union, types.UnionType):
        return [inner for argument in arguments for inner in _flat(argument)]
    return [kind]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _tag(model: type[BaseModel]) -> str:
    """What tells a member of a union: the literal of `type` or `template`, or the name of the first field."""
    for name in ("type", "template"):
        if name in model.model_fields:
            return str(get_args(model.model_fields[name].annotation)[0])
    return next(iter(model.model_fields))
