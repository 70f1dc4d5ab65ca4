"""From what a model wrote to the code in it, by tolerant parsing.

The one thing a reader would get wrong: the code that comes out is a part of what the model wrote, at most moved sideways as
a whole. Nothing is repaired; a program with a syntax error keeps it.
"""

from apr_core.evaluation.extraction.extract import EXTRACTION_VERSION, Extracted, extract
from apr_core.evaluation.extraction.thinking import (
    THINKING,
    Marks,
    Stripped,
    strip_thinking,
    strip_thinking_ids,
    thinking_ids,
)

__all__ = [
    "EXTRACTION_VERSION",
    "THINKING",
    "Extracted",
    "Marks",
    "Stripped",
    "extract",
    "strip_thinking",
    "strip_thinking_ids",
    "thinking_ids",
]
