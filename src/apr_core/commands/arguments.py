"""What a command was told, apart from what it assumed.

The one thing a reader would get wrong: an option given with the value that is its default counts as assumed. The two cannot be
told apart, and mean the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

NOT_OPTIONS = frozenset({"family", "action", "parser", "json", "plan", "evidence"})
"""Names in a namespace that say nothing about a measurement."""
PATHS = frozenset({"file", "problems", "checkpoint", "output", "strategies"})
"""Paths, of which a record keeps the last part: the folders are those of one machine, and digests say what was in the files."""


def passed_and_default(args: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments that differ from their defaults, and the others, both by name."""
    passed: dict[str, Any] = {}
    default: dict[str, Any] = {}
    for name, value in sorted(vars(args).items()):
        if name not in NOT_OPTIONS:
            kept = Path(value).name if name in PATHS and value and "://" not in value else value
            (default if value == args.parser.get_default(name) else passed)[name] = kept
    return passed, default
