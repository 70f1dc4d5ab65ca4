"""Every bound on what a contract file or an expression may ask for, in one place.

The one thing a reader would get wrong: these are not tuning knobs. They keep the loading of a hostile file within a
second and a few megabytes, and are orders of magnitude above what an honest contract needs.
"""

from __future__ import annotations

FILE_BYTES = 1 << 20
"""Largest contract file, in bytes."""
YAML_DEPTH = 64
"""Deepest nesting of a file, aliases expanded."""
YAML_NODES = 100_000
"""Most nodes of a file, aliases expanded."""
PROBLEMS = 200
"""Most problems that are reported of one file; a file with more is not a contract that somebody wrote."""
DECLARATIONS = 1_000
"""Most obligations, inputs or other entries of one section."""
NUMBER_CHARACTERS = 1_000
"""Longest number in a file, in characters."""

SOURCE_CHARACTERS = 4_000
"""Longest expression, in characters."""
SOURCE_NODES = 500
"""Most syntax nodes of an expression."""
SOURCE_DEPTH = 40
"""Deepest nesting of an expression."""

INTEGER_BITS = 4_096
"""Widest integer that an expression may compute."""
ELEMENTS = 1_000_000
"""Most elements of sequences that one evaluation may build, walk or compare."""
FOLDED_ELEMENTS = 1_000
"""The same for an expression that is evaluated while a file is loaded, to judge a bound."""
ARRAY_ELEMENTS = 1 << 27
"""Most elements of an array that an expression may create by broadcasting, indexing or joining: 1 GiB of float64."""
FILE_READ_BYTES = 1 << 26
"""Largest file that an expression may read: 64 MiB."""
