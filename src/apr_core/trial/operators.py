"""Mutation operators: small finders of the kind that numerical and language-model code really has, as exact edits of a source.

Everything here works on text and its syntax tree: the module is neither imported nor run. The one thing a reader would get
wrong: an edit that two operators would make belongs to the first of them in the table, and edits that lead to one and the same
syntax tree are one mutant. That is why counts per operator add up.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from apr_core.errors import SelectionError, SubjectError, UsageError, did_you_mean
from apr_core.trial import finders
from apr_core.trial.edits import Change, Edit, Text, apply, edit, unified

PRAGMA = re.compile(r"#\s*apr:\s*no\s+mutate\b(?:\s*\((?P<reason>[^)]*\S[^)]*)\))?")
"""`# apr: no mutate (reason)`: what stands on this line has no mutant that could be noticed."""


class Operator(NamedTuple):
    """A row of the table."""

    nodes: tuple[type[ast.AST], ...]
    """Kinds of syntax-tree nodes that it looks at."""
    find: Callable[[Any, Text], Iterator[Change]]
    default: bool = True
    """Whether it is used when no operators are named."""

    @property
    def sentence(self) -> str:
        """What it does."""
        return (self.find.__doc__ or "").strip()


OPERATORS: dict[str, Operator] = {
    "axis": Operator((ast.Call,), finders.axis),
    "dtype": Operator((ast.Attribute, ast.Call), finders.dtype),
    "arithmetic": Operator((ast.BinOp, ast.AugAssign), finders.arithmetic),
    "bitwise": Operator((ast.BinOp, ast.AugAssign), finders.bitwise),
    "boundary": Operator((ast.Compare,), finders.boundary),
    "negation": Operator((ast.Compare,), finders.negation),
    "logic": Operator((ast.BoolOp, ast.UnaryOp), finders.logic),
    "condition": Operator((ast.If, ast.IfExp, ast.While, ast.comprehension), finders.condition),
    "number": Operator((ast.Constant, ast.UnaryOp), finders.number),
    "boolean": Operator((ast.Constant,), finders.boolean),
    "string": Operator((ast.Compare, ast.Call), finders.string),
    "sign": Operator((ast.UnaryOp,), finders.sign),
    "clamp": Operator((ast.Call,), finders.clamp),
    "extremum": Operator((ast.Call,), finders.extremum),
    "related": Operator((ast.Call,), finders.related),
    "unwrap": Operator((ast.Call,), finders.unwrap),
    "transpose": Operator((ast.Attribute, ast.Call), finders.transpose),
    "off-by-one": Operator((ast.Slice, ast.Call), finders.off_by_one),
    "arguments": Operator((ast.Call,), finders.arguments),
    "loop": Operator((ast.Break, ast.Continue), finders.loop),
    "statement": Operator((ast.AugAssign, ast.Expr, ast.Assign), finders.statement),
    "return": Operator((ast.Return,), finders.returned, default=False),
}
"""Name → operator, in the order in which they claim an edit. `return` is noisy: almost any claim notices it."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """The mutants of one definition."""

    edits: tuple[Edit, ...]
    suppressed: tuple[tuple[Edit, str], ...]
    """Edits on lines marked `# apr: no mutate (reason)`, each with the reason."""


def derive(
    source: str, qualname: str, *, operators: Collection[str] | None = None, line: int | None = None
) -> list[Edit]:
    """The mutants of one definition in a source text, in the order of the source.

    Args:
        source: of the whole module, with line ends as Python reads them.
        qualname: `function`, `Class`, `Class.method`, or `outer.<locals>.inner`.
        operators: names in `OPERATORS`; None for all that are on by default.
        line: where the definition begins, decorators included, to tell apart several with one name; None for the last.

    Raises:
        SelectionError: there is no such definition.
        SubjectError: the source is not Python.
        UsageError: an operator is not in the table, or a line is marked `# apr: no mutate` without a reason.
    """
    return list(derivation(source, qualname, operators=operators, line=line).edits)


def derivation(
    source: str, qualname: str, *, operators: Collection[str] | None = None, line: int | None = None
) -> Derivation:
    """Like `derive`, together with the edits that the source itself rules out."""
    chosen = [name for name in OPERATORS if name in chosen_operators(operators)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # the subject's escape sequences are not the matter here
        warnings.simplefilter("ignore", DeprecationWarning)
        text = parse(source)
        found = definition(text.tree, qualname, line)
        marked = suppressions(source)
        edits, suppressed = [], []
        for one in _distinct(text, _candidates(text, found, chosen)):
            last = text.line_at(one.end)
            reason = next((marked[number] for number in range(one.line, last + 1) if number in marked), None)
            if reason is None:
                edits.append(one)
            else:
                suppressed.append((one, reason))
    return Derivation(tuple(edits), tuple(suppressed))


def parse(source: str) -> Text:
    """The source with its syntax tree.

    Raises:
        SubjectError: it is not Python.
    """
    try:
        return Text(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SubjectError(f"the source cannot be parsed: {error}. Mutants are derived from Python alone.") from None


def chosen_operators(names: Collection[str] | None) -> frozenset[str]:
    """The named operators, or those that are on by default.

    Raises:
        UsageError: there is no operator of that name; names the nearest.
    """
    if names is None:
        return frozenset(name for name, row in OPERATORS.items() if row.default)
    for name in names:
        if name not in OPERATORS:
            raise UsageError(
                f"there is no mutation operator {name!r}; there are {', '.join(OPERATORS)}.{did_you_mean(name, OPERATORS)}"
            )
    return frozenset(names)


def suppressions(source: str) -> dict[int, str]:
    """Line, from 1 → reason, for each line marked `# apr: no mutate (reason)`.

    Raises:
        UsageError: a mark has no reason.
    """
    if "no mutate" not in source:
        return {}
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        mark = PRAGMA.search(token.string) if token.type == tokenize.COMMENT else None
        if mark is not None:
            if mark["reason"] is None:
                raise UsageError(
                    f"line {token.start[0]} is marked `# apr: no mutate` without a reason. Say in parentheses why no mutant of "
                    "it could be noticed: # apr: no mutate (both branches give the same value)."
                )
            found[token.start[0]] = mark["reason"].strip()
    return found


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definition(tree: ast.Module, qualname: str, line: int | None = None) -> Definition:
    """The definition with this qualified name; of several the one that begins at `line`, else the last.

    Raises:
        SelectionError: there is none; names the nearest.
    """
    wanted = qualname.replace(".<locals>.", ".")
    known = list(definitions(tree))
    found = [node for name, node in known if name == wanted]
    if not found:
        near = did_you_mean(wanted, [name for name, _ in known])
        raise SelectionError(f"the source defines no {qualname!r}.{near}")
    return next((node for node in found if first_line(node) == line), found[-1])


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Every definition below a node with its qualified name, without `<locals>`, in the order of the source."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Definition):
            yield prefix + node.name, node
            yield from definitions(node, f"{prefix}{node.name}.")
        elif not isinstance(node, ast.expr):
            yield from definitions(node, prefix)


def first_line(node: Definition) -> int:
    """The line on which a definition begins, its decorators included."""
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


_UNREAD = frozenset({"annotation", "returns", "decorator_list", "type_params", "pattern"})
"""Fields of nodes that say nothing about what is computed."""

_SKIPPED = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)
"""Messages, and statements about what must be so. Python before 3.12 does not know where the parts of an f-string stand."""

_TALK = frozenset({"print", "warn", "warnings", "logger", "logging", "_logger", "LOGGER", "log", "_log", "LOG"})
"""Names by which code speaks to people: a call of one, or of a method of one, is left alone."""


def changeable(root: Definition, text: Text) -> Iterator[tuple[ast.AST, ast.stmt]]:
    """The nodes of a definition that may be changed, each with the statement that it stands in; in no particular order."""
    waiting: list[tuple[ast.AST, ast.stmt]] = [(root, root)]
    while waiting:
        node, around = waiting.pop()
        if isinstance(node, _SKIPPED) or _is_prose(node):
            continue
        if isinstance(node, ast.stmt) and not _is_elif(node, text):
            around = node
        below = list(_below(node))
        if not isinstance(node, ast.ClassDef) and not _is_for_types(node):
            yield node, around
        waiting += [(one, around) for one in below]


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node that say what is computed."""
    if isinstance(node, ast.UnaryOp) and finders.literal(node) is not None:
        return  # the number in `-1` is -1, not 1
    read = ("body",) if isinstance(node, ast.ClassDef) else ("orelse",) if _is_for_types(node) else node._fields
    for name in read:
        value = getattr(node, name, None)
        if name not in _UNREAD:
            yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST))


def _is_elif(node: ast.stmt, text: Text) -> bool:
    """Whether a statement is an `elif`, which is none on its own."""
    return isinstance(node, ast.If) and text.source.startswith("elif", text.start(node))


def _is_prose(node: ast.AST) -> bool:
    """Whether a statement speaks to a log or a person."""
    if not isinstance(node, ast.Expr):
        return False
    root: ast.AST = node.value.func if isinstance(node.value, ast.Call) else node.value
    while isinstance(root, ast.Attribute):
        if root.attr in _TALK - {"log"}:  # np.log
            return True
        root = root.value
    return isinstance(root, ast.Name) and root.id in _TALK


def _is_for_types(node: ast.AST) -> bool:
    """Whether a node is `if TYPE_CHECKING:`."""
    if not isinstance(node, ast.If):
        return False
    name = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", "")
    return name == "TYPE_CHECKING"


def _candidates(text: Text, root: Definition, chosen: list[str]) -> list[tuple[Edit, ast.stmt]]:
    """Every change that an operator proposes, in the order of the source and then of the table, with its statement."""
    by_node: dict[type[ast.AST], list[str]] = {}
    for name in chosen:
        for kind in OPERATORS[name].nodes:
            by_node.setdefault(kind, []).append(name)
    found = [
        (change, name, around)
        for node, around in changeable(root, text)
        for name in by_node.get(type(node), ())
        for change in OPERATORS[name].find(node, text)
    ]
    rank = {name: index for index, name in enumerate(chosen)}
    found.sort(key=lambda one: (one[0].start, one[0].end, rank[one[1]]))
    return [(edit(name, text, _spaced(text, change)), around) for change, name, around in found]


def _spaced(text: Text, change: Change) -> Change:
    """The change with a space where it would run into the name before it."""
    first = change.by[:1] or text.source[change.end : change.end + 1]
    apart = text.glued(change.start) and (first.isalnum() or first == "_")
    return change._replace(by=" " + change.by) if apart else change


def _distinct(text: Text, candidates: list[tuple[Edit, ast.stmt]]) -> Iterator[Edit]:
    """The candidates that parse and mean something else: something else than the source, and than one another.

    It is enough to look at the statement around the edit: what stands before and after it stays as it is.
    """
    seen: dict[ast.stmt, set[str | None]] = {}
    for one, around in candidates:
        start, end = _whole(text, around)
        piece = text.source[start:end]
        if around not in seen:
            seen[around] = {None, _meaning(piece)}
        meant = _meaning(piece[: one.start - start] + one.by + piece[one.end - start :])
        if meant not in seen[around]:
            seen[around].add(meant)
            yield one


def _whole(text: Text, node: ast.stmt) -> tuple[int, int]:
    """Where a statement begins and ends; one with a body with its margin, which the lines of the body depend on."""
    if hasattr(node, "body"):
        assert node.end_lineno is not None
        return text.lines(node.lineno, node.end_lineno)
    return text.start(node), text.end(node)


def _meaning(piece: str) -> str | None:
    """The syntax tree of a statement as text, or None when it has none."""
    head = "if 1:\n" if piece[:1] in " \t\f" else ""
    try:
        return ast.dump(ast.parse(head + piece))
    except (SyntaxError, ValueError):
        return None


__all__ = [
    "OPERATORS", "Derivation", "Edit", "Operator", "apply", "chosen_operators", "definition", "definitions", "derivation",
    "derive", "first_line", "suppressions", "unified",
]  # fmt: skip
