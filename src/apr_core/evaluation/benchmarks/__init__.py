"""Benchmarks: problems in the formats that people publish them in.

The one thing a reader would get wrong: a benchmark is named, its file is not guessed. A file of another benchmark is refused,
so that a score is never of other problems than its name says.
"""

from apr_core.evaluation.benchmarks.loading import Benchmark, describe, from_rows, load, require_digest
from apr_core.evaluation.benchmarks.table import BENCHMARKS, Hub, Row

__all__ = ["BENCHMARKS", "Benchmark", "Hub", "Row", "describe", "from_rows", "load", "require_digest"]
