"""Types into the terminal of whoever runs the sandbox (TIOCSTI), on every descriptor and on /dev/tty.

family: escape
reach: files
classes: wrong-answer, sandbox-violation
"""

import fcntl
import os
import termios


def add(a, b):
    reached = []
    descriptors = list(range(64))
    try:
        descriptors.append(os.open("/dev/tty", os.O_RDWR))
        reached.append("opened /dev/tty")
    except OSError:
        pass
    for descriptor in descriptors:
        if os.isatty(descriptor):
            reached.append(f"a terminal at descriptor {descriptor}")
        try:
            fcntl.ioctl(descriptor, termios.TIOCSTI, b"\0")
            reached.append(f"typed into descriptor {descriptor}")
        except OSError:
            continue
    return reached
