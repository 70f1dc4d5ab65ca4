"""What a contract author is told when a file does not fit the schema: the place, the value, what was allowed.

pydantic reports one error per branch of a union, in its own words. The one thing a reader would get wrong: only the
branch that the author most likely meant is shown, the one with the fewest unknown and missing keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from apr_core.contract.inputs import KIND_KEYS
from apr_core.contract.limits import PROBLEMS
from apr_core.contract.obligations import TEMPLATES, TYPES
from apr_core.contract.scalars import quoted
from apr_core.contract.shape import fields_at, is_tag
from apr_core.contract.yaml import Document, Location
from apr_core.errors import Problem, did_you_mean

Error = Mapping[str, Any]

_MISMATCH = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_SOURCE = frozenset({"bool_type", "int_type", "float_type", "string_type"})
_LIMITS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
PATTERNS = {
    r"^[A-Za-z][A-Za-z0-9_]*$": "a name: a letter, then letters, digits or _",
    r"^[A-Za-z][A-Za-z0-9_.-]*$": "an id: a letter, then letters, digits, dots, _ or -",
    r"^([A-Za-z0-9_./-]+::)?[A-Za-z][A-Za-z0-9_.-]*$": "a claim: `ID` in this file, or `folder/file::ID`",
    r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$": "an import string: `package.module:function`",
    r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$": "a module: names with dots, such as package.module",
    r"^[0-9]+\.[0-9]+\.[0-9]+$": "three numbers with dots, such as 1.0.0",
    r"^(/([^~/]|~[01])*)+$": "a JSON pointer, such as /proof_obligations/0",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "a file name: letters, digits, dots, _ or -",
}
"""What the patterns of the schema mean."""
_KEY = re.compile(r"[A-Za-z][\w.-]*")
_QUOTED = re.compile(r"'([^']*)'")


def schema_problems(error: ValidationError, document: Document, root: type[Any]) -> list[Problem]:
    """Every way in which a document differs from the schema, one problem each."""
    problems = []
    for found in _most_likely(error.errors(include_url=False), document.value)[:PROBLEMS]:
        place, key, message = _explain(found, document.value, root)
        line, column = document.mark(place, key=key)
        problems.append(Problem(document.path, line, column, message))
    return problems


def show(value: Any) -> str:
    """A value of a file, in the words of a message."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}" if len(str(value)) <= 40 else "a long number"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    keys = [key[:30] for key in value]
    return (
        f"a mapping with the keys {', '.join(keys[:6])}{', …' if len(keys) > 6 else ''}" if keys else "an empty mapping"
    )


def _most_likely(errors: Iterable[Any], value: Any) -> list[Error]:
    """The errors without those of union branches that the author did not mean."""
    plain: list[Error] = []
    unions: dict[Location, dict[Any, list[Error]]] = {}
    for error in errors:
        split = _branch(error, value)
        if split is None:
            plain.append(error)
        else:
            unions.setdefault(error["loc"][:split], {}).setdefault(error["loc"][split], []).append(error)
    for place, branches in unions.items():
        deeper = {label: found for label, found in branches.items() if not all(_is_mismatch(e, place) for e in found)}
        if deeper:
            plain += min(deeper.values(), key=_distance)
        else:
            parts = [error for found in branches.values() for error in found]
            plain.append({"type": "union", "loc": place, "input": parts[0]["input"], "ctx": {"parts": parts}})
    return plain


def _branch(error: Error, value: Any) -> int | None:
    """The position of the first part of a location that is a branch of a union and not in the data."""
    parts = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    for index, part in enumerate(parts):
        if is_tag(part) or part == "[key]":
            continue
        if (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        ):
            value = value[part]
        else:
            return index
    return None


def _is_mismatch(error: Error, place: Location) -> bool:
    """Whether a branch of a union failed for the kind of the value alone."""
    return len(error["loc"]) == len(place) + 1 and (error["type"] in _MISMATCH or error["type"] == "literal_error")


def _distance(errors: Iterable[Error]) -> tuple[int, int]:
    kinds = [error["type"] for error in errors]
    return kinds.count("missing") + kinds.count("extra_forbidden"), len(kinds)


def _explain(error: Error, value: Any, root: type[Any]) -> tuple[Location, bool, str]:
    """The place in the data, whether its key is meant, and the message."""
    kind, loc = error["type"], error["loc"]
    place = _in_data(loc, value)
    if kind == "missing":
        field = fields_at(root, loc[:-1]).get(str(loc[-1]))
        meaning = " ".join((getattr(field, "description", None) or "it has no default.").split())
        return place, False, f"`{loc[-1]}` is missing: {meaning}"
    if kind == "extra_forbidden":
        allowed = list(fields_at(root, loc[:-1]))
        near = did_you_mean(str(loc[-1]), allowed)
        listed = f" Allowed here: {', '.join(allowed)}." if allowed else ""
        if not near and not _KEY.fullmatch(str(loc[-1])):
            near = " If it belongs to the value before it, put that value in quotes."
        return place, True, f"unknown key {quoted(loc[-1])}.{near}{listed}"
    if kind == "obligation_type":
        return _explain_obligation(error["input"], place)
    if kind == "input_kind":
        return _explain_input(error["input"], place)
    return place, loc[-1:] == ("[key]",), f"{_field(place)}{_sentence(error)}"


def _in_data(loc: Location, value: Any) -> Location:
    """A location without what the file does not have: tags, branches of unions, missing fields."""
    place: list[str | int] = []
    for part in loc:
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and part in range(len(value))):
            value = value[part]  # type: ignore[index]
            place.append(part)
    return tuple(place)


def _field(place: Location) -> str:
    """The last name of a place, with the index after it: `within[0]`."""
    if not place:
        return ""
    if len(place) > 1 and isinstance(place[-1], int):
        return f"`{place[-2]}[{place[-1]}]`: "
    return f"`{place[-1]}`: "


def _sentence(error: Error) -> str:
    """What is wrong with one value."""
    kind, context, found = error["type"], error.get("ctx") or {}, show(error["input"])
    if kind == "union":
        parts = context["parts"]
        return f"expected {_alternatives(parts)}, found {found}.{_literal_hint(parts, error['input'])}"
    if kind in _MISMATCH:
        hint = " Put it in quotes." if kind == "string_type" and isinstance(error["input"], (bool, int, float)) else ""
        return f"expected {_MISMATCH[kind]}, found {found}.{hint}"
    if kind == "literal_error":
        return f"expected {_expected(error)}, found {found}.{_literal_hint([error], error['input'])}"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"must be {words} {context[name]:g}, found {found}."
    if kind == "string_pattern_mismatch":
        return f"expected {PATTERNS.get(context['pattern'], 'another form of text')}, found {found}."
    if kind in ("string_too_short", "string_too_long"):
        return _length(context, len(error["input"]), "character")
    if kind in ("too_short", "too_long"):
        return _length(context, context["actual_length"], "element")
    if kind == "value_error":
        return f"{context['error']}."
    return f"{error['msg'].replace('Input should be', 'must be')}, found {found}."


def _length(context: Mapping[str, int], found: int, what: str) -> str:
    words, bound = (
        ("at least", context["min_length"]) if "min_length" in context else ("at most", context["max_length"])
    )
    return f"needs {words} {bound:,} {what}{'' if bound == 1 else 's'}, found {found:,}."


def _alternatives(parts: list[Error]) -> str:
    kinds = [part["type"] for part in parts]
    words = []
    if _SOURCE.issubset(kinds):
        words = ["a number", "an expression"]
        parts = [part for part in parts if part["type"] not in _SOURCE]
    words += [_expected(part) for part in parts]
    words = list(dict.fromkeys(words))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _expected(error: Error) -> str:
    if error["type"] == "literal_error":
        text = str(error["ctx"]["expected"])
        return {"True": "true", "False": "false"}.get(text, text)
    return _MISMATCH[error["type"]]


def _literal_hint(parts: list[Error], value: Any) -> str:
    literals = [str(part["ctx"]["expected"]) for part in parts if part["type"] == "literal_error"]
    words = [word for text in literals for word in _QUOTED.findall(text)]
    return did_you_mean(value, words) if isinstance(value, str) else ""


def _explain_obligation(value: Any, place: Location) -> tuple[Location, bool, str]:
    if not isinstance(value, dict):
        return place, False, f"an obligation is a mapping with `id`, `type` and `claim`, found {show(value)}."
    for field, words in (("type", TYPES), ("template", TEMPLATES)):
        if field in value:
            near = did_you_mean(str(value[field]), [*TYPES, *TEMPLATES])
            message = f"no obligation has the {field} {quoted(value[field])}.{near} Every {field}: {', '.join(words)}."
            return (*place, field), False, message
    message = f"an obligation needs a `type` ({', '.join(TYPES)}) or a `template` ({', '.join(TEMPLATES)})."
    return place, False, message


def _explain_input(value: Any, place: Location) -> tuple[Location, bool, str]:
    kinds = ", ".join(KIND_KEYS)
    if not isinstance(value, dict):
        return place, False, f"an input is a mapping such as {{integer: [1, 8]}}, found {show(value)}. Kinds: {kinds}."
    near = next((hint for key in value if (hint := did_you_mean(key, KIND_KEYS))), "")
    return place, False, f"an input of no known kind, found {show(value)}.{near} Kinds: {kinds}."
