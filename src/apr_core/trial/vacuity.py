"""Could this claim have come out otherwise? Looked for by probing: faults that nobody had to write down.

A claim is VACUOUS when nothing that the code or the evidence could do would make it fall: it calls nothing, its line lies where
nothing can reach it, both sides are the same thing. The one thing a reader would get wrong: this is a search and no proof. That a
probe makes a claim fall shows that it can; that none does, though several changed what it rests on, is what VACUOUS means here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import (
    Bound,
    Compound,
    Cost,
    Equivalence,
    EvidenceObligation,
    Frame,
    Gate,
    Holds,
    Monotone,
    Obligation,
    PropertyObligation,
    Rejection,
    Threshold,
)
from apr_core.contract.vocabulary import digest
from apr_core.errors import AprError
from apr_core.trial.extremes import evidence_lines_moved, extremes
from apr_core.trial.fault import Fault
from apr_core.trial.planting import noticed
from apr_core.trial.probes import NONE, NOT_FINITE, PROBES, probed
from apr_core.trial.result import Result
from apr_core.trial.subjects import resolve
from apr_core.verdict import Verdict

if TYPE_CHECKING:
    from apr_core.trial.session import Session

ACCIDENTS = frozenset({"raised", "nonfinite"})
"""Ways of being refuted that say nothing about the values that a claim compares."""

OUT_OF_REACH = 1e15
"""A line beyond this is no line for a count of bytes or calls."""


@dataclass(frozen=True)
class Probing:
    """What came of the search."""

    fell: str | None = None
    """The first probe under which the claim fell."""
    changed: int = 0
    """Probes that changed what the claim rests on, and after which it was decided."""
    vacuous: str | None = None
    """Why nothing could make it fall; None when something can, or when nobody can say."""


def examine(session: Session, loaded: LoadedContract, obligation: Obligation, real: Result) -> Probing:
    """Look for something that makes a claim fall. `real` is what it came to on the real thing, with a verdict."""
    if isinstance(obligation, PropertyObligation):
        return _property(session, loaded, obligation)
    if isinstance(obligation, EvidenceObligation):
        return _evidence(session, loaded, obligation, real)
    if isinstance(obligation, (Compound, Gate)):
        return _parts(session, loaded, obligation, real)
    return Probing()


def _property(session: Session, loaded: LoadedContract, obligation: PropertyObligation) -> Probing:
    if not loaded.calls_of(obligation.id):
        return Probing(vacuous="it calls nothing under trial, so it comes out the same whatever the code does")
    for moved, how in lines_moved(obligation) if obligation.expect == "held" else ():
        if session.under(Fault("line")).judge_obligation(loaded, moved).verdict is Verdict.HELD:
            return Probing(vacuous=f"it also holds {how}")
    if isinstance(obligation, Cost):
        return Probing(fell="its line moved below zero", changed=1)
    meant_false = obligation.expect == "falsified"
    if meant_false and _true_of_some(session.under(Fault("opposite", inverted=True)), loaded, obligation):
        return Probing(fell="some cases satisfy it", changed=1)
    changed = 0
    for probe, fault, touched in _faults(session, loaded, obligation):
        there = session.under(replace(fault, inverted=meant_false))
        result = there.judge_obligation(loaded, obligation)
        if not touched:
            continue
        if _noticed(result, obligation):
            return Probing(fell=probe, changed=changed + 1)
        changed += result.verdict is not Verdict.ERROR or compared_nothing(result)
    return Probing(changed=changed, vacuous=_survived(obligation, changed) if changed else None)


def compared_nothing(result: Result) -> bool:
    """Whether a trial is an ERROR because there was nothing to compare: no case, no element."""
    return result.verdict is Verdict.ERROR and any(
        words in result.reason for words in ("VACUOUS", "says nothing about a claim")
    )


def _true_of_some(inverted: Session, loaded: LoadedContract, obligation: PropertyObligation) -> bool:
    return inverted.judge_obligation(loaded, obligation).verdict is Verdict.FALSIFIED


def _survived(obligation: Obligation, changed: int) -> str:
    what = "holds" if obligation.expect == "held" else "is false"
    return (
        f"it {what} whatever its subjects give: {changed} automatic faults changed their results, and none changed the verdict. "
        "If it is about something that such faults do not touch (randomness, a side effect), name a `source` mutant that it kills"
    )


def _noticed(result: Result, obligation: PropertyObligation) -> bool:
    """Whether the claim noticed by comparing, and not by an accident. One that is meant to be false is tried inverted: it
    notices when some case satisfies it."""
    if result.verdict is not Verdict.FALSIFIED:
        return False
    return result.broke not in ACCIDENTS or (result.broke == "nonfinite" and _about_being_finite(obligation))


def _about_being_finite(obligation: PropertyObligation) -> bool:
    """Whether the claim is that a value is finite: it says so, or its bound has no ends."""
    if isinstance(obligation, Bound):
        return {str(end).strip() for end in obligation.within} == {"-inf", "inf"}
    return isinstance(obligation, Holds) and bool(_words(obligation) & {"isfinite", "isnan", "inf"})


def _nodes(obligation: PropertyObligation) -> Iterator[ast.AST]:
    """The parts of what a claim decides by: its `check`, and what its `let` and `for_each` stand for."""
    check = getattr(obligation, "check", None)
    for source in [*([check] if check else []), *obligation.let.values(), *obligation.for_each.values()]:
        yield from ast.walk(ast.parse(source.strip(), mode="eval"))


def _words(obligation: PropertyObligation) -> set[str]:
    """The names that a claim decides by, None among them."""
    names = {node.id for node in _nodes(obligation) if isinstance(node, ast.Name)}
    return names | {"None" for node in _nodes(obligation) if isinstance(node, ast.Constant) and node.value is None}


def _literals(obligation: PropertyObligation) -> list[Any]:
    """The texts and numbers that a claim names."""
    found = [node.value for node in _nodes(obligation) if isinstance(node, ast.Constant)]
    return [one for one in dict.fromkeys(found) if isinstance(one, (str, bytes, int, float))]


def _faults(
    session: Session, loaded: LoadedContract, obligation: PropertyObligation
) -> Iterator[tuple[str, Fault, list[bool]]]:
    """Each probe in each subject; names of one and the same function are one subject."""
    groups: dict[int, list[str]] = {}
    found: dict[str, Callable[..., Any]] = {}
    for name in sorted(loaded.calls_of(obligation.id)):
        found[name] = resolve(loaded.model.subjects[name], session.policy)
        groups.setdefault(id(found[name]), []).append(name)
    effects = EFFECTS.get(type(obligation), {})
    more = [NOT_FINITE] if _about_being_finite(obligation) else []
    more += [NONE] if "None" in _words(obligation) else []
    literals = _literals(obligation)
    for probe in (*effects, *PROBES, *more):
        for names in groups.values():
            touched: list[bool] = []
            make = effects.get(probe) or partial(probed, probe=probe, literals=literals)
            subjects = {name: make(found[name], touched=touched) for name in names}
            yield f"{' and '.join(names)}, {probe}", Fault("probe", subjects=subjects), touched


def _scribbling(subject: Callable[..., Any], touched: list[bool]) -> Callable[..., Any]:
    """A subject that also changes what it was given."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = subject(*args, **kwargs)
        touched.extend(_scribble(value) for value in (*args, *kwargs.values()))
        return result

    return call


def _spoiling(subject: Callable[..., Any], touched: list[bool]) -> Callable[..., Any]:
    """A subject that leaves other files behind than it should, in every folder and file in which it writes."""

    def call(*args: Any, **kwargs: Any) -> Any:
        before = {value: digest(value) for value in (*args, *kwargs.values()) if isinstance(value, Path)}
        result = subject(*args, **kwargs)
        written = [path for path, content in before.items() if digest(path) != content]
        for place in [place for path in written for place in (*path.rglob("*"), path)]:
            touched.extend([True] * _scribble(place))
        return result

    return call


def _scribble(value: Any) -> bool:
    """Change a value in place, if it can be changed."""
    try:
        if isinstance(value, list):
            value.append(value[0] if value else 0)
        elif isinstance(value, dict):
            value["scribble"] = 1
        elif hasattr(value, "shape") and hasattr(value, "__setitem__"):
            value[...] = value * 0 + 1 if str(value.dtype) not in ("bool", "torch.bool") else ~value
        elif hasattr(value, "is_dir") and value.is_dir():
            (value / "scribble").write_bytes(b"scribble")
        elif hasattr(value, "is_file") and value.is_file():
            value.write_bytes(value.read_bytes() + b"scribble")
        else:
            return False
    except Exception:
        return False
    return True


def _idle(subject: Callable[..., Any], touched: list[bool]) -> Callable[..., Any]:
    """A subject that does nothing at all."""

    def call(*args: Any, **kwargs: Any) -> Any:
        touched.append(True)
        return None

    return call


def _accepting(subject: Callable[..., Any], touched: list[bool]) -> Callable[..., Any]:
    """A subject that raises nothing."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return subject(*args, **kwargs)
        except Exception:
            touched.append(True)
            return None

    return call


_ON_DISK: dict[str, Callable[..., Callable[..., Any]]] = {"writing other files": _spoiling}

EFFECTS: dict[type[PropertyObligation], dict[str, Callable[..., Callable[..., Any]]]] = {
    Holds: _ON_DISK,
    Bound: _ON_DISK,
    Equivalence: _ON_DISK,
    Frame: {"changing its arguments": _scribbling, "doing nothing": _idle},
    Rejection: {"accepting everything": _accepting},
}
"""Obligation type → faults of what a call does besides returning."""


def lines_moved(obligation: Obligation) -> Iterator[tuple[Any, str]]:
    """The claim with its line on the other side of the truth: none of these can hold if the real one says something.

    `holds` and `equivalence` have no line to move: the probes are for them.
    """
    match obligation:
        case Bound(within=[low, high]):
            gap = "1e-9 * (1 + abs({0}))"
            if str(high).strip() != "inf":
                yield (
                    _with(obligation, within=[f"({high}) + {gap.format(high)}", "inf"]),
                    f"with its line moved above {high}",
                )
            if str(low).strip() != "-inf":
                yield (
                    _with(obligation, within=["-inf", f"({low}) - {gap.format(low)}"]),
                    f"with its line moved below {low}",
                )
        case Monotone(direction=direction):
            other = "decreasing" if direction == "increasing" else "increasing"
            yield (
                _with(obligation, direction=other),
                f"in the other direction: the value does not depend on {obligation.in_}",
            )
        case Cost():
            within_reach = f"-1 if ({obligation.at_most}) < {OUT_OF_REACH!r} else {OUT_OF_REACH**10!r}"
            yield _with(obligation, at_most=within_reach), "with its line moved below zero, or its line is out of reach"


def _with(obligation: Any, **changes: Any) -> Any:
    return obligation.model_copy(update={"expect": "held", **changes})


def _evidence(session: Session, loaded: LoadedContract, obligation: EvidenceObligation, real: Result) -> Probing:
    for moved, how in evidence_lines_moved(obligation, real):
        if session.under(Fault("line")).judge_obligation(loaded, moved).verdict is Verdict.HELD:
            return Probing(vacuous=f"it also holds {how}")
    changed = 0
    for what, fault in extremes(session, loaded, obligation):
        result = session.under(fault).judge_obligation(loaded, obligation)
        if noticed(result.verdict.value, obligation.expect):
            return Probing(fell=what, changed=changed + 1)
        changed += result.verdict is not Verdict.ERROR
    if not changed:
        return Probing()
    return Probing(
        changed=changed,
        vacuous=f"no evidence could make it fall: with {changed} extreme outcomes in place of the real ones it is never "
        + ("FALSIFIED" if obligation.expect == "held" else "HELD"),
    )


def _parts(session: Session, loaded: LoadedContract, obligation: Compound | Gate, real: Result) -> Probing:
    """A whole whose every part falls must not hold."""
    try:
        result = under_fallen_parts(session, loaded, obligation, [part for part, _ in real.parts])
    except AprError:
        return Probing()
    if result.verdict is Verdict.HELD:
        return Probing(changed=1, vacuous="it holds when every claim that it rests on falls")
    if isinstance(obligation, Compound) and obligation.any_of and _lines_meet(session, real):
        return Probing(
            changed=1, vacuous="the lines of its parts meet, so that one of them holds whatever the evidence is"
        )
    return Probing(fell="every part falls", changed=1)


def _lines_meet(session: Session, real: Result) -> bool:
    """Whether one part asks for at least as much as another part allows at most, of the same records."""
    least: dict[tuple[str, frozenset[str]], float] = {}
    most: dict[tuple[str, frozenset[str]], float] = {}
    for claim, _ in real.parts:
        contract, _, name = claim.rpartition("::")
        part, result = session.catalog.load(contract).obligation(name), session.judge(claim)
        if not isinstance(part, Threshold) or part.expect != "held" or result.required is None:
            continue
        key = (part.metric, frozenset(result.evidence))
        match result.required:
            case (float() as low, None):
                least[key] = min(low, least.get(key, low))
            case (None, float() as high):
                most[key] = max(high, most.get(key, high))
    return any(least[key] <= most[key] for key in least.keys() & most.keys())


def under_fallen_parts(
    session: Session, loaded: LoadedContract, obligation: Compound | Gate, fallen: Sequence[str]
) -> Result:
    """What a compound claim or a gate comes to when some of its parts are falsified and all the others hold."""
    twin = session.under(Fault("parts"))
    for claim, result in session.results.items():
        verdict = Verdict.FALSIFIED if claim in fallen else Verdict.HELD
        twin.results[claim] = replace(result, verdict=verdict, expect="held", refuted=None, notes=())
    return twin.judge_obligation(loaded, obligation)
