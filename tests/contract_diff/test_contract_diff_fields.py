"""No silent change: whatever field of whatever model differs, the comparison says so.

The fields are those of the models, not of a list in this file: a model or a field that is added to the language and not
to the contract below turns this red, and one that the comparison does not know must come out as changed in meaning.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from diff_contracts import contract, diff, everything
from pydantic import BaseModel, ValidationError

from apr_core.contract.check import check
from apr_core.contract.schema import Contract

Path = tuple[str | int, ...]
RICH = everything()
FRESH = ["fresh", "n > 7", "package.module:fresh", "fresh.module", "/claims/1", "9.9.9"]
"""Texts of which one fits wherever a text may stand."""
ONE_VALUE = {
    ("BooleanInput", "boolean"), ("WorkdirInput", "workdir"), ("Origin", "format"), ("EvidenceMutant", "reverse"),
    ("EvidenceMutant", "empty"),
}  # fmt: skip
"""Fields that have no other value, or none as long as the other fields stay."""


def models(kind: Any = Contract, seen: set[Any] | None = None) -> set[type[BaseModel]]:
    """Every model that a contract may hold, from the annotations."""
    seen = set() if seen is None else seen
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in seen:
            seen.add(kind)
            for field in kind.model_fields.values():
                models(field.annotation, seen)
    else:
        for inner in get_args(kind):
            models(inner, seen)
    return seen


def places(model: BaseModel, path: Path = ()) -> Iterator[tuple[BaseModel, str, Path]]:
    """Every model in a contract, with each of its fields as a file calls it, and where that is."""
    for name, field in type(model).model_fields.items():
        place = (*path, field.alias or name)
        yield model, name, place
        yield from inside(getattr(model, name), place)


def inside(value: Any, place: Path) -> Iterator[tuple[BaseModel, str, Path]]:
    if isinstance(value, BaseModel):
        yield from places(value, place)
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from inside(inner, (*place, key))


def words(annotation: Any) -> list[Any]:
    """The literals that an annotation allows."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for inner in get_args(annotation) for word in words(inner)]


def is_tag(annotation: Any) -> bool:
    return get_origin(annotation) is Literal and len(get_args(annotation)) == 1


def as_data(value: Any) -> Any:
    """A value with the models in its lists and maps as the file has them."""
    if isinstance(value, dict):
        return {
            key: inner.model_dump(by_alias=True) if isinstance(inner, BaseModel) else inner
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [inner.model_dump(by_alias=True) if isinstance(inner, BaseModel) else inner for inner in value]
    return value


def others(value: Any, annotation: Any) -> Iterator[Any]:
    """Values that are different, of which some fit the annotation. Models in it are not touched: their fields are."""
    yield from (word for word in words(annotation) if word != value)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from (value + 1, value / 2, value + 0.125)
    elif isinstance(value, str):
        yield from (f"({value}) + 1", f"{value}x", *FRESH, {"alpha": 0.01})
    elif isinstance(value, list):
        yield value[:-1]
        yield from ([*value, text] for text in FRESH)
        changes = ((index, new) for index, inner in enumerate(value) for new in others(inner, None))
        yield from ([*value[:index], new, *value[index + 1 :]] for index, new in changes)
    elif isinstance(value, dict):
        yield from ({**value, "fresh": "1"}, {**value, "n": {"integer": [3, 4]}}, {**value, "base": {"model": "fresh"}})
        yield from ({key: inner for key, inner in value.items() if key != left_out} for left_out in value)
    if value is None:
        yield from (*FRESH, ["fresh"], 7, 0.25, True)
    elif not isinstance(value, BaseModel):
        yield None


def changed(path: Path, value: Any) -> Contract | None:
    """The rich contract with another value at a place; None if that is not in the language."""
    whole = copy.deepcopy(RICH)
    *way, last = path
    parent: Any = whole
    for step in way:
        parent = parent.setdefault(step, {}) if isinstance(parent, dict) else parent[step]
    if value is None:
        parent.pop(last, None)
    else:
        parent[last] = value
    try:
        return Contract.model_validate(whole)
    except ValidationError:
        return None


WHOLE = contract(RICH)
FIELDS: dict[tuple[str, str], list[tuple[BaseModel, Path]]] = {}
for _model, _name, _path in places(WHOLE):
    FIELDS.setdefault((type(_model).__name__, _name), []).append((_model, _path))
"""Model and field → every place in the contract where it stands."""


def test_the_contract_with_everything_has_no_problem() -> None:
    assert check(WHOLE) == []


def test_every_model_of_the_language_is_in_the_contract() -> None:
    assert {kind.__name__ for kind in models()} == {model for model, _ in FIELDS}


@pytest.mark.parametrize(("model", "field"), sorted(FIELDS))
def test_no_field_changes_silently(model: str, field: str) -> None:
    """A different value is told, or the contract cannot be loaded with it."""
    told = 0
    for one, path in FIELDS[model, field]:
        value, annotation = as_data(getattr(one, field)), type(one).model_fields[field].annotation
        fitting = ((other, new) for other in others(value, annotation) if (new := changed(path, other)) is not None)
        for other, new in itertools.islice(fitting, 4):
            if diff(WHOLE, new):
                told += 1
            else:
                assert new == WHOLE or check(new), f"{path}: {other!r} instead of {value!r}"
        nothing_to_change = is_tag(annotation) or isinstance(value, BaseModel) or (model, field) in ONE_VALUE
        if nothing_to_change:
            return
    assert told, f"no other value of {model}.{field} fits"
