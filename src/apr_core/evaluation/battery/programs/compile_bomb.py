"""Compiles a text of sixty short lines whose code doubles with each of them.

family: exhaustion
classes: memory, timeout, exception
cpu: 1
"""


def add(a, b):
    # Every `finally` is compiled twice, once for the way on and once for the exception, with all that is inside it.
    lines = []
    for depth in range(19):
        lines += [" " * depth + "try: a", " " * depth + "finally:"]
    lines += [" " * 19 + f"a{number}" for number in range(20)]
    exec(compile("\n".join(lines), "bomb", "exec"), {"a": a})
    return None
