"""Scales: what a change of a role, a benchmark, a precision or a line means for the claims that use it.

The one thing a reader would get wrong: a line that is lowered in a scale loosens claims of contracts of which no letter
changed. So it is told there, as a change of those contracts, and their versions must announce it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from apr_core.contract.diff.change import Change, Step, merged, of_claim
from apr_core.contract.diff.claims import compare_claims
from apr_core.contract.diff.forms import Named, Side
from apr_core.contract.diff.view import View, view
from apr_core.contract.diff.wording import against
from apr_core.contract.obligations import EvidenceObligation
from apr_core.contract.schema import Contract, Scale
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY

_SECTIONS = ("roles", "benchmarks", "precisions", "lines")
_LINES = ("at_least", "at_most", "margin")


def compare_under(name: str, old: Scale | None, new: Scale | None, contract: Contract) -> list[Change]:
    """What becomes of the claims of one contract when a scale changes, or is gone. A new scale takes nothing away."""
    if old is None:
        return []
    was, now = Side(_bound(contract, old)), Side(contract if new is None else _bound(contract, new))
    changes = []
    for one in contract.obligations:
        if used := words(one, contract):
            steps = _steps(
                name, view(one, was), view(one, now), _missing(used, old), _missing(used, new), gone=new is None
            )
            changes += [of_claim(step, one.id) for step in steps]
    return merged(changes)


def _steps(name: str, was: View, now: View, before: set[Named], after: set[Named], *, gone: bool) -> Iterator[Step]:
    """The differences of one claim, which can be tried at a scale when the scale knows the words that it uses."""
    place = f"scales.{name}"
    if before and not after:
        yield Step(place, "tightened", f"At the scale {name} the claim can be tried now, which it could not be.")
    elif after and not before:
        why = "it is gone" if gone else f"it does not know {min(after)[1]}"
        yield Step(place, "loosened", f"At the scale {name} the claim cannot be tried any more: {why}.")
    elif not before:
        for step in compare_claims(was, now):
            yield replace(step, place=place, sentence=f"At the scale {name}: {step.sentence}")


def compare_scales(name: str, old: Scale | None, new: Scale | None, contracts: Iterable[Contract]) -> list[Change]:
    """What changed in a scale that no claim of the contracts uses."""
    if old is None:
        return [Change("added", "file", (), f"The scale {name} is new.")]
    if new is None:  # what that takes from claims is told there
        return [Change("reworded", "file", (), f"The scale {name} is gone.")]
    used = {word for contract in contracts for one in contract.obligations for word in words(one, contract)}
    found = []
    if old.title != new.title:
        found.append(Change("reworded", "title", (), against("The scale has another title", old.title, new.title)))
    for section in _SECTIONS:
        before, after = getattr(old, section), getattr(new, section)
        for word in sorted(before.keys() | after.keys()):
            values = [str(side.get(word, "none")) for side in (before, after)]
            if before.get(word) != after.get(word) and (section, word) not in used:
                sentence = against(f"No claim uses the {section.removesuffix('s')} {word}", *values)
                found.append(Change("reworded", f"{section}.{word}", (), sentence, *values))
    return found


def words(obligation: object, contract: Contract) -> set[Named]:
    """The words of a scale that a claim uses: `("roles", "student")`, `("lines", "hard_line")`."""
    if not isinstance(obligation, EvidenceObligation):
        return set()
    claim = view(obligation, Side(contract))
    found = set()
    for _, selector in claim.evidence.values():
        asked = ("role", "benchmark", "precision") if selector is not None else ()
        found |= {(f"{key}s", word) for key in asked if (word := getattr(selector, key)) is not None}
    names = {name for field in _LINES for name in claim.side.names(claim.fields.get(field))}
    return found | {
        ("lines", name) for name in names - contract.constants.keys() - CONSTANTS.keys() - VOCABULARY.keys()
    }


def _missing(used: Collection[Named], scale: Scale | None) -> set[Named]:
    """The words that mean nothing without the scale; a benchmark or a precision that it does not name is itself."""
    known: Mapping[str, Collection[str]] = {name: getattr(scale, name, ()) for name in ("roles", "lines")}
    return {(section, word) for section, word in used if section in known and word not in known[section]}


def _bound(contract: Contract, scale: Scale) -> Contract:
    """A contract in which the words of a scale stand for what it binds them to."""
    tables = {"role": scale.roles, "benchmark": scale.benchmarks, "precision": scale.precisions}
    evidence = dict(contract.evidence)
    for (name, selector), (key, table) in product(contract.evidence.items(), tables.items()):
        word = getattr(selector, key)
        if word in table:
            evidence[name] = evidence[name].model_copy(update={key: table[word]})
    return contract.model_copy(update={"evidence": evidence, "constants": {**scale.lines, **contract.constants}})
