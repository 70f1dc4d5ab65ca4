"""What `apr mutate` changes: the definitions behind the subjects of contracts, and the claims that may notice a change.

The one thing a reader would get wrong: a subject's name in a contract says where it is imported from, not where it is defined.
`apr_core.statistics:tango_test` is a function of `apr_core.statistics.paired`, and that is the module that is edited.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import Cost
from apr_core.contract.schema import CommandSubject, PlannedSubject
from apr_core.errors import AprError, SelectionError, SubjectError, Untestable, UsageError
from apr_core.trial.edits import Edit, Text
from apr_core.trial.mutants import module_source
from apr_core.trial.operators import changeable, definition, definitions, derivation, parse
from apr_core.trial.subjects import resolve

if TYPE_CHECKING:
    from apr_core.trial.session import Session


@dataclass(frozen=True, slots=True)
class Place:
    """Where a definition stands. Two places are the same when module and name are, whether or not the line is known."""

    module: str
    qualname: str
    line: int | None = field(default=None, compare=False)
    """Where it begins, decorators included; None when that is not known."""

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judges:
    """The claims of one contract that call a subject."""

    contract: LoadedContract
    claims: tuple[str, ...]
    subject: str
    """What the contract calls it."""
    home: str
    """The module in which it is defined."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """One definition, its mutants, and who may notice them."""

    place: Place
    file: str
    """Below the root of the project, if it lies there."""
    source: str
    """Of the whole module."""
    edits: tuple[Edit, ...]
    suppressed: tuple[tuple[Edit, str], ...]
    """Edits that the source rules out with `# apr: no mutate (reason)`."""
    judges: tuple[Judges, ...]

    @property
    def name(self) -> str:
        """`module:function`."""
        return str(self.place)


@dataclass(slots=True)
class Found:
    """What a selection came to."""

    targets: list[Target] = field(default_factory=list)
    """In the order of the contracts: first the subjects, then what else is changed."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Subject, or definition → why it has no mutants."""
    planned: dict[str, str] = field(default_factory=dict)
    """Subject that does not exist yet → what its contract says about that."""


def calling(loaded: LoadedContract, obligation_id: str) -> frozenset[str]:
    """The subjects that a claim calls; none for one that is about evidence."""
    obligation = loaded.obligation(obligation_id)
    counted = obligation.of if isinstance(obligation, Cost) else None
    return loaded.calls_of(obligation_id) | ({counted} if counted is not None else frozenset())


def find_targets(
    session: Session,
    wanted: Sequence[tuple[LoadedContract, Sequence[str]]],
    *,
    only: Collection[Place] = (),
    also: Sequence[str] = (),
    deep: bool = False,
    operators: Collection[str] | None = None,
) -> Found:
    """The definitions behind the subjects of some claims, in the order of the contracts.

    Args:
        wanted: contracts with the ids of the claims that may notice.
        only: leave out all other definitions; none for all.
        also: `module` or `module:function`, changed as well; every claim of `wanted` may notice.
        deep: change as well what a subject calls in its own module, and so on.
        operators: see `derive`.

    Raises:
        AprError: a name in `also` leads nowhere, an operator is unknown, a mark in a source has no reason.
    """
    found = Found()
    judges: dict[Place, dict[str, Judges]] = {}
    homes: list[tuple[Place, Judges]] = []
    for loaded, ids in wanted:
        for subject, home in subject_places(session, loaded, found).items():
            claims = tuple(name for name in ids if subject in calling(loaded, name))
            if claims and (not only or home in only):
                homes.append((home, Judges(contract=loaded, claims=claims, subject=subject, home=home.module)))
    for home, one in homes:
        _add(judges.setdefault(home, {}), one)
    for home, one in homes if deep else ():
        for place in called_by(session, home):
            _add(judges.setdefault(place, {}), one)
    for place in (place for name in also for place in named_places(session, name)):
        for one in _every_judge(session, wanted):
            _add(judges.setdefault(place, {}), one)
    for place, by_contract in _outermost(judges).items():
        try:
            found.targets.append(_target(session, place, tuple(by_contract.values()), operators))
        except (SelectionError, SubjectError) as why:
            found.skipped[str(place)] = str(why)
    return found


def _every_judge(session: Session, wanted: Sequence[tuple[LoadedContract, Sequence[str]]]) -> Iterator[Judges]:
    """All claims that call a subject, each contract under the name of the first that they call."""
    for loaded, ids in wanted:
        places = subject_places(session, loaded)
        claims = tuple(name for name in ids if calling(loaded, name) & places.keys())
        called = frozenset[str]().union(*(calling(loaded, name) for name in claims))
        for subject in [name for name in places if name in called][:1]:
            yield Judges(contract=loaded, claims=claims, subject=subject, home=places[subject].module)


def _add(known: dict[str, Judges], one: Judges) -> None:
    """Two names of a contract may lead to one function."""
    before = known.setdefault(one.contract.id, one)
    known[one.contract.id] = replace(before, claims=tuple(dict.fromkeys([*before.claims, *one.claims])))


def _outermost(judges: dict[Place, dict[str, Judges]]) -> dict[Place, dict[str, Judges]]:
    """Without the definitions that stand inside another one: their mutants are among its own, and so are their judges."""
    kept: dict[Place, dict[str, Judges]] = {}
    for place in sorted(judges, key=lambda one: one.qualname.count(".")):
        outer = next(
            (one for one in kept if one.module == place.module and _inside(place.qualname, one.qualname)), place
        )
        for one in judges[place].values():
            _add(kept.setdefault(outer, {}), one)
    return {place: kept[place] for place in judges if place in kept}


def _inside(inner: str, outer: str) -> bool:
    return inner.replace(".<locals>.", ".").startswith(outer.replace(".<locals>.", ".") + ".")


def place_of(subject: Callable[..., Any]) -> Place:
    """Where a subject is defined, below its decorators and partial arguments.

    Raises:
        SubjectError: it does not say.
    """
    found: Any = inspect.unwrap(subject)
    while isinstance(found, functools.partial):
        found = inspect.unwrap(found.func)
    found = found if hasattr(found, "__qualname__") else type(found)
    module, qualname = getattr(found, "__module__", None), found.__qualname__
    if not isinstance(module, str) or "<lambda>" in qualname:
        raise SubjectError(f"{qualname} is no definition by name, so it has no mutants. Write it as a function.")
    code = getattr(found, "__code__", None)
    return Place(module, qualname, None if code is None else code.co_firstlineno)


def subject_places(session: Session, loaded: LoadedContract, found: Found | None = None) -> dict[str, Place]:
    """Subject → where it is defined; those that are defined nowhere are noted in `found`, with the reason."""
    places = {}
    for name, reference in loaded.model.subjects.items():
        try:
            if isinstance(reference, CommandSubject):
                raise SubjectError("it is a program, whose source is not at hand.")
            places[name] = place_of(resolve(reference, session.policy))
        except (AprError, Untestable) as why:
            planned = isinstance(reference, PlannedSubject) and isinstance(why, Untestable)
            if found is not None:
                (found.planned if planned else found.skipped)[f"{name} of {loaded.id}"] = str(why)
    return places


def called_by(session: Session, place: Place) -> Iterator[Place]:
    """The definitions of the same module that a definition uses, and that those use, in the order of the source."""
    text = parse(module_source(session, place.module)[0])
    known = {name: node for name, node in definitions(text.tree) if name.count(".") == 0}
    methods = {name: node for name, node in definitions(text.tree) if name.count(".") == 1}
    reached = {place.qualname}
    waiting = [(place.qualname, definition(text.tree, place.qualname, place.line))]
    while waiting:
        name, node = waiting.pop()
        for used in _used(node, text, name.rpartition(".")[0]):
            if used not in reached and (used in known or used in methods):
                reached.add(used)
                waiting.append((used, known.get(used) or methods[used]))
    return (Place(place.module, name) for name, _ in definitions(text.tree) if name in reached - {place.qualname})


def _used(root: Any, text: Text, owner: str) -> Iterator[str]:
    """Names that a definition reads, and the methods that it reads from `self` and `cls`."""
    for node, _ in changeable(root, text):
        if isinstance(node, ast.Name):
            yield node.id
        elif (
            owner
            and isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        ):
            yield f"{owner}.{node.attr}"


def named_places(session: Session, name: str) -> list[Place]:
    """The definitions that `module` or `module:function` names.

    Raises:
        SubjectError: there is no such module, or contracts here may not name it.
        SelectionError: the module has no such definition, or none at all.
    """
    module, _, qualname = name.partition(":")
    text = parse(module_source(session, module)[0])
    if qualname:
        definition(text.tree, qualname)
        return [Place(module, qualname)]
    places = [Place(module, found) for found, _ in definitions(text.tree) if "." not in found]
    if not places:
        raise SelectionError(f"the module {module!r} defines no function and no class, so there is nothing to change.")
    return list(dict.fromkeys(places))


def _target(session: Session, place: Place, judges: tuple[Judges, ...], operators: Collection[str] | None) -> Target:
    source, file = module_source(session, place.module)
    path = Path(file)
    shown = path.relative_to(session.root).as_posix() if path.is_relative_to(session.root) else str(path)
    try:
        found = derivation(source, place.qualname, operators=operators, line=place.line)
    except UsageError as error:  # a mark in the source
        raise UsageError(f"{shown}: {error}") from None
    return Target(
        place=place, file=shown, source=source, edits=found.edits, suppressed=found.suppressed, judges=judges
    )  # fmt: skip
