"""Aborts, with a dump of its memory asked for.

family: exhaustion
classes: exception
"""

import faulthandler
import os
import resource


def add(a, b):
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        pass
    faulthandler.enable()
    os.abort()
