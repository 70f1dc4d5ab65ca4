"""What a function takes: its parameters, how a contract calls it, and domains on which the call works.

The one thing a reader would get wrong: a parameter with a default is left at it. A contract that varies everything at
once says little about anything; the draft lists what it left alone, for the author to add.
"""

from __future__ import annotations

import inspect
import itertools
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apr_core.commands.authoring.domains import EXTENTS, Domain, ladder
from apr_core.commands.authoring.probe import Seen, probe, share_that_worked
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import AprError, UsageError, did_you_mean

COMBINATIONS = 80
"""Most combinations of domains that are tried."""

SECONDS = 15.0
"""Wall time for all of them."""

ORDER_CASES = 120
"""Calls from which an order between two inputs is inferred."""

ENOUGH = 5
"""So many of these calls must be in the order; all of them must have returned."""

TAKEN = frozenset({*VOCABULARY, *CONSTANTS, "before", "result"})
"""Names that an input or a subject of a contract cannot have."""


@dataclass
class Plan:
    """How a contract calls the function, and what it draws."""

    subject: str
    """The function's name in the contract."""
    call: str
    """The call as an expression."""
    names: dict[str, str]
    """Parameter → the input that is drawn for it."""
    keyword_only: frozenset[str]
    ladders: dict[str, tuple[Domain, ...]]
    """Input → domains to try."""
    notes: dict[str, str]
    """Input → why its domain is a guess."""
    left: dict[str, Any]
    """Parameter → the default that it is left at."""
    domains: dict[str, Domain] = field(default_factory=dict)
    """Input → the domain that works, extents of tensors included."""
    refused: dict[str, tuple[Domain, Seen]] = field(default_factory=dict)
    """Input → a wider domain, and a call from it that raised."""


def plan(function: Callable[..., Any], reference: str, given: Mapping[str, Domain]) -> Plan:
    """How to call `function`; `given` are domains that the user chose.

    Raises:
        UsageError: the function takes nothing, or something that no input can be, or `given` names what it does not have.
    """
    parameters = _parameters(function, reference)
    drawn = _drawn(parameters)
    if not drawn:
        raise UsageError(
            f"{reference} takes no argument, so there is nothing to draw. A contract for it is one obligation: type holds, "
            "check: a comparison with the result that you expect."
        )
    unknown = [name for name in given if name not in parameters]
    if unknown:
        raise UsageError(f"{reference} has no parameter {unknown[0]!r}.{did_you_mean(unknown[0], parameters)}")
    names = {name: _free(name, {*TAKEN, *EXTENTS}) for name in parameters if name in drawn or name in given}
    subject = _free(reference.rpartition(":")[2].replace(".", "_"), {*TAKEN, *names.values(), *EXTENTS})
    found = {name: _ladder(parameters[name], given.get(name), reference) for name in names}
    keyword_only = frozenset(name for name in names if _by_keyword(parameters, name, names))
    arguments = [f"{name}={names[name]}" if name in keyword_only else names[name] for name in names]
    return Plan(
        subject=subject,
        call=f"{subject}({', '.join(arguments)})",
        names=names,
        keyword_only=keyword_only,
        ladders={names[name]: domains for name, (domains, _) in found.items()},
        notes={names[name]: note for name, (_, note) in found.items() if note},
        left={
            name: one.default for name, one in parameters.items() if name not in names and one.default is not one.empty
        },
    )


def _parameters(function: Callable[..., Any], reference: str) -> dict[str, inspect.Parameter]:
    try:
        try:
            signature = inspect.signature(function, eval_str=True)
        except (NameError, SyntaxError, TypeError, AttributeError):  # an annotation that cannot be evaluated
            signature = inspect.signature(function)
    except (ValueError, TypeError):
        raise UsageError(
            f"{reference} does not say what it takes (it is built in, or written in C). Wrap it in a function with named "
            "parameters, and write the contract for that."
        ) from None
    return {
        name: one
        for name, one in signature.parameters.items()
        if one.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    }


def _drawn(parameters: Mapping[str, inspect.Parameter]) -> set[str]:
    """The parameters without a default; when all have one, the first that can be drawn."""
    required = {name for name, one in parameters.items() if one.default is one.empty}
    return required or set(itertools.islice((name for name, one in parameters.items() if ladder(one)), 1))


def _free(name: str, taken: Collection[str]) -> str:
    """A name for a contract: it begins with a letter and means nothing else there."""
    name = re.sub(r"^[^A-Za-z]+", "", name) or "x"
    return name if name not in taken else f"{name}_"


def _by_keyword(parameters: Mapping[str, inspect.Parameter], name: str, names: Collection[str]) -> bool:
    """Whether an argument must be named: it is keyword-only, or a parameter before it is left at its default."""
    if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY:
        return True
    return any(one not in names for one in itertools.takewhile(lambda other: other != name, parameters))


def _ladder(
    parameter: inspect.Parameter, given: Domain | None, reference: str
) -> tuple[tuple[Domain, ...], str | None]:
    if given is not None:
        return (given,), None
    found = ladder(parameter)
    if found is None:
        kind = inspect.formatannotation(parameter.annotation)
        raise UsageError(
            f"{reference}: no input kind draws a {kind} for the parameter {parameter.name!r}. Write a function that takes "
            f"numbers, text, lists or arrays and builds it, or give a domain: --input '{parameter.name}={{choice: [...]}}'."
        )
    return found


def settle(function: Callable[..., Any], drafted: Plan, reference: str) -> list[Seen]:
    """Find domains on which the function works, fill in `domains` and `refused`, and give the calls that were seen.

    Raises:
        UsageError: no call returned at all; shows one of them.
    """
    started = time.monotonic()
    best: tuple[float, dict[str, Domain], list[Seen]] | None = None
    refusals: list[tuple[dict[str, Domain], Seen]] = []
    for domains in itertools.islice(_combinations(drafted.ladders), COMBINATIONS):
        seen = probe(_caller(function, drafted), with_extents(domains), list(drafted.ladders))
        share = share_that_worked(seen)
        failure = next((one for one in seen if one.error is not None), None)
        if failure is not None:
            refusals.append((domains, failure))
        if best is None or share > best[0]:
            best = share, domains, seen
        if share == 1.0 or time.monotonic() - started > SECONDS:
            break
    assert best is not None  # there is always a first combination
    share, domains, seen = best
    if share == 0.0:
        raise UsageError(
            f"{reference} returned on none of the drawn inputs; for example {seen[0]}. Give the domain of what it takes, "
            "for example --input 'n={integer: [1, 9]}'."
        )
    if share < 1.0:
        domains, seen = _ordered(function, drafted, domains, seen)
    drafted.domains = with_extents(domains)
    drafted.refused = _wider(domains, refusals)
    return seen


def _caller(function: Callable[..., Any], drafted: Plan) -> Callable[[Mapping[str, Any]], Any]:
    def call(values: Mapping[str, Any]) -> Any:
        named = {name: values[of] for name, of in drafted.names.items() if name in drafted.keyword_only}
        return function(
            *(values[of] for name, of in drafted.names.items() if name not in drafted.keyword_only), **named
        )

    return call


def _combinations(ladders: Mapping[str, Sequence[Domain]]) -> Iterator[dict[str, Domain]]:
    """Every choice of one domain per input, widest first."""
    levels = itertools.product(*(range(len(steps)) for steps in ladders.values()))
    for chosen in sorted(levels, key=lambda level: (sum(level), level)):
        yield {name: steps[level] for (name, steps), level in zip(ladders.items(), chosen, strict=True)}


def with_extents(domains: Mapping[str, Domain]) -> dict[str, Domain]:
    """The domains and, before them, the inputs that the shapes of tensors refer to."""
    used = {extent for domain in domains.values() for extent in domain.get("tensor", ()) if extent in EXTENTS}
    return {name: EXTENTS[name] for name in EXTENTS if name in used and name not in domains} | dict(domains)


def _ordered(
    function: Callable[..., Any],
    drafted: Plan,
    domains: dict[str, Domain],
    seen: list[Seen],
) -> tuple[dict[str, Domain], list[Seen]]:
    """The domains with upper bounds that are other inputs, when that is what the failing calls lacked: k at most n."""
    narrowest = {name: steps[-1] for name, steps in drafted.ladders.items()}
    caller, wanted = _caller(function, drafted), list(drafted.ladders)
    for candidate in (domains, narrowest):
        numbers = [name for name, domain in candidate.items() if "integer" in domain or "real" in domain]
        calls = probe(caller, with_extents(candidate), wanted, ORDER_CASES)
        for pairs in _pair_sets(numbers):
            met = [one for one in calls if all(one.arguments[low] <= one.arguments[high] for low, high in pairs)]
            if len(met) < ENOUGH or share_that_worked(met) < 1.0:
                continue
            bounded = {name: _below(domain, dict(pairs).get(name)) for name, domain in candidate.items()}
            try:
                again = probe(caller, with_extents(bounded), wanted)
            except AprError:  # the bounds leave nothing to draw for some values: k in [1, n] for n = 0
                continue
            if share_that_worked(again) == 1.0:
                return _widened(caller, drafted, bounded, again)
    return domains, seen


def _widened(
    caller: Callable[[Mapping[str, Any]], Any], drafted: Plan, domains: dict[str, Domain], seen: list[Seen]
) -> tuple[dict[str, Domain], list[Seen]]:
    """The domains with lower bounds taken from wider steps of the ladders, as far as every call still returns."""
    for name, steps in drafted.ladders.items():
        kind = "integer" if "integer" in domains[name] else "real"
        lows = [step[kind][0] for step in steps if kind in step and kind in domains[name]]
        for low in sorted(set(lows)):
            if low >= domains[name][kind][0]:
                break
            wider = domains | {name: {kind: [low, domains[name][kind][1]]}}
            try:
                again = probe(caller, with_extents(wider), list(drafted.ladders))
            except AprError:
                continue
            if share_that_worked(again) == 1.0:
                domains, seen = wider, again
    return domains, seen


def _pair_sets(numbers: Sequence[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Sets of one or two pairs (low, high), each input at most once below another."""
    pairs = list(itertools.permutations(numbers, 2))
    yield from ((pair,) for pair in pairs)
    yield from ((one, two) for one, two in itertools.combinations(pairs, 2) if one[0] != two[0] and one != two[::-1])


def _below(domain: Domain, high: str | None) -> Domain:
    if high is None:
        return domain
    kind = "integer" if "integer" in domain else "real"
    return {kind: [domain[kind][0], high]}


def _wider(
    domains: Mapping[str, Domain], refusals: Sequence[tuple[dict[str, Domain], Seen]]
) -> dict[str, tuple[Domain, Seen]]:
    """Per input, a numeric domain that reaches lower than the one that works, and a call that raised there."""
    found: dict[str, tuple[Domain, Seen]] = {}
    for tried, failure in refusals:
        for name, domain in tried.items():
            for kind in ("integer", "real"):
                mine = domains[name].get(kind)
                if mine and kind in domain and domain[kind][0] < mine[0] and failure.arguments[name] < mine[0]:
                    found.setdefault(name, (domain, failure))
    return found
