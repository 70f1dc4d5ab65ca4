"""What an expression is, whatever it is written like: a nested tuple that is equal when the meaning is.

Space, quotes, `5.0e-5` for `0.00005` and a constant for its value make no difference. The one thing a reader would get
wrong: `2 * 3` is not `6` here. Two expressions are one when their syntax trees are; only where a number stands, such as
a bound or a line, is it computed (`Side.number`).
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from apr_core.contract.obligations import EvidenceObligation
from apr_core.contract.schema import CommandSubject, Contract, PlannedSubject
from apr_core.contract.scope import Checker, Scope
from apr_core.contract.translation import parse, translate
from apr_core.contract.vocabulary import VOCABULARY
from apr_core.errors import ExpressionError

Form = tuple[Any, ...]
"""Hashable, and equal when the meaning is."""

Named = tuple[str, str]
"""A section of a contract and a name in it: `("constants", "top")`."""

_INCIDENTAL = frozenset({"ctx", "kind", "type_comment"})


class Side:
    """One of the two contracts, with what its names stand for."""

    def __init__(
        self, contract: Contract, contract_id: str = "", home: str = "", renamed: Mapping[str, str] | None = None
    ) -> None:
        """`contract_id` is its own, `home` that of the new side, and `renamed` says what that calls claims, by full id."""
        self.contract = contract
        self._contract_id = contract_id
        self._home = home
        self._renamed = renamed or {}
        self._checker = Checker(contract)
        self._scope = Scope(None, frozenset(VOCABULARY).union(contract.subjects))
        self._forms: dict[str, Form] = {}

    def form(self, source: Any) -> Form:
        """A number or expression, with constants, objects of `setup` and subjects for what they are."""
        tree = tree_of(source)
        if tree is None:
            return frozen(source)
        if source not in self._forms:
            self._forms[source] = self.form_of(tree)
        return self._forms[source]

    def form_of(self, tree: ast.expr) -> Form:
        """The same of a part of an expression."""
        form: Form = _form(tree, self._stands_for)
        return form

    def meaning(self, value: Any) -> Form:
        """The form of a value that may hold expressions anywhere in it."""
        return _nested(value, self.form)

    def plain(self, value: Any) -> Form:
        """The same with every name for itself: whether two values read alike, whatever their names stand for."""
        return _nested(value, lambda text: _form(tree_of(text) or ast.Constant(text), lambda name: ("name", name)))

    def number(self, source: Any) -> float | None:
        """The value of a source that is a number whatever is drawn; None if it is not that simple."""
        if isinstance(source, bool) or not isinstance(source, (int, float, str)):
            return None
        if isinstance(source, str) and tree_of(source) is None:
            return None
        value = self._checker.number(source, (), self._scope)
        self._checker.findings.clear()  # a contract that was loaded has none; of another one they are not ours to tell
        return None if value is None or math.isnan(value) else value

    def names(self, value: Any) -> set[str]:
        """Every name in the expressions of a value, of a function as of anything else."""
        return set().union(*map(_names, texts(value)))

    def rests_on(self, value: Any) -> set[Named]:
        """The constants, objects of `setup` and subjects that the expressions in a value use, also in turn."""
        found: set[Named] = set()
        waiting = [*self.names(value)]
        while waiting:
            name = waiting.pop()
            for section in ("constants", "setup", "subjects"):
                if name in getattr(self.contract, section) and (section, name) not in found:
                    found.add((section, name))
                    waiting += self.names(self.contract.setup[name]) if section == "setup" else ()
        return found

    def content(self, named: Named) -> Form:
        """What a name of `constants`, `setup` or `subjects` stands for."""
        section, name = named
        value = getattr(self.contract, section)[name]
        if section == "setup":
            return self.form(value)
        return frozen(target(value) if section == "subjects" else value)

    def reference(self, claim: str) -> str:
        """A claim id as the new contract would write it."""
        whole = claim if "::" in claim else f"{self._contract_id}::{claim}"
        return self._renamed.get(whole, whole).removeprefix(f"{self._home}::")

    def family(self, obligation: Any) -> list[str]:
        """The claims that share their alpha with an obligation, and itself; none when no other does."""
        family = getattr(obligation, "family", None)
        members = [
            self.reference(one.id)
            for one in self.contract.obligations
            if isinstance(one, EvidenceObligation) and one.family == family is not None
        ]
        return sorted(members) if len(members) > 1 else []

    def _stands_for(self, name: str) -> Form:
        contract = self.contract
        if name in contract.constants:
            return frozen(contract.constants[name])
        for section in ("setup", "subjects"):
            if name in getattr(contract, section):
                return (section, self.content((section, name)))
        return ("name", name)


def tree_of(source: Any) -> ast.expr | None:
    """The syntax tree of a text; None for what is not an expression."""
    return _parsed(source) if isinstance(source, str) else None


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> ast.expr | None:
    try:
        translate(text.strip())  # what is not in the language, or beyond its limits of depth, is only text
        return parse(text.strip())
    except ExpressionError:
        return None


@functools.lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    tree = _parsed(text)
    return frozenset() if tree is None else frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def target(subject: Any) -> Any:
    """What a subject runs: an import string, or the words of a program."""
    if isinstance(subject, PlannedSubject):
        return subject.import_
    return subject.command if isinstance(subject, CommandSubject) else subject


def texts(value: Any) -> Iterator[str]:
    """Every text in a nested value, without the keys of maps."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        yield from texts(value.model_dump(by_alias=True))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def _nested(value: Any, form: Callable[[Any], Form]) -> Form:
    """The form of lists and maps of what `form` takes."""
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True)
    if isinstance(value, Mapping):
        return ("map", tuple(sorted((frozen(key), _nested(inner, form)) for key, inner in value.items())))
    if isinstance(value, (list, tuple)):
        return ("list", tuple(_nested(inner, form) for inner in value))
    return form(value)


def frozen(value: Any) -> Form:
    """A literal value: `1`, `1.0` and `true` are three."""
    return _nested(value, lambda scalar: (type(scalar).__name__, repr(scalar)))


def _form(node: Any, stands_for: Any) -> Any:
    """The form of a syntax tree; what is not a node (an operator's name, a keyword) is as it is."""
    if isinstance(node, list):
        return tuple(_form(part, stands_for) for part in node)
    if not isinstance(node, ast.AST):
        return node
    match node:
        case ast.Name(id=name):
            return stands_for(name)
        case ast.Constant(value=value):
            return frozen(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if value is not True:
            return frozen(-value)
        case ast.List(elts=elements):
            return ("list", _form(elements, stands_for))
    fields = [name for name in node._fields if name not in _INCIDENTAL]
    return (type(node).__name__, *(_form(getattr(node, name), stands_for) for name in fields))
