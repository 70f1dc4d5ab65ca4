"""How `apr mutate` shows what it found: for people, as JSON, and as mutants for a contract.

The one thing a reader would get wrong: the diffs are of texts that were never on disk. They say what would have gone by, and
`git apply` of one makes the fault real.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from apr_core.report.text import clean, plural, wrap
from apr_core.trial.edits import unified, unique_edit
from apr_core.trial.mutation import BROKE, KILLED, RATE, SURVIVED, TIMED_OUT, Tally, Tried, tally
from apr_core.trial.operators import OPERATORS

if TYPE_CHECKING:
    from apr_core.commands.mutate import Run
    from apr_core.trial.targets import Judges, Target

WIDTH = 100
COLUMNS = ("mutants", "tried", KILLED, SURVIVED, TIMED_OUT, BROKE)

ADVICE = """\
A survivor is a fault that every claim would let pass. Add or tighten a claim until it falls; `--yaml` prints the survivors as \
mutants for the contract, so that it stays that way. If an edit makes no difference that anybody could observe, mark its line: \
# apr: no mutate (the reason)."""


def operators_text() -> str:
    """The table of operators."""
    width = max(map(len, OPERATORS))
    off = {name: "" if row.default else " (off unless named)" for name, row in OPERATORS.items()}
    return "\n".join(f"{name:<{width}}  {row.sentence}{off[name]}" for name, row in OPERATORS.items())


def text(done: Run) -> str:
    """The whole report."""
    parts = [
        _table(done),
        _summary(done),
        *_notes(done),
        *_survivors(done),
        *_listed(done, TIMED_OUT, "timed out, which counts as noticed"),
        *_listed(done, BROKE, "broke, without a claim that fell"),
    ]
    if any(one.outcome == SURVIVED for one in done.tried):
        parts.append("\n".join(wrap(ADVICE, WIDTH)))
    return "\n\n".join(parts)


def _table(done: Run) -> str:
    """One line per function, and a line for all."""
    rows = [["", *COLUMNS, "rate"]]
    for target in done.found.targets:
        rows.append([target.name, *_cells(done, [target])])
    if len(done.found.targets) > 1:
        rows.append(["all", *_cells(done, done.found.targets)])
    return _aligned(rows)


def _cells(done: Run, targets: Sequence[Target]) -> list[str]:
    names = {target.name for target in targets}
    derived = sum(mutant.target.name in names for mutant in done.mutants)
    counts = tally(one for one in done.tried if one.mutant.target.name in names)
    numbers = (derived, counts.tried, *(counts.counts[name] for name in COLUMNS[2:]))
    return [*(f"{number:,}" for number in numbers), percent(counts)]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def percent(counts: Tally) -> str:
    """The kill rate; a rate that is not quite 100 % is never shown as 100 %."""
    if counts.rate is None:
        return "-"
    shown = f"{100 * counts.rate:.0f}"
    return f"{100 * counts.rate:.1f} %" if shown == "100" and counts.detected < counts.judged else f"{shown} %"


def _summary(done: Run) -> str:
    """The kill rate with its denominator, and what it leaves out."""
    counts = tally(done.tried)
    lines = [f"{percent(counts)}: {counts.detected:,} of {plural(counts.judged, 'mutants')} noticed. {RATE}."]
    if counts.raised:
        lines.append(
            f"{counts.raised:,} of the {counts.counts[KILLED]:,} killed raised an exception instead of a wrong value."
        )
    able = sum(bool(done.control.judges(mutant.target)) for mutant in done.mutants)
    if counts.tried < able:
        share = counts.tried / able
        lines.append(
            f"A sample: {counts.tried:,} of {able:,} mutants were tried ({share:.0%}). Without --limit all are."
        )
    suppressed = sum(len(target.suppressed) for target in done.found.targets)
    if suppressed:
        lines.append(f"{plural(suppressed, 'mutants')} left out by `# apr: no mutate (reason)` in the source.")
    return "\n".join(lines)


def _notes(done: Run) -> list[str]:
    """What could not judge, and what could not be changed."""
    notes = []
    unfit = done.control.unfit
    if unfit:
        title = (
            f"{plural(len(unfit), 'claims')} cannot judge, since {'it does' if len(unfit) == 1 else 'they do'} not hold"
        )
        notes.append(_bullets(f"{title} on the real code:", unfit.items()))
    idle = [target for target in done.found.targets if not done.control.judges(target)]
    if idle:
        counts = [(target.name, plural(len(target.edits), "mutants")) for target in idle]
        notes.append(_bullets("not tried, because no claim about them can judge:", counts))
    if done.found.skipped:
        notes.append(_bullets("nothing to change:", done.found.skipped.items()))
    if done.found.planned:
        notes.append(f"{plural(len(done.found.planned), 'subjects')} planned, and not there yet.")
    return notes


def _bullets(title: str, items: Iterable[tuple[str, str]]) -> str:
    lines = [title]
    for name, why in items:
        first, *rest = wrap(clean(f"{name}: {' '.join(why.split())}"), WIDTH - 4)
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    return "\n".join(lines)


def _survivors(done: Run) -> list[str]:
    """Every survivor as a diff, by function."""
    parts = []
    for target, tried in _by_target(done, SURVIVED):
        parts.append(f"{target.name}: {plural(len(tried), 'survivors')}, judged by {claims_of(done, target)}")
        for one in tried:
            edit = one.mutant.edit
            gone_by = f"no claim of {contracts_of(done, target)} notices that {edit.what}"
            head = f"{target.file}:{edit.line}: {gone_by} [{edit.operator}]"
            hunk = unified(target.file, target.source, edit, context=0).splitlines()[2:]
            parts.append("\n".join([clean(head), *(f"  {clean(line, keep=chr(9))}" for line in hunk)]))
    return parts


def _by_target(done: Run, outcome: str) -> list[tuple[Target, list[Tried]]]:
    chosen = [one for one in done.tried if one.outcome == outcome]
    groups = [(target, [one for one in chosen if one.mutant.target is target]) for target in done.found.targets]
    return [(target, tried) for target, tried in groups if tried]


def contracts_of(done: Run, target: Target) -> str:
    """The contracts that judged a target."""
    return ", ".join(sorted(one.contract.id for one, _ in done.control.judges(target)))


def claims_of(done: Run, target: Target) -> str:
    """The claims that judged a target, by contract."""
    judged = sorted((one.contract.id, sorted(claims)) for one, claims in done.control.judges(target))
    return "; ".join(f"{contract} ({', '.join(claims)})" for contract, claims in judged)


def _listed(done: Run, outcome: str, title: str) -> list[str]:
    found = [
        (f"{target.file}:{one.mutant.edit.line}: {one.mutant.edit.what}", one.reason)
        for target, tried in _by_target(done, outcome)
        for one in tried
    ]
    return [_bullets(f"{plural(len(found), 'mutants')} {title}:", found)] if found else []


def plan_text(done: Run) -> str:
    """How many mutants there are and how long they may take."""
    rows = [["", "mutants", "to try", "claims", "seconds each"]]
    for target in done.found.targets:
        chosen = sum(mutant.target is target for mutant in done.chosen)
        claims = sum(len(claims) for _, claims in done.control.judges(target))
        rows.append(
            [target.name, f"{len(target.edits):,}", f"{chosen:,}", f"{claims:,}", f"{done.control.seconds(target):.2f}"]
        )
    last = (
        f"{plural(len(done.chosen), 'mutants')} to try of {len(done.mutants):,}: about {duration(_estimate(done))} on "
        f"{plural(done.workers, 'workers')} if no claim falls early and no mutant hangs. Nothing was changed."
    )
    return "\n\n".join([_aligned(rows), "\n".join(wrap(last, WIDTH)), *_notes(done)])


def _estimate(done: Run) -> float:
    """Seconds for all chosen mutants, from what their claims took on the real code."""
    return sum(done.control.seconds(mutant.target) for mutant in done.chosen) / done.workers


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def data(done: Run) -> dict[str, Any]:
    """Everything, as plain JSON data."""
    counts = tally(done.tried)
    return {
        "derived": len(done.mutants),
        "chosen": len(done.chosen),
        "estimated_seconds": round(_estimate(done), 3),
        "workers": done.workers,
        **_figures(counts),
        "rate_is": RATE,
        "cannot_judge": done.control.unfit,
        "skipped": done.found.skipped,
        "planned": done.found.planned,
        "targets": [_target_data(done, target) for target in done.found.targets],
    }


def _figures(counts: Tally) -> dict[str, Any]:
    return {
        "tried": counts.tried, **{name.replace(" ", "_"): number for name, number in counts.counts.items()},
        "killed_by_raising": counts.raised, "denominator": counts.judged, "rate": counts.rate,
    }  # fmt: skip


def _target_data(done: Run, target: Target) -> dict[str, Any]:
    tried = [one for one in done.tried if one.mutant.target is target]
    return {
        "name": target.name,
        "file": target.file,
        "derived": len(target.edits),
        "suppressed": [{"line": edit.line, "what": edit.what, "reason": reason} for edit, reason in target.suppressed],
        "claims": [f"{one.contract.id}::{claim}" for one, claims in done.control.judges(target) for claim in claims],
        "seconds_each": round(done.control.seconds(target), 3),
        **_figures(tally(tried)),
        "mutants": [_mutant_data(target, one) for one in tried],
    }


def _mutant_data(target: Target, one: Tried) -> dict[str, Any]:
    edit = one.mutant.edit
    return {
        "id": one.mutant.id, "operator": edit.operator, "line": edit.line, "column": edit.column, "what": edit.what,
        "replace": edit.replace, "by": edit.by, "outcome": one.outcome, "killed_by": one.killed_by, "how": one.how,
        "reason": one.reason, "counterexample": one.counterexample, "seconds": round(one.seconds, 3),
        "diff": unified(target.file, target.source, edit) if one.outcome != KILLED else None,
    }  # fmt: skip


def survivors_yaml(done: Run) -> str:
    """The survivors as entries of `mutants:`, by contract. Whoever pastes one names the claims that must notice it."""
    by_contract: dict[str, list[tuple[Tried, Judges]]] = {}
    for one in (one for one in done.tried if one.outcome == SURVIVED):
        judge = done.control.judges(one.mutant.target)[0][0]
        by_contract.setdefault(judge.contract.relative, []).append((one, judge))
    if not by_contract:
        return "# no survivors\n"
    parts = []
    for contract, survivors in sorted(by_contract.items()):
        model = survivors[0][1].contract.model
        taken = {one.id for one in (*model.obligations, *model.mutants)}
        entries = "".join(_entry(one, judge, taken) for one, judge in survivors)
        parts.append(f"# {contract}\nmutants:\n{entries}")
    return "\n".join(parts)


def _entry(one: Tried, judge: Judges, taken: set[str]) -> str:
    """One mutant in YAML, with the sentence that it came from."""
    target, edit = one.mutant.target, one.mutant.edit
    replace, by = unique_edit(target.source, edit)
    fields: dict[str, Any] = {"id": _fresh(f"{judge.subject}-{edit.operator}-{edit.line}".replace("_", "-"), taken)}
    fields |= {"kind": "source", "of": judge.subject}
    if judge.home != target.place.module:
        fields["in"] = target.place.module
    fields |= {"replace": replace, "by": by, "killed_by": []}
    body = _dumped(fields).replace("killed_by: []", "killed_by: []  # the claims that must notice it")
    lines = [f"# {target.file}:{edit.line}: {clean(edit.what)}", *body.splitlines()]
    margins = ["  ", "  - ", *["    "] * len(lines)]
    return "".join(f"{margin}{line}".rstrip() + "\n" for margin, line in zip(margins, lines, strict=False))


def _fresh(name: str, taken: set[str]) -> str:
    found = next(each for each in _numbered(name) if each not in taken)
    taken.add(found)
    return found


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _dumped(fields: dict[str, Any]) -> str:
    """YAML with texts of several lines as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def block(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, block)
    return yaml.dump(fields, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)
