"""Sampling, counting and selecting mutants, without trying any."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mutate_caps import CAP, CONTRACT

from apr_core.errors import SubjectError
from apr_core.trial.mutation import (
    BROKE,
    KILLED,
    OUTCOMES,
    SURVIVED,
    TIMED_OUT,
    Mutant,
    Tried,
    mutants_of,
    sample,
    tally,
    together,
)
from apr_core.trial.operators import derive
from apr_core.trial.session import Session, Settings
from apr_core.trial.targets import Place, Target, called_by, find_targets, place_of

pytest_plugins = ["mutate_workplace"]

Workplace = Callable[..., Path]

LONG = "def long(x):\n" + "".join(f"    a{i} = x + {i} * x - x / 3\n" for i in range(2, 42)) + "    return x\n"
SHORT = "def short(x):\n    return -x + 1 if x < 2 else x\n"


def target(name: str, source: str) -> Target:
    edits = tuple(derive(source, name))
    return Target(place=Place("m", name), file="m.py", source=source, edits=edits, suppressed=(), judges=())


def population() -> list[Mutant]:
    return mutants_of([target("long", LONG), target("short", SHORT)])


def test_every_mutant_has_an_id_of_its_own_that_lasts() -> None:
    ids = [mutant.id for mutant in population()]
    assert len(set(ids)) == len(ids) > 200
    assert ids == [mutant.id for mutant in population()]


@pytest.mark.parametrize("limit", [1, 10, 37, 150])
def test_a_sample_has_the_size_that_is_asked_for_and_keeps_the_order(limit: int) -> None:
    everything = population()
    chosen = sample(everything, limit, seed=3)
    assert len(chosen) == limit
    places = [everything.index(mutant) for mutant in chosen]
    assert places == sorted(places)
    assert chosen == sample(everything, limit, seed=3)
    assert limit == 1 or chosen != sample(everything, limit, seed=4)


@pytest.mark.parametrize("limit", [None, 10_000])
def test_without_a_limit_that_bites_all_are_taken(limit: int | None) -> None:
    everything = population()
    assert sample(everything, limit, seed=0) == everything


def test_a_sample_is_spread_over_functions_and_operators() -> None:
    everything = population()
    strata = Counter((mutant.target.name, mutant.edit.operator) for mutant in everything)
    limit = len(everything) // 4
    chosen = Counter((mutant.target.name, mutant.edit.operator) for mutant in sample(everything, limit, seed=0))
    for stratum, size in strata.items():
        assert abs(chosen[stratum] - size / 4) <= 2, (stratum, size, chosen[stratum])


def test_every_mutant_has_the_same_chance_also_in_a_small_stratum() -> None:
    everything = population()
    limit, seeds = len(everything) // 5, range(400)
    counts = Counter(mutant.id for seed in seeds for mutant in sample(everything, limit, seed))
    expected = len(seeds) * limit / len(everything)
    # Five standard deviations of a binomial count: about one false alarm in a thousand runs, if seeds were drawn anew.
    spread = 5 * (expected * (1 - limit / len(everything))) ** 0.5
    assert all(abs(counts[mutant.id] - expected) < spread for mutant in everything)


def outcomes(*names: str) -> Iterator[Tried]:
    mutant = population()[0]
    for name in names:
        yield Tried(mutant=mutant, outcome=name, how="raised" if name == KILLED else None)


def test_what_broke_is_left_out_of_the_rate_and_what_hangs_counts_as_noticed() -> None:
    counts = tally(outcomes(KILLED, KILLED, TIMED_OUT, SURVIVED, BROKE, BROKE))
    assert (counts.tried, counts.detected, counts.judged, counts.rate, counts.raised) == (6, 3, 4, 0.75, 2)
    assert [counts.counts[name] for name in OUTCOMES] == [2, 1, 1, 2]


def test_without_a_mutant_that_could_be_judged_there_is_no_rate() -> None:
    assert tally(outcomes(BROKE)).rate is None
    assert tally([]).rate is None


@pytest.mark.parametrize(
    ("before", "now", "result"),
    [
        (None, SURVIVED, SURVIVED), (None, BROKE, BROKE), (SURVIVED, KILLED, KILLED), (BROKE, KILLED, KILLED),
        (BROKE, TIMED_OUT, TIMED_OUT), (SURVIVED, BROKE, BROKE), (BROKE, SURVIVED, BROKE), (SURVIVED, SURVIVED, SURVIVED),
    ],
)  # fmt: skip
def test_what_two_contracts_make_of_a_mutant(before: str | None, now: str, result: str) -> None:
    found = [None if name is None else next(outcomes(name)) for name in (before, now)]
    assert found[1] is not None
    assert together(found[0], found[1]).outcome == result


def test_a_subject_without_a_name_of_its_own_is_refused() -> None:
    with pytest.raises(SubjectError, match="no definition by name"):
        place_of(lambda x: x)


class Adder:
    """An object that can be called."""

    def __call__(self, x: int) -> int:
        return x + 1


def test_a_callable_object_is_its_class_and_a_partial_is_its_function() -> None:
    assert place_of(Adder()) == place_of(Adder) == Place(__name__, "Adder")
    place = place_of(functools.partial(functools.partial(target, "long"), LONG))
    assert place == Place(__name__, "target", target.__code__.co_firstlineno)


CLASSES = """\
from math import sqrt

class Scale:
    def __init__(self, k):
        self.k = k + 1
    def of(self, x):
        return self._double(x) * self.k
    def _double(self, x):
        return x * 2
    def other(self, x):
        return x / 2

def _offset(x):
    return _base() + x

def _base():
    return 7

def _message(x):
    return x + 1

def cap(n: Scale) -> int:
    if n < 0:
        raise ValueError(_message(n))
    return min(10, _offset(n))
"""


def places(root: Path, **settings: object) -> list[str]:
    session = Session(root, Settings(database=False))
    loaded = session.catalog.load("caps")
    ids = [one.id for one in loaded.model.obligations]
    return [one.name for one in find_targets(session, [(loaded, ids)], **settings).targets]  # type: ignore[arg-type]


def test_deep_follows_calls_and_neither_annotations_nor_messages(workplace: Workplace) -> None:
    root = workplace({"caps.py": CLASSES, "contracts/caps.apr.yaml": CONTRACT})
    assert places(root) == ["caps:cap"]
    assert places(root, deep=True) == ["caps:cap", "caps:_offset", "caps:_base"]


def test_deep_follows_methods_of_the_same_class(workplace: Workplace) -> None:
    methods = "\nclass Caps:\n    @classmethod\n    def cap(cls, n):\n        return cls._least(n)\n"
    methods += (
        "    @staticmethod\n    def _least(n):\n        return min(n, 10)\n    def never(self):\n        return 1\n"
    )
    contract = CONTRACT.replace("caps:cap", "caps:Caps.cap")
    root = workplace({"caps.py": CLASSES + methods, "contracts/caps.apr.yaml": contract})
    assert places(root, deep=True) == ["caps:Caps.cap", "caps:Caps._least"]


def test_deep_follows_self(workplace: Workplace) -> None:
    root = workplace({"caps.py": CLASSES, "contracts/caps.apr.yaml": CONTRACT})
    session = Session(root, Settings(database=False))
    session.judge("caps::LIMIT")  # puts the project on the path
    assert [str(place) for place in called_by(session, Place("caps", "Scale.of"))] == ["caps:Scale._double"]
    assert [str(place) for place in called_by(session, Place("caps", "Scale.other"))] == []


def test_a_method_beside_its_class_is_counted_once(workplace: Workplace) -> None:
    contract = CONTRACT.replace("subjects: {", 'subjects: {scale: "caps:Scale", of: "caps:Scale.of", ')
    contract += "  - {id: OF, type: holds, claim: Both are called., check: 'of(scale(n), n) >= 0', cases: exhaustive}\n"
    root = workplace({"caps.py": CLASSES, "contracts/caps.apr.yaml": contract})
    assert places(root) == ["caps:Scale", "caps:cap"]


def test_a_function_that_is_reached_in_several_ways_is_one_target(workplace: Workplace) -> None:
    contract = CONTRACT.replace("subjects: {", 'subjects: {again: "caps:cap", offset: "caps:_offset", ')
    contract += (
        "  - {id: ALL, type: holds, claim: All are called., check: again(n) <= offset(n) + 10, cases: exhaustive}\n"
    )
    root = workplace({"caps.py": CLASSES, "contracts/caps.apr.yaml": contract})
    assert places(root, deep=True, also=["caps:cap", "caps:_base"]) == ["caps:cap", "caps:_offset", "caps:_base"]


def test_a_claim_that_calls_nothing_has_no_target(workplace: Workplace) -> None:
    contract = CONTRACT + "  - {id: IDLE, type: holds, claim: Numbers are numbers., check: n == n}\n"
    other = "def ten():\n    return 10\n"
    root = workplace({"caps.py": CAP, "other.py": other, "contracts/caps.apr.yaml": contract})
    session = Session(root, Settings(database=False))
    loaded = session.catalog.load("caps")
    assert find_targets(session, [(loaded, ["IDLE"])]).targets == []
    [found] = find_targets(session, [(loaded, ["IDLE", "LIMIT"])]).targets
    assert [one.claims for one in found.judges] == [("LIMIT",)]
    both = find_targets(session, [(loaded, ["IDLE", "LIMIT"])], also=["other"]).targets
    assert [(one.name, one.judges[0].claims) for one in both] == [("caps:cap", ("LIMIT",)), ("other:ten", ("LIMIT",))]
