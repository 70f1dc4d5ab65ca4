"""A thread ends the process with status 0 while the test still waits for the answer.

family: forging
classes: exception
fools: exit-code
"""

import os
import threading


def add(a, b):
    threading.Thread(target=os._exit, args=(0,)).start()
    threading.Event().wait()
