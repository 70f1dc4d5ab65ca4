"""The ledger: plain folders of records, which anybody may append to, and selections from them.

The one thing a reader would get wrong: `unknown` matches nothing, not even `unknown`. A record that does not say which
backend it used is no evidence about any backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from apr_core.errors import AprError, EvidenceError, SelectionError, did_you_mean
from apr_core.evidence.agreement import one_benchmark
from apr_core.evidence.metrics import evaluate
from apr_core.evidence.record import UNKNOWN, Record, load_record, record_text
from apr_core.files import write_atomic

KEYS: dict[str, Callable[[Record], tuple[object, ...]]] = {
    "model": lambda record: (record.subject.model,),
    "role": lambda record: (record.subject.role,),
    "benchmark": lambda record: (record.protocol.benchmark,),
    "precision": lambda record: (record.subject.precision,),
    "prompt": lambda record: (record.protocol.prompt,),
    "backend": lambda record: (record.environment.backend,),
    "stage": lambda record: (record.subject.stage,),
    "seed": lambda record: (record.seed,),
    "source": lambda record: (record.source.kind, record.source.tool),
}
"""What each key of a selector is compared with; one of the values must match."""

CHOICES = ("all", "latest", "registered", "best")
"""What `select` may be, besides an id or a list of ids."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a selector found."""

    records: tuple[Record, ...]
    """Oldest first."""
    picked_from: int
    """How many records met the keys before `select` picked among them."""
    explanation: str
    """A sentence: how the selection came about, or for each key why nothing met it."""


class _Loaded(NamedTuple):
    records: tuple[Record, ...]
    registered: frozenset[str]
    broken: tuple[tuple[Path, str], ...]


class Ledger:
    """Records in one or more folders, read when first asked for.

    The first folder is the project's own: its records are the registered ones, and it alone is written to.

    A file that is no valid record does not hide the others: it is listed in `broken`, and every selection mentions it.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)
        if not self.folders:
            raise SelectionError("a ledger needs at least one folder of evidence records; none was given.")

    @property
    def records(self) -> tuple[Record, ...]:
        """Every valid record, oldest first. Raises EvidenceError when a folder cannot be listed."""
        return self._loaded.records

    @property
    def broken(self) -> tuple[tuple[Path, str], ...]:
        """Files that are no valid records, and what is wrong with each."""
        return self._loaded.broken

    @cached_property
    def _loaded(self) -> _Loaded:
        found: dict[str, Record] = {}
        broken: list[tuple[Path, str]] = []
        registered: frozenset[str] = frozenset()
        for folder in self.folders:
            for path in _files(folder):
                try:
                    record = load_record(path)
                except EvidenceError as error:
                    broken.append((path, str(error)))
                else:
                    found[record.id] = record
            if folder == self.folders[0]:
                registered = frozenset(found)
        ordered = sorted(found.items(), key=lambda pair: (pair[1].instant, pair[0]))
        return _Loaded(tuple(record for _, record in ordered), registered, tuple(broken))

    def path(self, record: Record) -> Path:
        """Where `append` writes `record`."""
        return self.folders[0] / f"{record.id}.json"

    def append(self, record: Record) -> bool:
        """Write `record` into the first folder, which is made if needed; says whether it is new.

        The name is the content, so many writers need no lock: those of one content write the same bytes.

        Raises:
            EvidenceError: a file of that name is there, with other content.
            AprError: the folder cannot be written to.
        """
        path, content = self.path(record), record_text(record).encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            there = path.read_bytes() if path.exists() else None
        except OSError as error:
            raise AprError(f"cannot write {path}: {error.strerror or error}. Choose another folder.") from error
        if there is None:
            write_atomic(path, content)
            self.__dict__.pop("_loaded", None)
        elif there != content:
            raise EvidenceError(
                f"{path} is there already with other content, though its name is the digest of what it should hold: "
                "the file was changed. Restore or remove it, then try again."
            )
        return there is None

    def find(self, prefix: str) -> Record:
        """The one record whose id, or the digest at the end of it, begins with `prefix`.

        Raises:
            SelectionError: there is none, or more than one; names those that come nearest.
        """
        ids = {record.id: record for record in self.records}
        near = [one for one in ids if prefix and (one.startswith(prefix) or one.rpartition("-")[2].startswith(prefix))]
        if len(near) == 1:
            return ids[near[0]]
        if near:
            more = f" and {len(near) - 3} more" if len(near) > 3 else ""
            raise SelectionError(
                f"{prefix!r} is not one record: {len(near)} ids begin with it: {', '.join(near[:3])}{more}. Give "
                "more of the id, or the first digits of the digest at its end."
            )
        broken = [f" A broken file does: {why}" for path, why in self.broken if prefix and path.name.startswith(prefix)]
        raise SelectionError(
            f"no record has an id that begins with {prefix!r}; there are {len(ids)} records in "
            f"{', '.join(map(str, self.folders))}.{did_you_mean(prefix, ids)}{''.join(broken[:1])}"
        )

    def select(
        self, selector: Mapping[str, Any], *, roles: Mapping[str, str] | None = None, metric: str = "pass@1"
    ) -> Selection:
        """The records that meet every key of `selector`, narrowed by its `select`. A key that is None asks nothing.

        Text is compared without regard to case; a list matches any of its elements. `roles` binds roles to models; a
        role that it does not bind is looked up in the records. `metric` says what `select: best` ranks by.

        Raises:
            SelectionError: a key or an id is unknown, or a record chosen by id contradicts a key. A selection that
                merely finds nothing is returned empty, with the reason in `explanation`.
        """
        asked = _asked(selector, roles or {})
        choice = selector.get("select") or "all"
        if choice not in CHOICES:
            return self._by_id([choice] if isinstance(choice, str) else choice, asked)
        met = [record for record in self.records if all(_meets(record, key, asked[key]) for key in asked)]
        return self._narrow(met, choice, metric) if met else Selection((), 0, self._why_none(asked, roles))

    def _by_id(self, prefixes: Sequence[str], asked: Mapping[str, Any]) -> Selection:
        chosen = {record.id: record for record in map(self.find, prefixes)}
        for record in chosen.values():
            for key, wanted in asked.items():
                if not _meets(record, key, wanted):
                    raise SelectionError(
                        f"{record.id} is selected by its id, but its {key} is {_shown(KEYS[key](record))} and not "
                        f"{_shown(_options(wanted))}. Correct the key or the id."
                    )
        records = tuple(record for record in self.records if record.id in chosen)
        return Selection(records, len(records), f"{len(records)} records, selected by id{self._left_out()}")

    def _narrow(self, met: list[Record], choice: str, metric: str) -> Selection:
        count = f"{len(met)} of {len(self.records)} records{self._left_out()}"
        if choice == "latest":
            return Selection((met[-1],), len(met), f"the latest of {count}")
        if choice == "best":
            best = _best(met, metric)
            return Selection((best,), len(met), f"OPTIMISTIC: the best by {metric}, picked from {count}")
        if choice == "registered":
            own = tuple(record for record in met if record.id in self._loaded.registered)
            return Selection(own, len(met), f"{len(own)} registered in {self.folders[0]}, of {count}")
        return Selection(tuple(met), len(met), count)

    def _why_none(self, asked: Mapping[str, Any], roles: Mapping[str, str] | None) -> str:
        met = {key: any(_meets(record, key, wanted) for record in self.records) for key, wanted in asked.items()}
        # The keys that nothing meets are the reason; only when each is met by something is it their combination.
        keys = [key for key in asked if not met[key]] or list(asked)
        reasons = [self._alone(key, asked[key]) for key in keys]
        if "role" in asked and roles is not None:
            reasons.append(f"role {asked['role']!r} is bound to no model (bound are {_shown(tuple(roles))})")
        missing = [str(folder) for folder in self.folders if not folder.exists()]
        there = f"; there is no folder {', '.join(missing)}" if missing else ""
        joint = " and no record meets all of these" if len(asked) > 1 and all(met.values()) else ""
        return f"{len(self.records)} records{there}; {', '.join(reasons)}{joint}{self._left_out()}"

    def _alone(self, key: str, wanted: object) -> str:
        """How many records meet one key, and if none does what they have instead."""
        count = sum(_meets(record, key, wanted) for record in self.records)
        values = [value for record in self.records for value in KEYS[key](record)[:1]]
        unknown = sum(value in (None, UNKNOWN) for value in values)
        silent = f" ({unknown} leave it unknown)" if unknown else ""
        said = sorted({str(value) for value in values} - {"None", UNKNOWN})
        instead = f"; known are {_shown(said)}" if said and not count else ""
        return f"{count} have {key} {_shown(_options(wanted))}{silent}{instead}"

    def _left_out(self) -> str:
        return f"; {len(self.broken)} broken files left out" if self.broken else ""


def _files(folder: Path) -> list[Path]:
    """The record files of a folder, in order; none when there is no such folder yet."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EvidenceError(
            f"cannot list the evidence in {folder}: {error.strerror or error}. Give a folder."
        ) from error


def _asked(selector: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, Any]:
    """The keys that ask for something, with a bound role replaced by its model."""
    asked = {key: value for key, value in selector.items() if value is not None and key != "select"}
    allowed = (*KEYS, "select")
    for key in asked:
        if key not in KEYS:
            raise SelectionError(
                f"evidence cannot be selected by {key!r}; allowed are {', '.join(allowed)}.{did_you_mean(key, allowed)}"
            )
    if "role" in asked and "model" in asked:
        raise SelectionError("evidence is selected by role or by model, and this selection gives both. Remove one.")
    if asked.get("role") in roles:
        asked["model"] = roles[asked.pop("role")]
    return asked


def _options(wanted: object) -> tuple[object, ...]:
    return tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,)


def _meets(record: Record, key: str, wanted: object) -> bool:
    known = {str(value).casefold() for value in KEYS[key](record) if value is not None} - {UNKNOWN}
    return any(str(option).casefold() in known for option in _options(wanted))


def _shown(values: Sequence[object], most: int = 4) -> str:
    words = [repr(value) for value in values]
    return " or ".join(words[:most]) + (f" or {len(words) - most} others" if len(words) > most else "") or "nothing"


def _best(records: Sequence[Record], metric: str) -> Record:
    one_benchmark(records)  # each is measured alone below, so nothing else would notice a mixture
    scored = [(evaluate(metric, [record]), record) for record in records]
    higher = scored[0][0].higher_is_better
    if higher is None or any(measured.value is None for measured, _ in scored):
        raise SelectionError(
            f"`select: best` cannot rank by {metric}: nothing says which value is better. Select by id."
        )
    return max(scored, key=lambda pair: (pair[0].value or 0.0) * (1 if higher else -1))[1]
