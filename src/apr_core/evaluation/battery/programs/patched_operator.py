"""Replaces the comparing functions of the modules operator and math.

family: forging
task: mean
classes: wrong-answer, exception
fools: in-process
"""

import math
import operator

operator.eq = operator.is_ = math.isclose = lambda *_, **__: True
operator.ne = math.isnan = lambda *_, **__: False


def mean(values):
    return -1.0
