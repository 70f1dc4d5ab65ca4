"""From a problem and what a model wrote to the program that is tried.

The one thing a reader would get wrong: a whole program that says all it needs is tried exactly as it was written. Only names that
it reads and never binds, and that the prompt binds, bring the prompt's own lines along.
"""

from __future__ import annotations

import ast
import builtins
from typing import Literal, NamedTuple

from apr_core.evaluation.extraction.chunks import Chunk, bound_in, find_chunks
from apr_core.evaluation.extraction.extract import extract_metered, plain
from apr_core.evaluation.extraction.parsing import Meter
from apr_core.evaluation.problem import Problem

_BUILTINS = frozenset(dir(builtins))


class Assembled(NamedTuple):
    """A program to try."""

    program: str
    """Empty when the text holds no code."""
    form: Literal["program", "continuation"]
    """What the text was."""
    how: str
    """What was done to the text; `unchanged` when nothing was."""


def assemble(problem: Problem, text: str, *, as_written: bool = False, rename: bool = False) -> Assembled:
    """The program that a completion of a problem makes.

    Prompts that are the beginning of a program (`problem.mode`) may be continued by the text or restated in it: which of
    the two is found out by parsing, and said. `as_written` decides no more than that and takes the text as it stands: for
    files in which another harness has prepared its programs, and whose verdicts are to be repeated. `rename` is explained
    at `extract`.
    """
    meter = Meter()
    prompt = plain(problem.prompt) if problem.mode == "continuation" else None
    found = extract_metered(text, problem.entry_point or None, prompt, meter, rename=rename)
    if as_written:
        restated = prompt is None or plain(text).strip().startswith(prompt.strip()) or found.kind != "continuation"
        program = plain(text) if restated else f"{prompt}{plain(text)}"
        return Assembled(program, "program" if restated else "continuation", "as written")
    if found.kind == "continuation":
        assert prompt is not None
        return Assembled(prompt + found.code, "continuation", found.how)
    if found.kind == "nothing" or prompt is None:
        return Assembled(found.code, "program", found.how)
    program, names = _with_prompt(found.code, prompt, problem.entry_point, meter)
    if not names:
        return Assembled(program, "program", found.how)
    brought = f"{', '.join(names)} taken from the prompt"
    return Assembled(program, "program", brought if found.how == "unchanged" else f"{found.how}; {brought}")


def _with_prompt(program: str, prompt: str, entry_point: str, meter: Meter) -> tuple[str, list[str]]:
    """A program behind those statements of the prompt that bind what it lacks, and the names that they bind for it."""
    missing = meter.free_names(program) - _BUILTINS
    if not missing:
        return program, []
    lines = prompt.split("\n")
    meter.allowance += len(prompt)
    chunks = [
        chunk
        for chunk in find_chunks(lines, meter, last=False)
        if chunk.body and not lines[chunk.start][:1].isspace() and entry_point not in bound_in([chunk])
    ]
    kept: dict[int, Chunk] = {}
    names: set[str] = set()
    while more := [chunk for chunk in chunks if chunk.start not in kept and bound_in([chunk]) & missing]:
        names |= bound_in(more) & missing
        kept.update({chunk.start: chunk for chunk in more})
        sources = ["\n".join(lines[chunk.start : chunk.end]) + "\n" for chunk in more]
        missing = missing.union(*(meter.free_names(source) for source in sources)) - _BUILTINS
    if not kept:
        return program, []
    head, tail = _split_future(program, meter)
    brought = ["\n".join(lines[chunk.start : chunk.end]) for _, chunk in sorted(kept.items())]
    return head + "\n".join(brought) + "\n\n\n" + tail, sorted(names)


def _split_future(program: str, meter: Meter) -> tuple[str, str]:
    """A program cut behind its `from __future__` imports, before which nothing may stand."""
    tree = meter.parse(program)
    last = 0
    for statement in tree.body if isinstance(tree, ast.Module) else ():
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            last = statement.end_lineno or 0
    lines = program.split("\n")
    return "".join(line + "\n" for line in lines[:last]), "\n".join(lines[last:])
