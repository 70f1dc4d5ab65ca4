"""GitHub-flavoured Markdown for a pull-request comment or a job summary: totals first, then what is false, then the
rest.

The one thing a reader would get wrong: everything that comes from a contract or a run is escaped, mentions and issue
numbers included, because a claim's text must not notify somebody or hide the row below it. GitHub cuts a comment off
at 65,536 characters; this stays below, and says how many claims it left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from apr_core.report.failure import failure_text
from apr_core.report.run import Run
from apr_core.report.summary import FAILING, UNDECIDED, by_criterion, circumstances, sentence, tally, totals
from apr_core.report.text import ELLIPSIS, clip, one_line
from apr_core.report.wording import detail, needed
from apr_core.trial.result import Result

NAME = "report.md"
MOST_CHARACTERS = 60_000
"""Of the whole document."""
MOST_FAILURE = 4_000
"""Of the text of one claim."""
MOST_CELL = 300
"""Columns of one table cell before escaping."""

_ESCAPED = re.compile(r"[\\`*_\[\]|~$]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LINKING = re.compile(r"(?<![A-Za-z0-9])@(?=\w)|#(?=\d)")
"""Where GitHub sees a mention or the number of an issue; in `pass@1` it does not."""


def markdown_text(run: Run) -> str:
    """The report as Markdown of at most 65,536 characters, ending with a newline."""
    results, info = run.results, run.info
    blocks = [f"## apr report\n\n**{sentence(results, info)}**\n\n{escaped(clip(circumstances(info), 1_000))}\n"]
    room = MOST_CHARACTERS - len(blocks[0])
    for section in (_failing, _undecided, _known, _criteria, _held):
        block = section(results, room)
        blocks += [block] if block else []
        room -= len(block)
    return "\n".join(blocks)


def escaped(text: str) -> str:
    """`text` on one line, so that Markdown shows its characters and GitHub links none of them."""
    literal = _ESCAPED.sub(r"\\\g<0>", one_line(text)).translate(_ENTITIES)
    return _LINKING.sub(r"\g<0><!-- -->", literal)


def fenced(text: str) -> str:
    """`text` as a code block that nothing in it can end."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}\n"


def _failing(results: Sequence[Result], room: int) -> str:
    """The claims that make the run red, each with its whole text."""
    found = [result for result in results if result.outcome in FAILING]
    blocks = (fenced(_cut(failure_text(result))) + "\n" for result in found)
    return _section(f"### {tally(totals(found).outcomes)}\n\n", blocks, "", len(found), room)


def _cut(text: str) -> str:
    if len(text) <= MOST_FAILURE:
        return text
    return f"{text[:MOST_FAILURE]}{ELLIPSIS}\n(cut off here; all of it is in report.json)"


def _undecided(results: Sequence[Result], room: int) -> str:
    """The claims that are as open as before, with what would decide them."""
    found = [result for result in results if result.outcome in UNDECIDED]
    rows = (_row(result.outcome, _named(result), _why(result), _wanted(result)) for result in found)
    return _section(
        f"### Undecided: {tally(totals(found).outcomes)}\n\n"
        + _head("outcome", "claim", "why", "what would decide it"),
        rows,
        "",
        len(found),
        room,
    )


def _wanted(result: Result) -> str:
    return result.enable or needed(result) or "not known"


def _known(results: Sequence[Result], room: int) -> str:
    """The claims that fell and were expected to, folded."""
    found = [result for result in results if result.outcome == "REFUTED"]
    rows = (_row(_named(result), _why(result)) for result in found)
    return _folded(
        f"{len(found)} REFUTED: known to be false, and still are", ("claim", "what broke it"), rows, len(found), room
    )


def _held(results: Sequence[Result], room: int) -> str:
    """The claims that were tried and not broken, or were meant to be false and are; folded."""
    found = [result for result in results if result.outcome in ("HELD", "HELD-AS-FALSE")]
    rows = (_row(result.outcome, _named(result), _why(result)) for result in found)
    return _folded(tally(totals(found).outcomes, explain=True), ("outcome", "claim", "tried"), rows, len(found), room)


def _criteria(results: Sequence[Result], room: int) -> str:
    """Every criterion with the outcomes of its claims, folded."""
    found = by_criterion(results)
    rows = (_row(name, str(len(group)), tally(totals(group).outcomes)) for name, group in found.items())
    return _folded(
        "By criterion (a claim may serve several)", ("criterion", "claims", "outcomes"), rows, len(found), room
    )


def _named(result: Result) -> str:
    return f"{result.id}: {result.claim}"


def _why(result: Result) -> str:
    return "; ".join((detail(result), *result.notes))


def _row(*cells: str) -> str:
    """A table row; whatever the cells hold, it stays one line."""
    return "| " + " | ".join(escaped(clip(one_line(cell), MOST_CELL)) for cell in cells) + " |\n"


def _head(*names: str) -> str:
    return "| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|\n"


def _folded(summary: str, names: Sequence[str], rows: Iterable[str], count: int, room: int) -> str:
    """A table that is opened by a click."""
    opening = f"<details><summary>{summary}</summary>\n\n" + _head(*names)
    return _section(opening, rows, "\n</details>\n", count, room)


def _section(opening: str, items: Iterable[str], closing: str, count: int, room: int) -> str:
    """`opening`, as many of the `count` items as there is room for, and how many were left out."""
    if not count:
        return ""
    kept: list[str] = []
    room -= len(opening) + len(closing)
    for item in items:
        room -= len(item)
        if room < 0:
            break
        kept.append(item)
    left = count - len(kept)
    note = f"\n{left:,} more left out here; all are in report.json.\n" if left else ""
    return opening + "".join(kept) + note + closing
