"""Replaces in `sys.modules` every module that could belong to a checker by one whose functions all agree.

family: forging
task: mean
classes: wrong-answer, exception
fools: in-process
"""

import sys
import types


class Agreeing(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: True


ours = [name for name in sys.modules if name.startswith("apr_core")]
for name in ("math", "operator", "decimal", "unittest", *ours):
    sys.modules[name] = Agreeing(name)


def mean(values):
    return -1.0
