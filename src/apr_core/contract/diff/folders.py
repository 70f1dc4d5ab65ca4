"""Two states of a project's contracts: which file is which, and what became of each.

The one thing a reader would get wrong: a file that cannot be read in its old state is no reason to let the new one pass.
Nobody can say what it claimed, so its version must say that it may claim less.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from apr_core.contract.diff.change import Change, Level, merged
from apr_core.contract.diff.contracts import asked, compare_contracts, raised, renamed_claims
from apr_core.contract.diff.scales import compare_scales, compare_under
from apr_core.contract.load import load_file, load_scale
from apr_core.contract.schema import Contract, Scale
from apr_core.contract.yaml import parse
from apr_core.errors import AprError, ContractError, Problem


@dataclass
class State:
    """The contracts and scales of a project at one time, as files below a folder."""

    label: str
    root: Path
    contracts: Mapping[str, Path]
    """Contract id → file."""
    scales: Mapping[str, Path] = field(default_factory=dict)
    """Name → file."""
    _models: dict[str, Contract] = field(default_factory=dict, init=False, repr=False)

    def contract(self, contract_id: str) -> Contract:
        """One contract, read once; raises ContractError as `load_file` does."""
        if contract_id not in self._models:
            self._models[contract_id] = load_file(self.contracts[contract_id], self.root).model
        return self._models[contract_id]

    def readable(self, contract_id: str) -> Contract | None:
        """One contract; None when it is not there or cannot be used."""
        try:
            return self.contract(contract_id) if contract_id in self.contracts else None
        except ContractError:
            return None

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file, by an id that contracts and scales do not share."""
        yield from self.contracts.items()
        yield from ((f"scales/{name}", path) for name, path in self.scales.items())

    def relative(self, path: Path) -> str:
        """A file as messages call it."""
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()


@dataclass(frozen=True)
class Difference:
    """What became of one contract, and whether its version says so."""

    id: str
    """As in the new state; as in the old one when the contract is gone."""
    path: str
    was: str | None
    """The version before; None when there was none, or none could be read."""
    now: str | None
    changes: tuple[Change, ...]
    accepted: bool = False
    """Whether somebody said that the contract may go."""

    @property
    def asked(self) -> Level | None:
        """The raise of the version that the changes ask for."""
        return asked(list(self.changes))

    @property
    def raised(self) -> Level | None:
        """The raise of the version that was made."""
        return None if self.was is None or self.now is None else raised(self.was, self.now)

    @property
    def covered(self) -> bool:
        """Whether nothing was loosened or dropped, or the version says that it was."""
        return self.accepted or self.asked != "major" or self.raised == "major"


def compare_states(
    old: State,
    new: State,
    *,
    concerns: Callable[[str], bool] = lambda path: True,
    accepted: Collection[str] = (),
) -> list[Difference]:
    """What became of every contract and scale that differs in meaning, by id.

    `concerns` says of a file's path, below the root, whether to look at it; `accepted` are contracts that may go.

    Raises:
        ContractError: a file of the new state, or a scale of either, cannot be used. Carries the problems of all.
    """
    return _Comparison(old, new, concerns, accepted).differences()


class _Comparison:
    """Two states, and which contract of one is which of the other."""

    def __init__(self, old: State, new: State, concerns: Callable[[str], bool], accepted: Collection[str]) -> None:
        self.old, self.new, self.concerns, self.accepted = old, new, concerns, accepted
        before, after = (
            [name for name, path in state.contracts.items() if concerns(state.relative(path))] for state in (old, new)
        )
        both = sorted({name for name in before + after if name in old.contracts and name in new.contracts})
        self.differing = [name for name in both if not _same_file(old.contracts[name], new.contracts[name])]
        self.gone = [name for name in sorted(before) if name not in new.contracts]
        self.fresh = [name for name in sorted(after) if name not in old.contracts]

    def differences(self) -> list[Difference]:
        """One for each contract and scale in which something changed."""
        self._demand_readable()
        self.pairs = {**self._moves(), **{name: name for name in self.differing}}
        self.renamed = self._renames()
        found = [*map(self._pair, self.pairs, self.pairs.values()), *self._gone(), *self._fresh()]
        by_id = {one.id: one for one in found}
        for one in self._scales():
            known = by_id.get(one.id)
            changes = merged([*(known.changes if known else ()), *one.changes])
            by_id[one.id] = replace(known or one, changes=tuple(changes))
        return sorted((one for one in by_id.values() if one.changes), key=lambda one: one.id)

    def _demand_readable(self) -> None:
        problems: list[Problem] = []
        for name in [*self.differing, *self.fresh]:
            try:
                self.new.contract(name)
            except ContractError as error:
                problems += error.problems
        if problems:
            raise ContractError(problems)

    def _moves(self) -> dict[str, str]:
        """Contracts that are there under another id: they say the same, or at least have the same title."""
        found: dict[str, str] = {}
        for same in (_says_the_same, _has_the_same_title):
            for name in self.gone:
                model = self.old.readable(name)
                if model is None or name in found:
                    continue
                free = [other for other in self.fresh if other not in found.values()]
                twin = next((other for other in free if same(model, self.new.contract(other))), None)
                if twin is not None:
                    found[name] = twin
        return found

    def _renames(self) -> dict[str, str]:
        """Claim ids of the old state that are others in the new one, over all files."""
        renamed: dict[str, str] = {}
        for name, other in self.pairs.items():
            model = self.old.readable(name)
            if model is not None:
                renamed |= renamed_claims(model, self.new.contract(other), old_id=name, new_id=other, renamed=renamed)
        return renamed

    def _pair(self, name: str, other: str) -> Difference:
        """A contract that is there before and after."""
        new, path = self.new.contract(other), self.new.relative(self.new.contracts[other])
        try:
            old = self.old.contract(name)
        except ContractError as error:
            sentence = f"What it claimed before cannot be read, so it counts as loosened: {error.problems[0]}"
            changes = [Change("unreadable", "file", (), sentence)]
            return Difference(other, path, _version_in(self.old.contracts[name]), new.version, tuple(changes))
        changes = compare_contracts(old, new, old_id=name, new_id=other, renamed=self.renamed)
        if name != other:
            sentence = f"The contract {name} is {other} now: whatever names {name}::… finds nothing."
            changes = merged([Change("moved", "file", (), sentence, name, other), *changes])
        return Difference(other, path, old.version, new.version, tuple(changes))

    def _gone(self) -> Iterator[Difference]:
        for name in self.gone:
            if name not in self.pairs:
                model = self.old.readable(name)
                claims = () if model is None else tuple(one.id for one in model.obligations)
                change = Change("dropped", "file", claims, f"The contract is gone, with its {_count(len(claims))}.")
                path = self.old.relative(self.old.contracts[name])
                was = None if model is None else model.version
                yield Difference(name, path, was, None, (change,), accepted=name in self.accepted)

    def _fresh(self) -> Iterator[Difference]:
        for name in self.fresh:
            if name not in self.pairs.values():
                model = self.new.contract(name)
                claims = tuple(one.id for one in model.obligations)
                change = Change("added", "file", claims, f"A new contract, with {_count(len(claims))}.")
                yield Difference(name, self.new.relative(self.new.contracts[name]), None, model.version, (change,))

    def _scales(self) -> Iterator[Difference]:
        """What changed scales do to contracts that are there before and after, and what they do to none."""
        names = sorted({*self.old.scales, *self.new.scales})
        pairs = {name: (self._scale(self.old, name), self._scale(self.new, name)) for name in names}
        pairs = {name: (old, new) for name, (old, new) in pairs.items() if old != new}
        if not pairs:
            return
        kept = self._kept()
        for name, (old, new) in pairs.items():
            for other, (was, model) in kept.items():
                path = self.new.relative(self.new.contracts[other])
                if self.concerns(path) or self._concerns_scale(name):
                    changes = compare_under(name, old, new, model)
                    yield Difference(other, path, was, model.version, tuple(changes))
            if self._concerns_scale(name):
                changes = compare_scales(name, old, new, [model for _, model in kept.values()])
                yield Difference(f"scales/{name}", self._scale_path(name), None, None, tuple(changes))

    def _kept(self) -> dict[str, tuple[str, Contract]]:
        """Contracts that can be read before and after: the version before, and the new one with the claims it had."""
        names = {name: name for name in self.new.contracts if name in self.old.contracts}
        found = {}
        for name, other in {**names, **self.pairs}.items():
            old, new = self.old.readable(name), self.new.readable(other)
            if old is not None and new is not None:
                known = {one.id for one in old.obligations}
                claims = [one for one in new.obligations if one.id in known]
                found[other] = old.version, new.model_copy(update={"obligations": claims})
        return found

    def _scale(self, state: State, name: str) -> Scale | None:
        try:
            return load_scale(state.scales[name]) if name in state.scales else None
        except ContractError as error:
            shown = f"{state.label}: {state.relative(state.scales[name])}"
            raise ContractError(replace(problem, path=shown) for problem in error.problems) from None

    def _scale_path(self, name: str) -> str:
        state = self.new if name in self.new.scales else self.old
        return state.relative(state.scales[name])

    def _concerns_scale(self, name: str) -> bool:
        return self.concerns(self._scale_path(name))


def _says_the_same(old: Contract, new: Contract) -> bool:
    return all(change.kind == "reworded" for change in compare_contracts(old, new, old_id="", new_id=""))


def _has_the_same_title(old: Contract, new: Contract) -> bool:
    return old.title == new.title


def _same_file(old: Path, new: Path) -> bool:
    return old.read_bytes() == new.read_bytes()


def _version_in(path: Path) -> str | None:
    """The version in a file that is no contract, if there is one."""
    try:
        version = parse(path.read_text(encoding="utf-8"), path.name).value.get("version")
    except (AprError, UnicodeDecodeError):
        return None
    parts = version.split(".") if isinstance(version, str) else []
    return version if len(parts) == 3 and all(part.isdecimal() for part in parts) else None


def _count(claims: int) -> str:
    return f"{claims:,} claim{'' if claims == 1 else 's'}"
