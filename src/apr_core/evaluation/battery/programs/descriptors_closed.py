"""Closes every descriptor, so that nothing can be said any more, and hopes that no news is good news.

family: forging
classes: exception, wrong-answer, sandbox-violation
fools: none, because silence fools only a harness that reads it as a pass
"""

import os


def add(a, b):
    os.closerange(0, 65536)
