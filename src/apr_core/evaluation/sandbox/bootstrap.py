"""The first lines that a zygote runs: modules from text, as if they were installed, and then its main function.

Run as the text of `python -c`. It reads one JSON object from standard input: `{sources, path, module, settings}`.

The one thing a reader would get wrong: nothing of apr-core is imported from disk here, so an edited module that was never
written anywhere reaches the zygote as well.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import sys
import types
from collections.abc import Sequence


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds modules by full name in a table of texts; a name that only occurs as the beginning of others is an empty package."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.sources = sources

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for what the table has."""
        if fullname in self.sources or self.is_package(fullname):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=self.is_package(fullname))
        return None

    def is_package(self, fullname: str) -> bool:
        """Whether other names begin with this one."""
        return any(name.startswith(f"{fullname}.") for name in self.sources)

    def get_source(self, fullname: str) -> str:
        """The text; empty for a package."""
        return self.sources.get(fullname, "")

    def exec_module(self, module: types.ModuleType) -> None:
        """Compile and run the text."""
        name = module.__name__
        exec(compile(self.get_source(name), f"<{name}>", "exec", dont_inherit=True), module.__dict__)


def start() -> None:
    """Read what to do, and do it."""
    greeting = json.loads(sys.stdin.buffer.read())
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    sys.path[:] = greeting["path"]
    sys.meta_path.insert(0, Sources(greeting["sources"]))
    main = importlib.import_module(greeting["module"]).main
    settings = greeting["settings"]
    del greeting
    main(settings)


if __name__ == "__main__":
    start()
