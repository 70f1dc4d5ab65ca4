"""Makes empty files without end, each of which takes an entry and no space.

family: exhaustion
classes: output-flood, exception, timeout, wrong-answer
"""

import os


def add(a, b):
    for number in range(100_000):
        os.close(os.open(f"{number}", os.O_CREAT | os.O_WRONLY))
    return None
