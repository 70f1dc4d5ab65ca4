"""Parsing text that may not be Python, and counting what it costs.

The one thing a reader would get wrong: nothing is executed or compiled to code here, and no text can raise. What Python's parser
refuses in any way, also for its depth or for its size, is a `Broken`.
"""

from __future__ import annotations

import ast
import symtable
import threading
import warnings
from dataclasses import dataclass, field
from typing import NamedTuple

_QUIET = threading.Lock()  # the filters of warnings are one for all threads


class Broken(NamedTuple):
    """What the parser refused, and on which line (from 1; 0 when it does not say)."""

    line: int


@dataclass(slots=True)
class Meter:
    """What has been parsed. `characters` is what a bound on time rests on."""

    parses: int = 0
    characters: int = 0
    allowance: int = field(default=0)
    """Characters that may be parsed in vain before broken statements are skipped whole; set from the text's length."""

    def parse(self, source: str) -> ast.Module | Broken:
        """The syntax tree of a source, or where it breaks."""
        self.parses += 1
        self.characters += len(source)
        try:
            with _QUIET, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes, `is` with a literal
                return ast.parse(source)
        except SyntaxError as error:
            return Broken(error.lineno or 0)
        except (ValueError, RecursionError, MemoryError):  # null characters, lone surrogates, depth
            return Broken(0)

    def free_names(self, source: str) -> frozenset[str]:
        """Names that a source reads at module level or as globals, and does not bind there; nothing if it is broken."""
        self.parses += 1
        self.characters += len(source)
        try:
            with _QUIET, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                top = symtable.symtable(source, "<answer>", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return frozenset()
        bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
        read: set[str] = set()
        tables = [top]
        while tables:
            table = tables.pop()
            tables += table.get_children()
            for symbol in table.get_symbols():
                at_top = table is top or symbol.is_global()
                if at_top and symbol.is_referenced():
                    read.add(symbol.get_name())
                if table is not top and symbol.is_declared_global() and symbol.is_assigned():
                    bound.add(symbol.get_name())
        return frozenset(read - bound)
