"""`apr contract explain`: one claim in words, as a test, on a few cases or on its evidence.

The one thing a reader would get wrong: a claim about a function is not tried here, only shown. A claim about evidence
is judged, because its verdict is part of what it rests on.
"""

from __future__ import annotations

import argparse
import inspect
import textwrap
from typing import Any

from apr_core.commands.project import find_claim, open_session
from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import (
    AnyObligation,
    Compound,
    Decide,
    Difference,
    EvidenceObligation,
    Gate,
    NonInferiority,
    PropertyObligation,
    Template,
    Threshold,
    Trend,
    Unbound,
)
from apr_core.contract.origin import pointed
from apr_core.errors import AprError, Untestable, UsageError
from apr_core.trial.session import Session

WIDTH = 100


def run(args: argparse.Namespace) -> int:
    """Prints the explanation; 0."""
    if args.cases < 0:
        raise UsageError(f"--cases is {args.cases}; allowed is a number from 0.")
    session = open_session(args, seed=args.seed, database=False)
    loaded, obligation = find_claim(session.catalog, args.claim)
    lines = _head(loaded, obligation)
    if isinstance(obligation, PropertyObligation):
        lines += _property(session, loaded, obligation, args.cases)
    elif isinstance(obligation, EvidenceObligation):
        lines += _evidence(session, loaded, obligation)
    elif isinstance(obligation, (Compound, Gate)):
        lines += _parts(session, loaded, obligation)
    elif isinstance(obligation, Unbound):
        lines += _prose(loaded, obligation)
    print("\n".join(lines))
    return 0


def _head(loaded: LoadedContract, obligation: AnyObligation) -> list[str]:
    kind = getattr(obligation, "type", None) or f"template {getattr(obligation, 'template', '')}"
    lines = [f"{loaded.id}::{obligation.id}  ({kind}, {loaded.relative}:{loaded.line_of(obligation.id)})"]
    lines += _wrapped(obligation.claim, "  ")
    criteria = [*loaded.model.criteria, *obligation.criteria]
    if criteria:
        lines += _wrapped("serves: " + ", ".join(dict.fromkeys(criteria)), "  ")
    if obligation.expect == "falsified":
        lines += _wrapped("meant to be false: it must yield a counterexample that reproduces", "  ")
    if obligation.if_falsified:
        lines += _wrapped(f"if falsified: {obligation.if_falsified}", "  ")
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    text = " ".join(text.split())
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _property(session: Session, loaded: LoadedContract, obligation: PropertyObligation, count: int) -> list[str]:
    """The template expanded, the test, and a few cases."""
    from apr_core.commands.authoring.python_source import needed_inputs, python_source
    from apr_core.compiler.templates import expand

    plain = expand(obligation)
    assert isinstance(plain, PropertyObligation)
    lines = []
    if isinstance(obligation, Template):
        shown = plain.model_dump(exclude_defaults=True, by_alias=True, exclude={"id", "claim"})
        lines = ["", "written out:", *(f"  {key}: {value}" for key, value in shown.items())]
    source = python_source(loaded.model, plain, f"{loaded.id}::{obligation.id}", _single(session, loaded))
    lines += ["", "as a test:", "", *textwrap.indent(source, "  ").rstrip().split("\n"), ""]
    return lines + _cases(session, loaded, plain, needed_inputs(loaded.model, plain), count)


def _single(session: Session, loaded: LoadedContract) -> set[str]:
    """The subjects whose annotation says that they return one number or truth value."""
    from apr_core.trial.subjects import resolve

    found = set()
    for name, reference in loaded.model.subjects.items():
        try:
            returned = inspect.signature(resolve(reference, session.policy)).return_annotation
        except (AprError, Untestable, ValueError, TypeError):
            continue
        if returned in (int, float, bool, str, "int", "float", "bool", "str"):
            found.add(name)
    return found


def _cases(
    session: Session, loaded: LoadedContract, obligation: PropertyObligation, needed: list[str], count: int
) -> list[str]:
    from apr_core.commands.authoring.cases import some_cases

    if count == 0:
        return []
    if not needed:
        return ["It draws nothing: there is one case."]
    try:
        cases = some_cases(session, loaded, obligation, needed, count)
    except (AprError, Untestable) as why:
        return _wrapped(f"No case can be drawn here: {why}", "")
    lines = [
        f"{len(cases)} of the cases, drawn with --seed {session.settings.seed}"
        + (" before `where`:" if obligation.where else ":")
    ]
    for number, case in enumerate(cases, 1):
        heads = [f"{number}.", *[""] * len(case)]
        lines += [f"{head:>4} {name} = {text}" for head, (name, text) in zip(heads, case.items(), strict=False)]
    return lines


def _evidence(session: Session, loaded: LoadedContract, obligation: EvidenceObligation) -> list[str]:
    """The rule in words, the records, the verdict, and what would decide it."""
    from apr_core.trial.combine import what_would_open
    from apr_core.trial.decide import sides_of

    lines = ["", "decided so:", *_wrapped(_comparison(obligation), "  "), *_wrapped(_rule(loaded, obligation), "  ")]
    for name in dict.fromkeys(sides_of(obligation)):
        lines += ["", *_side(session, loaded, name, getattr(obligation, "metric", None))]
    result = session.judge(f"{loaded.id}::{obligation.id}")
    lines += ["", f"at present: {result.outcome}", *_wrapped(result.reason, "  ")]
    lines += [line for note in result.notes for line in _wrapped(note, "  ")]
    if result.outcome in ("UNDERPOWERED", "UNTESTED", "ERROR"):
        lines += ["", "what would change that:", *_wrapped(what_would_open(result), "  ")]
    return lines


def _comparison(obligation: EvidenceObligation) -> str:
    """What must be true, in a sentence."""
    if isinstance(obligation, Threshold):
        lines = [("at least", obligation.at_least), ("at most", obligation.at_most)]
        words = " and ".join(f"{word} {line}" for word, line in lines if line is not None)
        return f"{obligation.metric} of `{obligation.of}` is {words}."
    if isinstance(obligation, Difference):
        by = f" by at least {obligation.margin}" if obligation.margin else ""
        return f"{obligation.metric} of `{obligation.candidate}` is better than that of `{obligation.reference}`{by}."
    if isinstance(obligation, NonInferiority):
        loss = f"loses less than {obligation.margin} against `{obligation.reference}`"
        return f"{obligation.metric} of `{obligation.candidate}` {loss}."
    assert isinstance(obligation, Trend)
    return (
        f"{obligation.of} of `{obligation.series}` is {obligation.direction}, paired over examples, first against last."
    )


def _rule(loaded: LoadedContract, obligation: EvidenceObligation) -> str:
    """How evidence becomes a verdict, in a sentence or two."""
    decide = obligation.decide
    if not isinstance(decide, Decide):
        return "By score: the mean of all selected runs is compared as it stands, and their spread is shown. Nothing is inferred."
    words = (
        f"By inference, one-sided at alpha {decide.alpha:g}: HELD when the evidence excludes the opposite, FALSIFIED when it "
        f"excludes the claim, otherwise UNDERPOWERED. Power {decide.power:g} sizes the advice and never changes a verdict."
    )
    if obligation.unit == "run":
        words += " The unit is the training run: at least three seeds per arm, problems nested in runs."
    members = [one.id for one in loaded.model.obligations if getattr(one, "family", None) == obligation.family]
    if obligation.family is not None:
        words += f" Alpha is shared (Holm) over the family {obligation.family!r}: {', '.join(members)}."
    return words


def _side(session: Session, loaded: LoadedContract, name: str, metric: str | None) -> list[str]:
    """One evidence name: its selector, and the records that it selects, each with its value."""
    from apr_core.trial.select import select

    selector = loaded.model.evidence[name].model_dump(exclude_defaults=True)
    words = [f"{key} {', '.join(value) if isinstance(value, list) else value}" for key, value in selector.items()]
    lines = _wrapped(f"{name}: {'; '.join(words)}", "")
    try:
        records, _ = select(session, loaded, name, metric or "pass@1")
    except (AprError, Untestable) as why:
        return lines + _wrapped(f"no records: {why}", "  ")
    width = max(len(record.id) for record in records)
    return lines + [f"  {record.id:<{width}}  {_value(record, metric)}" for record in records]


def _value(record: Any, metric: str | None) -> str:
    """What a record has to say on its own: value and denominator."""
    from apr_core.evidence.metrics import evaluate

    if metric is None:
        return str(record.outcome.kind)
    try:
        found = evaluate(metric, [record])
    except AprError as why:
        return str(why)
    low_high = "?" if found.interval is None else f"between {found.interval[0]:g} and {found.interval[1]:g}"
    value = low_high if found.value is None else f"{found.value:.4f}"
    return f"{metric} {value}" + (f" on {found.n}" if found.n else "")


def _parts(session: Session, loaded: LoadedContract, obligation: Compound | Gate) -> list[str]:
    """The rule of a compound or a gate, and the claims that it is made of."""
    from apr_core.trial.combine import qualified

    if isinstance(obligation, Gate):
        rule, references = (
            "Open when every required claim is HELD, or has the verdict that `allow` gives it:",
            obligation.require,
        )
        allowed = {qualified(name, loaded.id): verdict for name, verdict in obligation.allow.items()}
    elif obligation.all_of is not None:
        rule, references, allowed = (
            "The first of ERROR, FALSIFIED, UNTESTED, UNDERPOWERED, HELD among:",
            obligation.all_of,
            {},
        )
    else:
        rule, references, allowed = (
            "The first of ERROR, HELD, UNDERPOWERED, UNTESTED, FALSIFIED among:",
            obligation.any_of or [],
            {},
        )
    lines = ["", rule]
    for reference in references:
        claim = qualified(reference, loaded.id)
        let = f"  (allowed: {allowed[claim]})" if claim in allowed else ""
        lines += [f"  {claim}{let}", *_wrapped(_said(session, claim), "      ")]
    return lines


def _prose(loaded: LoadedContract, obligation: Unbound) -> list[str]:
    """What a claim in prose says, all that its source says around it, and how to bind it."""
    from apr_core.contract.importers.block import block

    place = f"{loaded.relative}:{loaded.line_of(obligation.id)}"
    how = (
        f"Nothing is bound to it, so it is UNTESTED whatever is run. In {place} give it a type of docs/language.md and an "
        "expression, in place of `kind`, `formal` and `at`; name what the expression calls under `subjects`."
    )
    lines = [f"  {name}: {text}" for name, text in (("kind", obligation.kind), ("formal", obligation.formal)) if text]
    lines += ["", *_wrapped(how, "")]
    source = loaded.model.source
    if obligation.at is None or source is None:
        return lines
    steps = obligation.at.split("/")
    for length in range(len(steps), 1, -1):  # of a text in a list: the nearest mapping that it stands in
        found = pointed(source.document, "/".join(steps[:length]))
        if isinstance(found, dict):
            lines += ["", f"{source.file} ({source.format}) says at {'/'.join(steps[:length])}:", ""]
            return lines + [f"  {line}" for line in block(found).rstrip().split("\n")]
    return lines


def _said(session: Session, claim: str) -> str:
    contract, _, name = claim.rpartition("::")
    try:
        return session.catalog.load(contract).obligation(name).claim
    except AprError as why:
        return f"cannot be found: {why}"
