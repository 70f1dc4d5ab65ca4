"""Showing a file in a browser without ever waiting for it.

The one thing a reader would get wrong: `webbrowser.open` runs a browser for the terminal in the foreground, and so would
take the terminal over or hang where there is none. Here it runs in a process of its own, without input or output.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
_SECONDS = 5.0
"""How long a browser has to say that it cannot be opened; one that still runs then has been."""


def show(path: Path) -> bool:
    """Opens `path` in the user's browser (`$BROWSER` is respected); False when there is none that can be opened."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, path.absolute().as_uri()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return process.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        process.returncode = 0  # it is the user's now: nothing waits for it, and nothing warns that nothing does
        return True
