"""Replaces its process by /bin/true, whose status is 0.

family: forging
classes: exception, sandbox-violation
fools: exit-code
"""

import os


def add(a, b):
    for path in ("/bin/true", "/usr/bin/true"):
        try:
            os.execv(path, ["true"])
        except OSError:
            continue
    return None
