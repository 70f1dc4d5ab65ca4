"""A progress bar on stderr, for work that turns out to take longer than two seconds.

The one thing a reader would get wrong: it shows nothing in a pipe or a log. Where stderr is no terminal, and in the first two
seconds, not a byte is written; so the output of a command never depends on it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AFTER = 2.0
"""Seconds before the bar appears."""


class Progress:
    """Counts steps; `step` is called after each."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self.started = time.monotonic()
        self.on_screen = sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def step(self) -> None:
        """One step is done."""
        self.done += 1
        if self.on_screen and self._bar is None and time.monotonic() - self.started > AFTER:
            self._show()
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done)

    def _show(self) -> None:
        from rich import progress
        from rich.console import Console

        columns = (
            progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
        )  # fmt: skip
        self._bar = progress.Progress(
            *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._task = self._bar.add_task(self.what, total=self.total)
        self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def progress(what: str, total: int) -> Iterator[Progress]:
    """A bar for `total` steps that is gone afterwards, however the work ends."""
    bar = Progress(what, total)
    try:
        yield bar
    finally:
        bar.close()
