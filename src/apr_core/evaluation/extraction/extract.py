"""From what a model wrote to the code in it.

The one thing a reader would get wrong: there is no list of words here. Prose, fences, chat turns and thinking are not recognised
by what they say; code is recognised because it parses and defines what is asked for, and the rest is what remains.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from apr_core.evaluation.extraction.chunks import Run, bound_in, find_chunks, find_runs
from apr_core.evaluation.extraction.continuation import Continuation, Opening, continue_prompt, opening
from apr_core.evaluation.extraction.fences import Segment, segments
from apr_core.evaluation.extraction.lines import indent_of
from apr_core.evaluation.extraction.names import Function, accepts, bound_names, defines, functions, is_inert
from apr_core.evaluation.extraction.parsing import Meter
from apr_core.evaluation.extraction.thinking import THINKING, Marks, strip_thinking

EXTRACTION_VERSION = "apr-extract/1"
"""Recorded in evidence. It changes when any text would give other code than before."""

_ALLOWANCE = 8  # characters parsed in vain, per character of the text
_BUILTINS = frozenset(dir(builtins))

Kind = Literal["program", "continuation", "nothing"]


class Extracted(NamedTuple):
    """The code in a completion."""

    code: str
    kind: Kind
    """Whether it stands for itself, goes on where the prompt stops, or is not there."""
    how: str
    """The steps that were taken, for people; `unchanged` when the text was the code."""


def extract(
    text: str,
    entry_point: str | None = None,
    prompt: str | None = None,
    *,
    rename: bool = False,
    marks: Sequence[Marks] = THINKING,
) -> Extracted:
    """The code in `text` that defines `entry_point`, or that continues `prompt`.

    `prompt` is given when the prompt is the beginning of a program. Where several statements define the entry point, the last
    one that parses and is more than a signature is taken, those between code fences first. Code that defines nothing of the
    name is kept as it is and said to be so; with `rename`, a line that gives its only fitting function the name is added.

    No text raises. The characters parsed are at most a constant times those of the text (`tests/evaluation/extraction`).
    """
    return extract_metered(text, entry_point, prompt, Meter(), rename=rename, marks=marks)


def extract_metered(
    text: str,
    entry_point: str | None,
    prompt: str | None,
    meter: Meter,
    *,
    rename: bool = False,
    marks: Sequence[Marks] = THINKING,
) -> Extracted:
    """`extract`, with what it parses counted in `meter`."""
    text, steps = plain(text), []
    prompt = plain(prompt) if prompt is not None else None
    meter.allowance += _ALLOWANCE * (len(text) + len(prompt or ""))
    if _is_program(text, entry_point, meter):
        return Extracted(text, "program", "unchanged")
    stripped = strip_thinking(text, marks)
    if stripped.how:
        text = stripped.text.lstrip("\n")
        steps.append(stripped.how)
        if _is_program(text, entry_point, meter):
            return Extracted(text, "program", "; ".join(steps))
    answer = _Answer(text, entry_point, prompt, meter)
    found = answer.find(rename=rename)
    return Extracted(found.code, found.kind, "; ".join([*steps, found.how] if found.how else steps) or "unchanged")


def plain(text: str) -> str:
    """A text with line feeds alone between its lines, and without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _is_program(text: str, entry_point: str | None, meter: Meter) -> bool:
    """Whether the whole text is a program that defines the entry point, with nothing in it that cannot be meant as code."""
    tree = meter.parse(text)
    if not isinstance(tree, ast.Module) or not tree.body:
        return False
    known = bound_names(tree.body)
    if any(is_inert(statement, known) for statement in tree.body):
        return False
    return defines(tree.body, entry_point) if entry_point else bool(functions(tree.body))


@dataclass
class _Answer:
    """One text in which code is looked for."""

    text: str
    entry_point: str | None
    prompt: str | None
    meter: Meter
    known: set[str] = field(default_factory=set)
    start: Opening | None = None

    def find(self, *, rename: bool) -> Extracted:
        """The code, by the first of the ways below that finds any."""
        self.start = opening(self.prompt, self.entry_point) if self.prompt else None
        if (begun := self.verbatim()) is not None:
            return _as_continuation(begun)
        pieces = segments(self.text)
        runs = self.runs(pieces)
        program = self.program(runs)
        if program is None and len(pieces) > 1:
            program = self.program(self.runs([Segment(self.text.split("\n"), False, not self.text.endswith("\n"))]))
        if program is None:
            program = self.program(self.runs(_transcripts(pieces)), "transcript of a session")
        if program is not None:
            return program
        attempted = any(self.entry_point in bound_names(run.body) or run.names(self.entry_point) for run in runs)
        continued = None if attempted else self.continuation(pieces, runs)
        if continued is not None:
            return _as_continuation(continued)
        rest = self.anything(runs, rename=rename)
        if self.start is not None and not attempted:
            continued = continue_prompt(self.start, rest.code, self.meter)
            if continued is not None:
                return _as_continuation(continued._replace(how=_and("taken from the text around it", continued.how)))
        return rest

    def verbatim(self) -> Continuation | None:
        """What goes on the prompt as it stands: a text that begins in the indentation of a body, or inside a line."""
        if self.start is None:
            return None
        first = next((line for line in self.text.split("\n") if line.strip()), "")
        inside = not self.start.prompt.endswith("\n") and self.text[:1].isspace()
        if not indent_of(first) and not inside:
            return None
        return continue_prompt(self.start, self.text, self.meter, verbatim=True)

    def runs(self, pieces: Sequence[Segment]) -> list[Run]:
        """The runs of statements in pieces of text, in order."""
        chunks = [find_chunks(piece.lines, self.meter, last=piece.last) for piece in pieces]
        self.known |= set().union(*(bound_in(found) for found in chunks))
        if self.prompt is not None and self.start is None:
            self.known |= bound_in(find_chunks(self.prompt.split("\n"), self.meter, last=False))
        return [
            run
            for place, (piece, found) in enumerate(zip(pieces, chunks, strict=True))
            for run in find_runs(piece.lines, found, self.known, place, piece.fenced)
        ]

    def program(self, runs: Sequence[Run], how: str = "") -> Extracted | None:
        """The last run that defines the entry point: fenced ones first, and ones that the end of the text cuts off last."""
        if self.entry_point:
            fitting = [run for run in runs if run.defines(self.entry_point)]
        else:
            fitting = [run for run in runs if functions(run.body)]
        if not fitting:
            return None
        winner = max(fitting, key=lambda run: (not run.chunks[-1].cut, run.fenced, run.place))
        steps = [how] if how else ["taken from a code fence" if winner.fenced else "taken from the text around it"]
        if len(fitting) > 1:
            steps.append(f"the last of {len(fitting)} definitions")
        if winner.chunks[-1].cut:
            steps.append("cut to whole statements")
        return self.joined(winner, runs, steps)

    def joined(self, winner: Run, runs: Sequence[Run], steps: list[str]) -> Extracted:
        """A run, with the statements of other runs that bind what it needs."""
        kept = {winner.place: winner.source()}
        wanted = self.meter.free_names(winner.source()) - _BUILTINS
        others: dict[str, list[Run]] = {}
        for run in runs if wanted else ():
            bound = bound_names(run.body)
            for name in bound if run is not winner and self.entry_point not in bound else ():
                others.setdefault(name, []).append(run)
        while wanted and (more := _suppliers(wanted, others, kept, winner)):
            kept.update({run.place: run.source() for run in more})
            missing = [self.meter.free_names(run.source()) for run in more]
            wanted = frozenset().union(*missing) - _BUILTINS
        if len(kept) > 1:
            steps.append(f"joined from {len(kept)} places")
        code = "\n\n".join(kept[place].strip("\n") for place in sorted(kept)) + "\n"
        return Extracted(code, "program", "; ".join(steps))

    def continuation(self, pieces: Sequence[Segment], runs: Sequence[Run]) -> Continuation | None:
        """What continues the prompt's function: the text, its first piece, a fenced piece, or the longest code in it."""
        if self.start is None:
            return None
        fenced = [piece for piece in pieces if piece.fenced]
        longest = [max(fenced, key=lambda piece: len(piece.lines))] if fenced else []
        texts = {self.text: ""}
        for piece in [*pieces[:1], *fenced[-1:], *longest]:
            where = "taken from a code fence" if piece.fenced else "taken from before a fence"
            texts.setdefault("\n".join(piece.lines), where)
        for piece in pieces[:1] if len(runs) else ():
            texts.setdefault(self.longest(piece), "taken from the text around it")
        best: Continuation | None = None
        for text, where in texts.items():
            found = continue_prompt(self.start, text, self.meter)
            if found is not None and (best is None or found.lines > best.lines):
                best = found._replace(how=_and(where, found.how))
        return best

    def longest(self, piece: Segment) -> str:
        """The most lines of a piece of text that are statements of one indentation, what a body may say included."""
        chunks = find_chunks(piece.lines, self.meter, last=piece.last)
        runs = find_runs(piece.lines, chunks, self.known, 0, piece.fenced, body=True)
        return max(runs, key=lambda run: len(run.lines)).source() if runs else ""

    def anything(self, runs: Sequence[Run], *, rename: bool) -> Extracted:
        """Code that does not do what is asked: broken, a mere signature, or under another name."""
        name = self.entry_point
        whole = [run for run in runs if not run.broken]
        if name and (broken := [run for run in runs if run.names(name)]):
            return Extracted(broken[-1].source(), "program", f"{name} is there, but does not parse")
        if name and (stubs := [run for run in whole if name in bound_names(run.body)]):
            return self.kept(stubs[-1], f"{name} is there, but only its signature")
        if whole:
            best = max(whole, key=lambda run: (bool(functions(run.body)), run.fenced, len(run.lines)))
            found = self.joined(best, runs, [])
            kept = self.kept(best, "")
            return self.misnamed(kept if kept.code == self.text else found, best, rename=rename)
        return Extracted("", "nothing", "nothing in it parses" if runs else "no code found")

    def kept(self, run: Run, how: str) -> Extracted:
        """A run, or the whole text as it is when there is nothing else in it."""
        whole = self.meter.parse(self.text)
        same = isinstance(whole, ast.Module) and not any(is_inert(one, self.known) for one in whole.body)
        return Extracted(self.text if same else run.source(), "program", how)

    def misnamed(self, found: Extracted, run: Run, *, rename: bool) -> Extracted:
        """Says that code does not define the entry point, and under which name it may be there."""
        name, there = self.entry_point, functions(run.body)
        wanted = self.signature()
        fitting = [one for one in there if wanted is None or accepts(one, wanted)]
        if name is None or len(there) != 1 or not fitting:
            names = ", ".join(one.name for one in there) or "no function"
            return found._replace(how=_and(found.how, f"does not define {name}; it defines {names}" if name else ""))
        if not rename:
            return found._replace(how=_and(found.how, f"does not define {name}; {there[0].name} may be meant"))
        return found._replace(
            code=f"{found.code}\n\n{name} = {there[0].name}\n",
            how=_and(found.how, f"renamed: {there[0].name} to {name}"),
        )

    def signature(self) -> Function | None:
        """The prompt's own declaration of the entry point, if it has one."""
        if self.start is None:
            return None
        lines = self.start.prompt.split("\n")[self.start.header :]
        tree = self.meter.parse("\n".join([*lines, self.start.margin + "pass", ""]))
        found = tree.body[0] if isinstance(tree, ast.Module) and tree.body else None
        return found if isinstance(found, Function) else None


def _suppliers(
    wanted: Collection[str], others: Mapping[str, Sequence[Run]], kept: Collection[tuple[int, int]], winner: Run
) -> list[Run]:
    """The runs that bind wanted names: for each the last one before the winner, or else the first one after it."""
    found: dict[tuple[int, int], Run] = {}
    for name in sorted(wanted):
        binding = others.get(name, ())
        before = [run for run in binding if run.place < winner.place]
        for run in before[-1:] or binding[:1]:
            if run.place not in kept:
                found[run.place] = run
    return list(found.values())


def _as_continuation(found: Continuation) -> Extracted:
    return Extracted(found.code, "continuation", found.how)


def _and(how: str, more: str) -> str:
    return "; ".join(step for step in (how, more) if step)


def _transcripts(pieces: Sequence[Segment]) -> list[Segment]:
    """What was typed in the interactive sessions among pieces of text, without its prompts and what was printed."""
    found = []
    for piece in pieces:
        typed = [line.lstrip() for line in piece.lines if line.lstrip().startswith((">>>", "..."))]
        lines = [line[4:] if line[3:4] in ("", " ") else line[3:] for line in typed]
        if any(lines):
            found.append(Segment(lines, piece.fenced, False))
    return found
