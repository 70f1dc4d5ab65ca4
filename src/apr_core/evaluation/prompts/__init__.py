"""How a problem is put to a model: strategies as rows of a table, and one way to build a prompt from a row.

The one thing a reader would get wrong: a strategy's name goes into the evidence, so a row is never reworded under its name once
records of it exist. A new wording is a new row.
"""

from apr_core.evaluation.prompts.build import build, find
from apr_core.evaluation.prompts.choose import Choice, choose
from apr_core.evaluation.prompts.exemplars import Exemplar
from apr_core.evaluation.prompts.load import load_strategies
from apr_core.evaluation.prompts.strategy import FIELDS, Strategy
from apr_core.evaluation.prompts.table import STRATEGIES

__all__ = ["FIELDS", "STRATEGIES", "Choice", "Exemplar", "Strategy", "build", "choose", "find", "load_strategies"]
