"""The reference of the command line and of the pytest options, written from the parsers.

The one thing a reader would get wrong: `argparse` has no public way to ask a parser what it takes. `_actions` is what every
tool of this kind reads.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from apr_core import pytest_plugin
from apr_core.cli import COMMANDS, build_parser


class Command(NamedTuple):
    """One command that somebody may type."""

    name: str
    """`apr contract new`."""
    parser: argparse.ArgumentParser
    help: str


def all_commands() -> Iterator[Command]:
    """Every command of every family, in the order of the help."""
    for family, row in COMMANDS.items():
        top = _below(build_parser(family))
        assert top is not None, "the parser of `apr` has commands"
        yield from _walk(f"apr {family}", top.choices[family], row.help)


def _walk(name: str, parser: argparse.ArgumentParser, text: str) -> Iterator[Command]:
    yield Command(name, parser, text)
    actions = _below(parser)
    if actions is not None:
        said = {choice.dest: choice.help or "" for choice in actions._choices_actions}
        for action, inner in actions.choices.items():
            yield from _walk(f"{name} {action}", inner, said.get(action, ""))


def _below(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
    return next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)


def commands_page() -> str:
    """Every command: what it does, how it is called, and what its arguments mean."""
    parts = []
    for name, parser, text in all_commands():
        depth = "##" if name.count(" ") == 1 else "###"
        parts += [f"{depth} {name}", _sentence(parser.description or text)]
        if _below(parser) is None:
            parts += [f"`{' '.join(parser.format_usage().removeprefix('usage: ').split())}`", arguments(parser)]
        if parser.epilog:
            parts += [_sentence(parser.epilog)]
    return "\n\n".join(part for part in parts if part)


def arguments(parser: argparse.ArgumentParser) -> str:
    """The arguments of a command as a definition list."""
    parts = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        parts.append(f"`{_shape(action)}`\n: {_meaning(action)}")
    return "\n\n".join(parts)


def _shape(action: argparse.Action) -> str:
    """`-o FILE, --output FILE`, or `[PATH ...]`."""
    value = "" if action.nargs == 0 else str(action.metavar or "{" + ",".join(map(str, action.choices or ())) + "}")
    value += " ..." if action.nargs in ("*", "+") and not value.endswith("...]") else ""
    value = f"[{value}]" if action.nargs in ("?", "*") else value
    if not action.option_strings:
        return value
    return ", ".join(f"{option} {value}".strip() for option in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    required = "**Required.** " if action.required and action.option_strings else ""
    return required + _sentence(action.help or "") or "—"


def _sentence(text: str) -> str:
    """Help text as a sentence: on one line, with a capital and a full stop, and safe as Markdown."""
    text = re.sub(r"(?<![\w`-])(--?[a-z][\w-]*)", r"`\1`", " ".join(text.split())).replace("<", "&lt;")
    if re.match(r"[a-z]+,? (?!\()", text):  # and not a name, a path or a word that is typed
        text = text[0].upper() + text[1:]
    return text + ("" if text[-1:] in ("", ".", "!", "?", ")") else ".")


class _Options:
    """Stands where pytest's parser would, and writes down what the plugin adds."""

    def __init__(self) -> None:
        self.found: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    def getgroup(self, *_: str) -> _Options:
        return self

    def addoption(self, *names: str, **kwargs: Any) -> None:
        self.found.append((names, kwargs))

    def addini(self, name: str, *texts: str, **kwargs: Any) -> None:
        self.found.append(((name,), {"help": "in the configuration: " + str(kwargs.get("help", *texts[:1]))}))


def pytest_options() -> list[tuple[str, str]]:
    """Option with its value → what it means, as the plugin tells pytest."""
    options = _Options()
    pytest_plugin.pytest_addoption(options)  # type: ignore[arg-type]
    return [
        (f"{names[0]} {kwargs.get('metavar', '')}".strip(), _sentence(str(kwargs.get("help", ""))))
        for names, kwargs in options.found
    ]


def pytest_page() -> str:
    """The options, the markers and the letters of the plugin."""
    listed = "\n\n".join(f"`{option}`\n: {text}" for option, text in pytest_options())
    rows = "\n".join(
        f"| `{outcome}` | {category} | `{letter}` |" for outcome, (category, letter, _) in pytest_plugin.STATUS.items()
    )
    markers = ", ".join(f"`{name}`" for name in pytest_plugin.TYPES)
    return "\n\n".join(
        [
            "## Options", listed,
            "## Outcomes", f"| outcome | counts in pytest as | letter |\n|---|---|---|\n{rows}",
            "## Markers", f"Each obligation type is a marker, for `-m`: {markers}; and `criterion(id)`.",
        ]
    )  # fmt: skip
