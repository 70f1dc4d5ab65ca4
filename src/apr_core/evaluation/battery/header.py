"""The hostile programs as files: each says in its docstring what it tries, and what may come of it.

The one thing a reader would get wrong: `classes` are the ways in which a program may fail, never what it hopes for. Only one of
the family `weak` may list `passed`, and `infrastructure-error` would mean that it can break the sandbox.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from apr_core.errors import UsageError, did_you_mean

FOLDER = Path(__file__).resolve().parent / "programs"

FAMILIES = ("forging", "escape", "exhaustion", "weak")
"""What a program tries. `weak`: to forge a result of tests that had to run in its own process, which can succeed."""

REACHES = ("files", "network", "processes", "kernel", "leftovers")
"""What an escape is after."""

FORBIDDEN = ("passed", "infrastructure-error")

_HELD = {"forging": "", "escape": "", "exhaustion": "limits", "weak": ""}
"""What holds a program of a family that does not say."""

FIELDS = (
    "family", "reach", "task", "form", "classes", "fools", "held by", "naked", "parts", "wall", "cpu", "processes",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One program of the battery."""

    id: str
    """The name of its file."""
    what: str
    """What it tries, in a sentence."""
    text: str
    family: str
    """One of `FAMILIES`."""
    reach: str = ""
    """One of `REACHES` for an escape, else empty."""
    task: str = "add"
    """The problem that it pretends to solve: a row of `tasks.TASKS`."""
    form: str = ""
    """The one form of tests that it is made for; empty for every form that is strong."""
    classes: tuple[str, ...]
    """The failure classes that it may end in."""
    fools: tuple[str, ...] = ()
    """Naive harnesses in which it passes, which shows that the attack is real."""
    alone: str = ""
    """Why it fools none."""
    held_by: tuple[frozenset[str], ...] = ()
    """Sets of layers, each enough to hold it; empty when it is always held."""
    naked: bool = False
    """Whether it does no harm without a sandbox, so that tests may show that it reaches something there."""
    parts: tuple[str, ...] = ("",)
    """Attempts of one kind, each made in an execution of its own; the program reads which from `CANARY["part"]`."""
    wall: float | None = None
    """Seconds on the clock, for a program that waits."""
    cpu: float | None = None
    """Seconds of processor time, for a program that computes."""
    processes: int = 0
    """Processes that it may start."""


@cache
def hostile_programs() -> dict[str, Hostile]:
    """Every program of the battery by its id, in the order of families and names.

    Raises:
        UsageError: the header of a file cannot be read.
    """
    found = [read_header(path.stem, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py"))]
    return {one.id: one for one in sorted(found, key=lambda one: FAMILIES.index(one.family))}


def read_header(name: str, text: str) -> Hostile:
    """A program from its file's text.

    Raises:
        UsageError: the docstring is missing, or a field of it is unknown, missing or of no use.
    """
    what, _, rest = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")
    fields = _fields(name, rest)
    _demand(name, bool(what), "has no docstring that begins with what it tries")
    _demand(name, fields.get("family") in FAMILIES, f"is of the family {fields.get('family')!r}, not of {FAMILIES}")
    escape = fields["family"] == "escape"
    _demand(
        name,
        (fields.get("reach") in REACHES) is escape,
        f"reaches for {fields.get('reach')!r}; escapes name one of {REACHES}",
    )
    classes = _words(fields.get("classes", ""))
    may_pass = fields["family"] == "weak" and fields.get("form") == "unittest"
    _demand(
        name,
        bool(classes) and (may_pass or not set(classes) & set(FORBIDDEN)),
        f"may end in {classes}; name failures, and none of {FORBIDDEN}",
    )
    none, _, alone = fields.get("fools", "").partition("none, ")
    _demand(name, not (none and alone), "fools some harness and none")
    return Hostile(
        id=name, what=" ".join(what.split()), text=text, family=fields["family"], reach=fields.get("reach", ""),
        task=fields.get("task", "add"), form=fields.get("form", ""), classes=classes, fools=_words(none), alone=alone,
        held_by=tuple(frozenset(one.split(" & ")) for one in _words(fields.get("held by", _HELD[fields["family"]]))),
        naked=fields.get("naked") == "yes", parts=_words(fields.get("parts", "")) or ("",),
        wall=_number(fields.get("wall")), cpu=_number(fields.get("cpu")), processes=int(fields.get("processes", 0)),
    )  # fmt: skip


def _fields(name: str, text: str) -> dict[str, str]:
    """`key: value` lines; an indented line goes on with the one before."""
    fields: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if line.startswith(" ") and key:
            fields[key] += " " + line.strip()
            continue
        key, colon, value = (part.strip() for part in line.partition(":"))
        _demand(
            name,
            bool(colon) and key in FIELDS,
            f"has the unknown field {key!r} in its header.{did_you_mean(key, FIELDS)}",
        )
        _demand(name, key not in fields, f"says {key!r} twice")
        fields[key] = value
    return fields


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _demand(name: str, true: bool, what: str) -> None:
    if not true:
        raise UsageError(f"the hostile program {name!r} {what}. Correct the docstring of {FOLDER / name}.py.")
