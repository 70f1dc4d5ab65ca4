"""Raises its own limits again, soft and hard, by every call that can.

family: escape
reach: kernel
classes: wrong-answer, sandbox-violation
held by: limits
"""

import os
import resource

NAMES = ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_MEMLOCK")


def add(a, b):
    reached = []
    for name in NAMES:
        number = getattr(resource, name)
        soft, hard = resource.getrlimit(number)
        if hard == resource.RLIM_INFINITY:
            if name not in ("RLIMIT_MEMLOCK",):
                reached.append(f"{name} has no limit")
            continue
        for wanted in ((hard + 1, hard + 1), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)):
            for change in (resource.setrlimit, lambda kind, pair: resource.prlimit(os.getpid(), kind, pair)):
                try:
                    change(number, wanted)
                    reached.append(f"raised {name} to {wanted[1]}")
                except (OSError, ValueError):
                    continue
    return reached
