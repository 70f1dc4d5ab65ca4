"""Two claims under one id: their fields, and what they rest on.

The one thing a reader would get wrong: a claim with `expect: falsified` promises a counterexample. Whatever makes its
statement easier to break makes that promise easier to keep, so everything that the tables say turns around.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from apr_core.contract.diff.change import Step
from apr_core.contract.diff.domains import domain
from apr_core.contract.diff.forms import Named, Side
from apr_core.contract.diff.order import exactly, verbatim
from apr_core.contract.diff.rules import COMMON, OPPOSITE, RULES, Rule
from apr_core.contract.diff.view import View
from apr_core.contract.diff.wording import UNCOMPARABLE, against, show
from apr_core.contract.schema import PlannedSubject, Selector

_UNKNOWN = Rule(exactly)
_BY_RULE = ("all", "latest", "registered", "best")
"""What `select` may say instead of ids."""
_WHATEVER_TYPE = ("claim", "if_falsified", "expect", "criteria")
"""Fields that are compared although the type is another."""
_FAVOURABLE = {
    "best": "The claim rests on whichever run came out best",
    "latest": "The claim rests on the latest run alone",
}
_CAUSES = {
    "constants": "The constant {} has another value",
    "setup": "The object {} is built in another way",
    "subjects": "The subject {} is another one",
}


def compare_claims(was: View, now: View) -> Iterator[Step]:
    """Every difference. One that shows in several fields, such as another subject, comes once for each."""
    false = getattr(was.obligation, "expect", None) == getattr(now.obligation, "expect", None) == "falsified"
    for step in _steps(was, now):
        yield _turned(step) if false else step


def _steps(was: View, now: View) -> Iterator[Step]:
    if was.type != now.type:
        yield _retyped(was, now)
        yield from _fields(was, now, _WHATEVER_TYPE)
        return
    yield from _fields(was, now, [*{**was.fields, **now.fields}])
    yield from _inputs(was, now)
    yield from _plans(was, now)
    yield from _evidence(was, now)


def _turned(step: Step) -> Step:
    """A difference of a statement that must break."""
    if step.judging or step.kind not in OPPOSITE:
        return step
    kind = OPPOSITE[step.kind]
    effect = "harder" if kind == "tightened" else "easier"
    return replace(step, kind=kind, sentence=f"{step.sentence} It is meant to fall, which this makes {effect}.")


def _retyped(was: View, now: View) -> Step:
    """Another type is another claim, except where prose becomes something that can be tried."""
    before, after = was.type, now.type
    if before == "unbound":
        phrase = "The claim was prose that nothing could try, and now it is tried"
        return Step("type", "tightened", against(phrase, before, after), before, after, judging=True)
    if after == "unbound":
        phrase = "The claim is prose now, and nothing tries it any more"
        return Step("type", "loosened", against(phrase, before, after), before, after, judging=True)
    phrase = f"The claim is of another type, which {UNCOMPARABLE}"
    return Step("type", "changed", against(phrase, before, after), before, after)


def _fields(was: View, now: View, names: Iterable[str]) -> Iterator[Step]:
    rules = COMMON if was.type != now.type else {**COMMON, **RULES.get(was.type, {})}
    told = set()
    for name in names:
        old, new = was.fields.get(name), now.fields.get(name)
        whole, dot, _ = name.partition(".")
        if not (dot and whole in told):  # of a decision by another rule, its numbers need not be told
            step = rules.get(name, _UNKNOWN).step(name, old, new, was.side, now.side)
            if step is not None:
                told.add(name)
                yield from _explained(step, old, new, was.side, now.side)


def _inputs(was: View, now: View) -> Iterator[Step]:
    """Domains that both claims draw. One that only one of them draws is read by an expression that differs as well."""
    for name in sorted(was.inputs.keys() & now.inputs.keys()):
        old, new = was.inputs[name], now.inputs[name]
        more, fewer, others = (f"{amount} cases of {name} are tried" for amount in ("More", "Fewer", "Other"))
        step = Rule(domain, "tightened", more, fewer, others).step(f"inputs.{name}", old, new, was.side, now.side)
        if step is not None:
            yield from _explained(step, old, new, was.side, now.side)


def _explained(step: Step, old: Any, new: Any, was: Side, now: Side) -> Iterator[Step]:
    """A text that reads as before and means something else does so for what a name in it stands for: that is told."""
    causes = []
    if was.plain(old) == now.plain(new):
        both = [one for one in sorted(was.rests_on(old) & now.rests_on(new)) if _differs(one, was, now)]
        causes = [(one, show(_value(was, one), was), show(_value(now, one), now)) for one in both]
    if causes and step.kind == "changed":
        for (section, name), before, after in causes:
            phrase = f"{_CAUSES[section].format(name)}, which {UNCOMPARABLE}"
            yield Step(f"{section}.{name}", "changed", against(phrase, before, after), before, after)
    elif step.before == step.after:
        reasons = [f"{name} is {after} and was {before}" for (_, name), before, after in causes]
        yield replace(step, sentence=f"{step.sentence[:-1]}, where {', '.join(reasons)}.") if reasons else step
    else:
        yield step


def _differs(named: Named, was: Side, now: Side) -> bool:
    """Whether a name stands for something else, and not only because of another name in it."""
    section, name = named
    if was.content(named) == now.content(named):
        return False
    return section != "setup" or was.plain(was.contract.setup[name]) != now.plain(now.contract.setup[name])


def _value(side: Side, named: Named) -> Any:
    section, name = named
    return getattr(side.contract, section)[name]


def _plans(was: View, now: View) -> Iterator[Step]:
    """Subjects that do not exist yet. What they run is compared where they are called."""
    for named in sorted(was.rests_on & now.rests_on):
        if named[0] == "subjects":
            step = _plan(named[1], *(_reason(_value(side, named)) for side in (was.side, now.side)))
            if step is not None:
                yield step


def _reason(subject: Any) -> str | None:
    return subject.planned if isinstance(subject, PlannedSubject) else None


def _plan(name: str, old: str | None, new: str | None) -> Step | None:
    place = f"subjects.{name}"
    if old == new:
        return None
    if new is None:
        sentence = f"The subject {name} is no longer only planned: its claims are tried, and cannot be UNTESTED for it."
        return Step(place, "tightened", sentence, f"planned: {old}", None, judging=True)
    if old is None:
        sentence = f"The subject {name} is only planned now: while it is missing, its claims are UNTESTED and no ERROR."
        return Step(place, "loosened", sentence, None, f"planned: {new}", judging=True)
    return Step(place, "reworded", against(f"What {name} waits for is worded differently", old, new), old, new)


def _evidence(was: View, now: View) -> Iterator[Step]:
    """Selectors by what they select; what the evidence is called does not matter."""
    for field in {**was.evidence, **now.evidence}:
        old_name, old = was.evidence.get(field, (None, None))
        new_name, new = now.evidence.get(field, (None, None))
        if old is None or new is None:
            pairs = [(field, old_name, new_name)]
        else:
            pairs = [(f"evidence.{new_name}.{key}", _key(old, key), _key(new, key)) for key in type(new).model_fields]
        for place, before, after in pairs:
            phrase = _FAVOURABLE.get(str(after), "The claim rests on other evidence")
            step = Rule(verbatim, otherwise=phrase).step(place, before, after, was.side, now.side)
            if step is not None:
                yield step


def _key(selector: Selector, key: str) -> Any:
    """What a selector asks, ids as a list without order."""
    value = getattr(selector, key)
    if key != "select" or value in _BY_RULE:
        return value
    return sorted(value) if isinstance(value, list) else [value]
