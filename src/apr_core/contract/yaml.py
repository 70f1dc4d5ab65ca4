"""YAML text to plain data, with the place of every key and value. Refuses what a reader of the file could misread.

Built from the parser's events, without recursion: nesting, aliases and size are bounded before they cost anything. The
one thing a reader would get wrong: PyYAML's own composer and constructor are not used. They follow YAML 1.1, let a
later duplicate key win silently, and recurse in C.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml as pyyaml

from apr_core.contract.limits import PROBLEMS, YAML_DEPTH, YAML_NODES
from apr_core.contract.scalars import Scalar, is_collection_tag, quoted, resolve, resolve_tagged
from apr_core.errors import ContractError, Problem, did_you_mean

_PARSER: Any = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)  # without libyaml: the same events, forty times slower

Location = tuple[str | int, ...]
"""Keys and indices from the top of a file; parts that the file does not have are skipped."""

REFUSED = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)"  # control characters, tabs, lone carriage returns
    "|[\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"  # line separators that editors do not show, marks, half characters
    "|[\u202a-\u202e\u2066-\u2069]"  # direction overrides: the text is shown in another order than it is read
)
"""Characters that a contract may hold only as escapes; also the line break, which `parse` knows to be one."""
_MANY = 20
_HINTS = (
    ("mapping values are not", "Put quotes around a value that contains ': ', and nested keys on their own lines."),
    ("cannot start any token", "Put quotes around a value that begins with a special character."),
    ("expected key", "Check the indentation against the lines above, and quote values that contain quotes."),
    ("expected <block end>", "Check the indentation against the lines above, and quote values that contain quotes."),
    ("expected '-' indicator", "Check the indentation against the lines above."),
    ("expected ',' or", "Close the bracket, or add the comma."),
    ("expected ':'", "Every line of a mapping is `key: value`."),
    ("unexpected end of stream", "Close the quote."),
    ("unknown escape", "Write the value in single quotes: there a backslash is only a backslash."),
)


class Node:
    """A mapping or a list under construction and, afterwards, the places of what is in it."""

    __slots__ = ("children", "event", "height", "key", "keys", "value")

    def __init__(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        self.event = event
        self.value = value
        self.keys: dict[str, Any] = {}
        self.children: Any = {} if type(value) is dict else []
        self.height = 1
        self.key: Any = _NO_KEY


_NO_KEY = object()  # the next thing that arrives is a key
_BAD_KEY = object()  # the next thing that arrives is the value of a key that was refused: drop it


@dataclass(frozen=True, slots=True)
class Document:
    """A file's data and the place of each part of it."""

    path: str
    text: str
    value: dict[str, Any]
    _root: Node

    def mark(self, loc: Location, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value (or `key`) at `loc`, or of its nearest existing ancestor."""
        place, key_event = self._find(loc)
        mark = (key_event if key and key_event is not None else _event(place)).start_mark
        return mark.line + 1, mark.column + 1

    def locate(self, loc: Location, column: int) -> tuple[int, int]:
        """The place of character `column` (from 1) of the text at `loc`, where the file shows that text as it is."""
        event = _event(self._find(loc)[0])
        line, start = event.start_mark.line + 1, event.start_mark.column + 1
        value = getattr(event, "value", None)
        if column < 1 or not isinstance(value, str):
            return line, start
        offset = self.text[event.start_mark.index : event.end_mark.index].find(value)
        if offset < 0 or event.start_mark.line != event.end_mark.line:
            return line, start
        return line, start + offset + column - 1

    def _find(self, loc: Location) -> tuple[Any, Any]:
        place: Any = self._root
        key_event = None
        for part in loc:
            if type(place) is not Node:
                break
            children = place.children
            if type(children) is dict and part in children:
                key_event, place = place.keys[part], children[part]  # type: ignore[index]
            elif type(children) is list and type(part) is int and 0 <= part < len(children):
                key_event, place = None, children[part]
        return place, key_event


def parse(text: str, path: str, *, begins: str = "title: …") -> Document:
    """The data of a YAML file whose top level is a mapping, by the YAML 1.2 core schema.

    `path` is what messages call the file, and `begins` how they say that such a file begins.

    Raises:
        ContractError: not YAML, or YAML that is refused: duplicate or non-text keys, tags, merge keys, several
            documents, tabs and control characters, nesting, aliases or size beyond the limits. Carries every problem.
    """
    text = text.removeprefix("\ufeff")
    builder = _Builder(text, path, begins)
    builder.refuse_characters()
    try:
        root = builder.build()
    except pyyaml.YAMLError as error:
        builder.report_syntax(error)
        raise ContractError(builder.problems) from None
    except _Stop:
        raise ContractError(builder.problems) from None
    if builder.problems:
        raise ContractError(builder.problems)
    return Document(path, text, root.value, root)  # type: ignore[arg-type]


class _Stop(Exception):  # noqa: N818 - it only ends the walk; the problems are in the builder
    """Nothing after this point can be read sensibly."""


class _Builder:
    """Walks the events of one file and keeps every problem it meets."""

    def __init__(self, text: str, path: str, begins: str) -> None:
        self.text = text
        self.path = path
        self.begins = begins
        self.problems: list[Problem] = []
        self.stack: list[Node] = []
        self.anchors: dict[str, tuple[Any, Any, int] | None] = {}  # value, place, weight; None while still open
        self.opened: list[tuple[str | None, int]] = []  # anchor of each node on the stack, and `nodes` when it began
        self.nodes = 0
        self.root: Any = None

    def report(self, mark: Any, message: str) -> None:
        """Keeps a problem at a mark of the parser, which counts from 0."""
        self.problems.append(Problem(self.path, mark.line + 1, mark.column + 1, message))
        if len(self.problems) >= PROBLEMS:
            raise _Stop

    def stop(self, mark: Any, message: str) -> NoReturn:
        """Keeps a problem and ends the walk."""
        self.report(mark, message)
        raise _Stop

    def refuse_characters(self) -> None:
        """Raises for characters that a reader of the file would not see, or that YAML and editors treat differently."""
        for found in REFUSED.finditer(self.text):
            if len(self.problems) == _MANY:
                break
            start = found.start()
            line = self.text.count("\n", 0, start) + 1
            column = start - self.text.rfind("\n", 0, start)
            what = f"the character U+{ord(found.group()):04X} is not allowed in a contract"
            advice = "write it as an escape in double quotes, or remove it"
            if found.group() == "\t":
                what, advice = "a tab", "use spaces (in a double-quoted value write \\t)"
            self.problems.append(Problem(self.path, line, column, f"{what}: {advice}."))
        if self.problems:
            raise ContractError(self.problems)

    def build(self) -> Node:
        """The tree of the only document."""
        next_event = _PARSER(self.text).get_event
        documents = 0
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is pyyaml.ScalarEvent:
                self.add(self.scalar(event), event, event)
            elif kind is pyyaml.MappingStartEvent or kind is pyyaml.SequenceStartEvent:
                self.open(event, mapping=kind is pyyaml.MappingStartEvent)
            elif kind is pyyaml.MappingEndEvent or kind is pyyaml.SequenceEndEvent:
                self.close()
            elif kind is pyyaml.AliasEvent:
                self.alias(event)
            elif kind is pyyaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.stop(event.start_mark, "a second document begins here: one file is one contract, so split it.")
        if type(self.root) is not Node or type(self.root.value) is not dict:
            self.refuse_root()
        return self.root

    def refuse_root(self) -> NoReturn:
        """The top level is not a mapping, or there is none."""
        if not self.problems:
            found = "the file is empty"
            if self.root is not None and not self.text.isspace():
                found = "the top level is a list" if type(self.root) is Node else "the top level is a single value"
            message = f"{found}: a contract is a mapping that begins with `{self.begins}`."
            self.problems.append(Problem(self.path, 1, 1, message))
        raise _Stop

    def scalar(self, event: Any) -> Scalar:
        """The value of a scalar. Text stands in for a refused one, so that the walk can go on."""
        text: str = event.value
        self.count(event, 1)
        try:
            if event.tag is not None:
                value = resolve_tagged(text, event.tag)
            elif event.implicit[0]:
                value = resolve(text)
            else:
                value = text
        except ValueError as error:
            self.report(event.start_mark, f"{error}.")
            value = text
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, event, 1)
        return value

    def open(self, event: Any, *, mapping: bool) -> None:
        """A mapping or a list begins."""
        self.count(event, 1)
        if not is_collection_tag(event.tag, "map" if mapping else "seq"):
            message = f"the tag {quoted(event.tag)} is not allowed: a contract is plain data, so leave the tag out."
            self.report(event.start_mark, message)
        if len(self.stack) == YAML_DEPTH:
            self.stop(event.start_mark, f"nested more than {YAML_DEPTH} levels deep: flatten this part.")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.opened.append((event.anchor, self.nodes))
        self.stack.append(Node(event, {} if mapping else []))

    def close(self) -> None:
        """The innermost mapping or list ends."""
        node = self.stack.pop()
        anchor, before = self.opened.pop()
        if anchor is not None:
            self.anchors[anchor] = (node.value, node, self.nodes - before + 1)
        self.add(node.value, node, node.event)

    def alias(self, event: Any) -> None:
        """The value of an anchor, shared and not copied; its places are those of the anchored text."""
        known, name = self.anchors.get(event.anchor, ()), quoted(event.anchor)
        if known is None:
            self.stop(event.start_mark, f"the alias {name} lies inside what it names: write the value out.")
        if not known:
            near = did_you_mean(event.anchor, self.anchors)
            self.stop(event.start_mark, f"the alias {name} names no anchor (&) above it.{near}")
        value, place, weight = known
        self.count(event, weight)
        copy: Any = event
        if type(place) is Node:
            if len(self.stack) + place.height > YAML_DEPTH:
                self.stop(event.start_mark, f"nested more than {YAML_DEPTH} levels deep, aliases expanded: flatten it.")
            copy = Node(event, place.value)
            copy.children, copy.keys, copy.height = place.children, place.keys, place.height
        self.add(value, copy, event)

    def count(self, event: Any, weight: int) -> None:
        """Keeps the number of nodes, aliases expanded, within its limit."""
        self.nodes += weight
        if self.nodes > YAML_NODES:
            self.stop(event.start_mark, f"more than {YAML_NODES:,} values, aliases expanded: split the file.")

    def add(self, value: Any, place: Any, event: Any) -> None:
        """Puts a finished key or value where it belongs."""
        if not self.stack:
            self.root = place
            return
        parent = self.stack[-1]
        if type(place) is Node and place.height >= parent.height:
            parent.height = place.height + 1
        if type(parent.value) is list:
            parent.value.append(value)
            parent.children.append(place)
        elif parent.key is _NO_KEY:
            parent.key = self.checked_key(parent, value, event)
        else:
            if parent.key is not _BAD_KEY:
                parent.value[parent.key] = value
                parent.children[parent.key] = place
            parent.key = _NO_KEY

    def checked_key(self, parent: Node, value: Any, event: Any) -> Any:
        """The key, kept with its place; or the mark of a refused one."""
        mark = event.start_mark
        if type(value) is not str:
            self.report(mark, f"the key {_shown(value)} is not text: put quotes around a key that is meant as a name.")
            return _BAD_KEY
        if value == "<<" and getattr(event, "implicit", (False,))[0]:
            self.report(mark, "the merge key << is not allowed: write the keys out, so that a reader sees them.")
            return _BAD_KEY
        if value in parent.keys:
            first = parent.keys[value].start_mark
            where = f"line {first.line + 1}, column {first.column + 1}"
            shown = _shown(value)
            self.report(mark, f"the key {shown} is given twice: first at {where}, and here. Remove or rename one.")
            return _BAD_KEY
        parent.keys[value] = event
        return value

    def report_syntax(self, error: pyyaml.YAMLError) -> None:
        """Keeps what the parser says, with the line it says it about."""
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if mark is None:
            self.problems.append(Problem(self.path, 1, 1, f"not valid YAML: {error}."))
            return
        said = str(getattr(error, "problem", "") or getattr(error, "context", ""))
        begin: Any = getattr(error, "context_mark", None)
        lines = self.text.splitlines() or [""]
        line, column, since = mark.line, mark.column, ""
        if line >= len(lines):  # the file ended: show what was not closed, or at least its last line
            said += " before the end of the file"
            known = begin is not None and begin.line < len(lines)
            line, column = (begin.line, begin.column) if known else (len(lines) - 1, 0)
        elif begin is not None and begin.line != line:
            since = f" (in what began at line {begin.line + 1})"
        hint = next((f" {advice}" for fragment, advice in _HINTS if fragment in said), "")
        message = f"not valid YAML: {said}{since}. The line reads {_shown(lines[line].strip())}.{hint}"
        self.problems.append(Problem(self.path, line + 1, column + 1, message))


def _event(place: Any) -> Any:
    return place.event if type(place) is Node else place


def _shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return quoted(value)
