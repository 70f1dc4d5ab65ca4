"""The summary on a terminal: one line per claim, grouped by contract, then what would decide the rest, then the totals.

The one thing a reader would get wrong: this returns lines and their markup, it prints nothing. pytest's terminal
reporter writes them; colour only repeats what the first word of a line already says.
"""

from __future__ import annotations

from collections.abc import Sequence

from apr_core.report.run import Run
from apr_core.report.summary import by_contract, circumstances, openings, sentence, totals
from apr_core.report.text import clip, clip_middle, columns, one_line, pad, plural, wrap
from apr_core.report.wording import detail
from apr_core.trial.result import OUTCOMES, Result

Markup = dict[str, bool]
"""Keyword arguments of pytest's `TerminalReporter.write_line`."""
Line = tuple[str, Markup]

MIN_WIDTH = 40
"""Narrower terminals get lines of this width."""
FOLD_ABOVE = 60
"""In a run of more claims than this, those that are HELD without a note, or UNTESTED, are counted per contract and not
listed; of the ways to try the UNTESTED ones only the first few are."""
FOLDED_OPENINGS = 6

_MARKUP: dict[str, Markup] = {
    "HELD": {"green": True},
    "HELD-AS-FALSE": {"green": True},
    "FALSIFIED": {"red": True, "bold": True},
    "REFUTED": {"yellow": True},
    "RECOVERED": {"red": True, "bold": True},
    "UNDERPOWERED": {"yellow": True},
    "UNTESTED": {"yellow": True},
    "ERROR": {"red": True, "bold": True},
}
_WORD = max(map(len, OUTCOMES))
_CLAIM_ROOM = 24
"""Columns below which a claim's text says too little to be worth its place behind the figures."""
_BEFORE_CLAIM = " · "
_ANSI = {"bold": "1", "red": "31", "green": "32", "yellow": "33"}


def lines(run: Run, *, width: int, color: bool) -> list[Line]:
    """The whole summary. No line is wider than `width` columns (at least 40) or holds a control character."""
    results, info, width = run.results, run.info, max(width, MIN_WIDTH)
    found: list[Line] = [(line, {}) for line in wrap(circumstances(info), width)]
    for contract, group in by_contract(results).items():
        found += _contract(contract, group, width, fold=len(results) > FOLD_ABOVE)
    found += _openings(results, width, most=FOLDED_OPENINGS if len(results) > FOLD_ABOVE else None)
    found += [("", {}), *((line, {"bold": True}) for line in wrap(sentence(results, info), width))]
    return found if color else [(text, {}) for text, _ in found]


def painted(line: Line) -> str:
    """A line with its markup as ANSI escape sequences, for output that does not go through pytest."""
    text, markup = line
    codes = ";".join(_ANSI[name] for name, on in markup.items() if on)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


def _contract(contract: str, group: Sequence[Result], width: int, *, fold: bool) -> list[Line]:
    """The heading of one contract and its claims."""
    listed = [result for result in group if not fold or result.notes or result.outcome not in ("HELD", "UNTESTED")]
    counts = {word: sum(one.outcome == word and one not in listed for one in group) for word in ("HELD", "UNTESTED")}
    folded = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    folded += " (not listed)" if folded and listed else ""
    name, title = one_line(contract), one_line(group[0].title)
    heading = clip("  ".join(part for part in (name, folded, title) if part), width)
    names = {result.id: clip_middle(short(result), width // 3) for result in listed}
    room = max(map(columns, names.values()), default=0)
    claims = [line for result in listed for line in _claim(result, pad(names[result.id], room), width)]
    return [("", {}), (heading, {"bold": True}), *claims]


def short(result: Result) -> str:
    """The claim's id inside its contract."""
    return one_line(result.id.removeprefix(f"{result.contract}::"))


def _claim(result: Result, name: str, width: int) -> list[Line]:
    """The verdict, the id, the figures, and as much of the claim as there is room for; notes get their own line."""
    text = f"  {result.outcome:<{_WORD}}  {name}  {detail(result)}"
    left = width - columns(text) - len(_BEFORE_CLAIM)
    if left >= _CLAIM_ROOM:
        text += _BEFORE_CLAIM + clip(one_line(result.claim), left)
    found: list[Line] = [(clip(text, width), _MARKUP[result.outcome])]
    if result.notes:
        found.append((clip(f"  {'':<{_WORD}}  note: {one_line('; '.join(result.notes))}", width), {}))
    return found


def _openings(results: Sequence[Result], width: int, most: int | None) -> list[Line]:
    """What would let the UNTESTED claims be tried: the line, and under it why, and which claims; at most `most` lines."""
    counts = totals(results).outcomes
    if not counts["UNTESTED"]:
        return []
    heading = f"What would let the {plural(counts['UNTESTED'], 'UNTESTED claims')} be tried:"
    found: list[Line] = [("", {}), *_indented(heading, 0, width, {})]
    ways = openings(results)
    for opening in ways[:most]:
        found += _indented(one_line(opening.enable) or "(no line is known)", 2, width, {"bold": True})
        for reason, ids in opening.reasons.items():
            found += _indented(f"{plural(len(ids), 'claims')}: {one_line(reason)} ({_some(ids)})", 4, width, {})
    if most is not None and len(ways) > most:
        rest = f"… and {len(ways) - most} other ways, for {sum(way.claims for way in ways[most:])} claims; --apr-report lists all"
        found += _indented(rest, 2, width, {})
    return found


def _some(ids: Sequence[str], most: int = 3) -> str:
    words = ", ".join(one_line(identity) for identity in ids[:most])
    return words + (f" and {len(ids) - most} more" if len(ids) > most else "")


def _indented(text: str, by: int, width: int, markup: Markup) -> list[Line]:
    return [(" " * by + line, markup) for line in wrap(text, width - by)]
