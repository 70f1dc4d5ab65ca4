"""The reference of the contract language, written from the models of `apr_core.contract`.

The one thing a reader would get wrong: the examples are not written here. They are cut out of `reference/examples.md`, the
contracts of which run in the tests; a test demands one for each type and each kind of input.
"""

from __future__ import annotations

import re
import textwrap
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo

from apr_core.contract import inputs, mutants, obligations, schema

EXAMPLES = Path(__file__).resolve().parent.parent / "reference" / "examples.md"

WORDS: tuple[tuple[Any, str], ...] = (
    (inputs.Bounds, "`[low, high]`"),
    (inputs.Source, "number or expression"),
    (obligations.Expression, "expression"),
    (obligations.ClaimId, "id"),
    (obligations.ClaimReference, "claim id"),
    (inputs.Name, "name"),
    (schema.ImportString, "`module:function`"),
    (mutants.ModuleName, "`package.module`"),
    (inputs.Input, "[input](inputs.md)"),
    (obligations.AnyObligation, "[obligation](obligations.md)"),
    (mutants.Mutant, "[mutant](contract.md#mutants)"),
    (JsonValue, "value"),
    (str, "text"),
    (int, "whole number"),
    (float, "number"),
    (bool, "`true` or `false`"),
)
"""Types that have a word of their own."""

PLACES = {
    obligations.Limits: "[limits](obligations.md#limits)",
    obligations.Tolerance: "[tolerance](obligations.md#tolerance)",
    obligations.Decide: "[`{alpha, power}`](obligations.md#decide)",
    schema.Selector: "[selector](#evidence)",
    schema.PlannedSubject: "[planned subject](#subjects)",
    schema.CommandSubject: "[command](#subjects)",
}
"""Models that are fields of others → where they are described. Any other stands below the field that holds it."""


def contract_page() -> str:
    """The keys of a contract file, and what stands below each of them."""
    parts = [
        _fields(schema.Contract),
        "## Subjects",
        "A subject is an import string, or one of two maps.",
        "### Planned", _text(schema.PlannedSubject), _fields(schema.PlannedSubject),
        "### Command", _text(schema.CommandSubject), _fields(schema.CommandSubject),
        "## Evidence", _text(schema.Selector), _fields(schema.Selector),
        "## Mutants", "Every mutant has:", _fields(mutants.Planted),
    ]  # fmt: skip
    for model in get_args(get_args(mutants.Mutant)[0]):
        parts += [f"### `kind: {_tag(model, 'kind')}`", _text(model), _fields(model, mutants.Planted, but=("kind",))]
    parts += ["## Scales", _text(schema.Scale), _fields(schema.Scale)]
    return "\n\n".join(parts)


def obligations_page() -> str:
    """What all obligations have, then each type and template with an example."""
    parts = ["## Every obligation", _fields(obligations.Obligation)]
    for heading, base in (
        ("On drawn inputs", obligations.PropertyObligation),
        ("On evidence", obligations.EvidenceObligation),
    ):
        parts += [f"## {heading}", _text(base), _fields(base, obligations.Obligation)]
    for model in (obligations.Limits, obligations.Tolerance, obligations.Decide):
        parts += [f"### {model.__name__}", _text(model), _fields(model)]
    for marker, title in (("type", "Types"), ("template", "Templates")):
        parts += [f"## {title}"]
        for model in get_args(get_args(obligations.AnyObligation)[0]):
            model = get_args(model)[0]
            if marker in model.model_fields:
                name = _tag(model, marker)
                shown = [_text(model), _fields(model, _family(model), but=(marker,)), obligation_example(marker, name)]
                parts += [f"### {name}", *shown]
    return "\n\n".join(parts)


def inputs_page() -> str:
    """Each kind of input with an example."""
    parts = []
    for member in get_args(get_args(inputs.Input)[0]):
        model = get_args(member)[0]
        key = next(iter(model.model_fields))
        parts += [f"## {key}", _text(model), _fields(model), input_example(key)]
    return "\n\n".join(parts)


def obligation_example(marker: str, name: str) -> str:
    """The obligation of the page of examples with this type or template, as a block; empty when it has none."""
    found = re.findall(r"^  - id: .*\n(?:    .*\n)*", EXAMPLES.read_text(encoding="utf-8"), re.MULTILINE)
    for text in found:
        if re.search(rf"^    {marker}: {name}$", text, re.MULTILINE):
            return f"```yaml\n{text}```"
    return ""


def input_example(key: str) -> str:
    """The input of the page of examples that has this key, as a block; empty when it has none."""
    found = re.search(rf"^  \w+: {{{key}: .*\n", EXAMPLES.read_text(encoding="utf-8"), re.MULTILINE)
    return "" if found is None else f"```yaml\n{found[0]}```"


def _family(model: type[BaseModel]) -> type[BaseModel]:
    """Whose fields a type shares, and does not repeat."""
    families = (obligations.PropertyObligation, obligations.EvidenceObligation, obligations.Obligation)
    return next(base for base in families if issubclass(model, base))


def _tag(model: type[BaseModel], marker: str) -> str:
    return str(get_args(model.model_fields[marker].annotation)[0])


def _text(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _fields(model: type[BaseModel], without: type[BaseModel] = BaseModel, but: Iterable[str] = ()) -> str:
    """The fields of a model as a definition list."""
    hints = get_type_hints(model, include_extras=True)
    parts = []
    for name, field in model.model_fields.items():
        if name not in without.model_fields and name not in but:
            kind = "; ".join(filter(None, [words(hints[name]), _presence(field)]))
            parts.append(f"`{field.alias or name}` ({kind})\n: {' '.join((field.description or '—').split())}")
            parts += [textwrap.indent(_fields(inner), "  ") for inner in _inner(hints[name])]
    return "\n\n".join(parts)


def _inner(hint: Any) -> list[type[BaseModel]]:
    """The models in a type that are described nowhere else."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [] if hint in PLACES else [hint]
    if any(hint is kind for kind, _ in WORDS):
        return []
    return [model for part in get_args(hint) for model in _inner(part)]


def _presence(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel) or not (default or default is False):
        return ""
    return f"default `{str(default).lower()}`"


def words(hint: Any) -> str:
    """A type as a reader of the documentation says it."""
    for kind, word in WORDS:
        if hint is kind:
            return word
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in PLACES:
        return PLACES[hint]
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return "map"
    if origin is Annotated:
        return _bounded(words(arguments[0]), hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(words(part) for part in arguments if part is not type(None)))
    if origin is Literal:
        return ", ".join(f"`{str(part).lower() if part is True else part}`" for part in arguments)
    if origin is list:
        return f"list: {words(arguments[0])}"
    if origin is dict:
        return f"map: {words(arguments[0])} → {words(arguments[1])}"
    raise TypeError(f"{hint!r} has no words: add it to WORDS or PLACES of docs/_ext/apr_schema.py.")


def _bounded(word: str, hint: Any) -> str:
    """The word with the bounds that an annotation gives."""
    signs = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
    field = FieldInfo.from_annotation(hint)
    bounds = [
        f"{sign} {getattr(part, key)}" for part in field.metadata for key, sign in signs.items() if hasattr(part, key)
    ]
    return " ".join([word, *bounds])
