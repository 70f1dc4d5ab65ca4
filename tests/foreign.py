"""What tests in several folders share: where things lie, and pytest as somebody else's project runs it.

The one thing a reader would get wrong: it is no `conftest.py`, of which there are several; a test that imported from one would
get whichever was loaded last.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


def run_pytest(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Plain `pytest` in a folder, in a process of its own, with 100 columns and no colour."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    clean |= {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONDEVMODE": "0"} | environment
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False)
