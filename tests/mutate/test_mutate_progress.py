"""The progress bar: on a terminal when work is long, and otherwise nowhere."""

from __future__ import annotations

import io
import sys

import pytest

from apr_core.commands import progress as module
from apr_core.commands.progress import progress


class Terminal(io.StringIO):
    """A stderr that somebody looks at."""

    def isatty(self) -> bool:
        return True


def look(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal for stderr; not as a fixture, because pytest puts its own stderr in place after those."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    for name, value in {"TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return screen


def steps(number: int) -> None:
    with progress("mutants", 3) as bar:
        for _ in range(number):
            bar.step()


def test_short_work_shows_nothing_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look(monkeypatch)
    steps(3)
    assert terminal.getvalue() == ""


def test_long_work_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look(monkeypatch)
    monkeypatch.setattr(module, "AFTER", -1.0)
    steps(2)
    assert "mutants" in terminal.getvalue()
    assert "2/3" in terminal.getvalue()


def test_nothing_reaches_a_pipe_however_long_it_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "AFTER", -1.0)
    steps(3)
    assert capsys.readouterr() == ("", "")


def test_the_bar_is_taken_away_when_the_work_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look(monkeypatch)
    monkeypatch.setattr(module, "AFTER", -1.0)
    with pytest.raises(KeyboardInterrupt), progress("mutants", 3) as bar:
        bar.step()
        raise KeyboardInterrupt
    assert terminal.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back and the line is wiped
