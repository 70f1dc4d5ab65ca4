"""Rewrites every function of this sandbox's own modules that lies in its process to give "passed".

family: forging
classes: wrong-answer, exception, sandbox-violation
fools: none, because it is written against this sandbox and no other
"""

import sys
import types

PASSED = {"outcome": "passed", "groups": [{"name": "base", "outcome": "passed", "detail": "", "integrity": "strong"}]}


def add(a, b):
    for name, module in list(sys.modules.items()):
        if name.startswith("apr_core"):
            for key, thing in list(vars(module).items()):
                if isinstance(thing, types.FunctionType) and key in ("check", "compare", "equal", "same", "decode"):
                    setattr(module, key, lambda *_, **__: PASSED)
    return PASSED
