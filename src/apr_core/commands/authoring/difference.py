"""`apr contract diff`: what changed in contracts by meaning, and whether their versions say so.

The one thing a reader would get wrong: exit code 1 is not "something changed". It is "something was loosened or dropped
that no major version announces"; a claim that is added, tightened or worded differently exits with 0.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from apr_core.commands.authoring.revisions import NothingBefore, commit_of, write_contracts
from apr_core.commands.output import emit
from apr_core.contract.diff.change import LEVELS, Change, Level
from apr_core.contract.diff.contracts import next_version
from apr_core.contract.diff.folders import Difference, State, compare_states
from apr_core.contract.load import contract_id
from apr_core.contract.schema import SUFFIX
from apr_core.errors import SelectionError, UsageError
from apr_core.project import project_root
from apr_core.trial.catalog import Catalog

ANNOUNCED, NOT_ANNOUNCED = 0, 1
WORK_TREE = "the work tree"
_WIDTH = 100


def run(args: argparse.Namespace) -> int:
    """Prints the differences; 1 when something was loosened or dropped and the version does not say so."""
    with tempfile.TemporaryDirectory(prefix="apr-diff-") as folder:
        try:
            old, new, concerns = _ends(args.words, Path(folder))
        except NothingBefore as answer:
            note = f"{answer}: nothing to compare with, so nothing was loosened"
            emit(args, lambda: note, _data([], (), note))
            return ANNOUNCED
        compared = {name for state in (old, new) for name, path in state.files() if concerns(state.relative(path))}
        if not compared:
            raise SelectionError(
                f"there is no contract (*{SUFFIX}) in {old.label} nor in {new.label}, as far as {' '.join(args.words)} says."
            )
        differences = compare_states(old, new, concerns=concerns, accepted=args.allow_dropped)
        labels = (old.label, new.label)
    emit(args, lambda: _text(differences, labels, len(compared)), _data(differences, labels, None))
    return ANNOUNCED if all(one.covered for one in differences) else NOT_ANNOUNCED


def _ends(words: Sequence[str], scratch: Path) -> tuple[State, State, Callable[[str], bool]]:
    """The two states, and which paths to look at. A word that is an existing path is a path, any other a revision."""
    first, *rest = words
    if Path(first).exists():
        if len(rest) != 1 or not Path(rest[0]).exists():
            missing = f", and {rest[0]!r} is not there" if len(rest) == 1 else ""
            raise UsageError(
                f"{first!r} is a path, so exactly one other path belongs after it{missing}. For a revision of that name "
                f"write refs/heads/{first}."
            )
        return (*_paths(Path(first), Path(rest[0])), lambda path: True)
    root = project_root(Path.cwd())
    commits = [first]
    if rest and not Path(rest[0]).exists():
        commits.append(rest.pop(0))
    states = [_revision(root, word, scratch / str(index)) for index, word in enumerate(commits)]
    if len(states) == 1:
        states.append(_state(root, WORK_TREE, ["contracts/scales"], links=False))
    return states[0], states[1], _within(root, rest)


def _paths(old: Path, new: Path) -> tuple[State, State]:
    """Two files as one contract, or two folders by the ids in them."""
    if old.is_dir() and new.is_dir():
        before, after = (_state(path.absolute(), str(path), ["contracts/scales", "scales"]) for path in (old, new))
        return before, after
    for path, other in ((old, new), (new, old)):
        if path.is_dir():
            raise UsageError(f"{path} is a folder and {other} is none: compare two files, or two folders.")
        if not path.name.endswith(SUFFIX):
            raise UsageError(f"{path} is no contract: a contract's name ends in {SUFFIX}. Name another file.")
    name = contract_id(new, project_root(new))
    before, after = (State(str(path), project_root(path), {name: path.absolute()}) for path in (old, new))
    return before, after


def _revision(root: Path, word: str, target: Path) -> State:
    write_contracts(root, commit_of(root, word), target)
    return _state(target, word, ["contracts/scales"])


def _state(root: Path, label: str, scales: Sequence[str], *, links: bool = True) -> State:
    """The contracts and scales below a folder."""
    catalog = Catalog(root)
    for name, paths in catalog.files.items():
        if len(paths) > 1:
            catalog.load(name)  # raises: two files have one id
    contracts = {name: path for name, (path,) in catalog.files.items() if links or not path.is_symlink()}
    files = [file for folder in scales for file in sorted((root / folder).glob("*.yaml"))]
    return State(label, root, contracts, {file.stem: file for file in files if links or not file.is_symlink()})


def _within(root: Path, words: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path below the root lies in one of the places that were named; everywhere when none was."""
    places = [Path(os.path.normpath(Path(word).absolute())) for word in words]
    return lambda path: not places or any((root / path).is_relative_to(place) for place in places)


def _data(differences: Sequence[Difference], labels: Sequence[str], note: str | None) -> dict[str, Any]:
    old, new = labels or (None, None)
    return {
        "old": old,
        "new": new,
        "note": note,
        "covered": all(one.covered for one in differences),
        "contracts": [_row(one) for one in differences],
    }


def _row(one: Difference) -> dict[str, Any]:
    return {
        "id": one.id,
        "path": one.path,
        "old_version": one.was,
        "new_version": one.now,
        "asked": one.asked,
        "raised": one.raised,
        "covered": one.covered,
        "changes": [_change(change) for change in one.changes],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "level": change.level,
        "kind": change.kind,
        "place": change.place,
        "claims": list(change.claims),
        "sentence": change.sentence,
        "before": change.before,
        "after": change.after,
    }


def _text(differences: Sequence[Difference], labels: tuple[str, str], compared: int) -> str:
    title = f"{labels[0]} → {labels[1]}"
    if not differences:
        return f"{title}: no difference in meaning, {compared:,} file{'' if compared == 1 else 's'} compared"
    lines = [title]
    for one in differences:
        lines += ["", *_heading(one)]
        for change in _shown(one):
            lines += _line(change)
    return "\n".join([*lines, "", *_closing(differences, compared)])


def _shown(one: Difference) -> list[Change]:
    """The changes, without the raise of the version that stands above them."""
    return [change for change in one.changes if (change.place, change.kind) != ("version", "reworded")]


def _heading(one: Difference) -> list[str]:
    versions = " → ".join(version for version in dict.fromkeys((one.was, one.now)) if version)
    words = "  ".join(word for word in (one.id, versions, _state_of(one)) if word)
    return textwrap.wrap(words, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _state_of(one: Difference) -> str:
    """What the version says, or should."""
    if one.asked is None:
        return "says the same"
    if one.accepted:
        return "may go, as --allow-dropped says"
    if one.asked == "major" and not one.covered:
        if one.now is None:
            return f"NOT ANNOUNCED: bring it back, or let it go with --allow-dropped {one.id}"
        wanted = f"{next_version(one.was, 'major')}" if one.was else "a new major version"
        return f"NOT ANNOUNCED: take it back, or make the version {wanted}"
    if one.was is None or one.now is None or _reaches(one.raised, one.asked):
        return one.asked
    return f"{one.asked}: the version would be {next_version(one.was, one.asked)}"


def _reaches(raised: Level | None, asked: Level) -> bool:
    return raised is not None and LEVELS.index(raised) >= LEVELS.index(asked)


def _line(change: Change) -> list[str]:
    whose = ", ".join(change.claims) if change.claims else change.place
    head = f"  {change.level:<6} {change.kind:<11}  "
    return textwrap.wrap(
        f"{whose}: {change.sentence}" if change.place != "file" else change.sentence,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _closing(differences: Sequence[Difference], compared: int) -> list[str]:
    levels = Counter(change.level for one in differences for change in _shown(one))
    counts = ", ".join(f"{levels[level]:,} {level}" for level in reversed(LEVELS) if levels[level])
    shut = [one.id for one in differences if not one.covered]
    lines = [f"{len(differences):,} of {compared:,} files differ in meaning; changes: {counts}"]
    if shut:
        lines.append(f"loosened or dropped without a major version: {', '.join(shut)}")
    return lines
