"""Puts a finder in front of all others that serves agreeing modules for whatever is imported later.

family: forging
task: mean
classes: wrong-answer, exception
fools: in-process
"""

import importlib.abc
import importlib.machinery
import sys
import types


class Agreeing(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: True


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        return Agreeing(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Finder())
for late in ("math", "operator", "decimal"):
    sys.modules.pop(late, None)


def mean(values):
    return -1.0
