"""Programs that may be hostile, run where they can do no harm and cannot forge what came of them.

The one thing a reader would get wrong: importing this starts nothing and tries nothing. The first `Sandbox` of a process tries
which layers the machine offers, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apr_core.evaluation.sandbox.layers import LAYERS, LEVELS, Isolation
from apr_core.evaluation.sandbox.outcome import CLASSES, Execution, GroupResult, Limits

if TYPE_CHECKING:
    from apr_core.evaluation.sandbox.server import Sandbox

__all__ = ["CLASSES", "LAYERS", "LEVELS", "Execution", "GroupResult", "Isolation", "Limits", "Sandbox"]


def __getattr__(name: str) -> object:
    if name == "Sandbox":  # subprocess, tempfile and the rest are imported by whoever opens one
        from apr_core.evaluation.sandbox import server

        return server.Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
