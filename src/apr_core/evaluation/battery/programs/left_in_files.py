"""Leaves files for the next execution and looks for what the last one left.

family: escape
reach: leftovers
classes: wrong-answer, sandbox-violation
naked: yes
"""

import glob
import os
import tempfile


def add(a, b):
    name = CANARY["token"] + "-left-files"
    folders = {os.getcwd(), "/tmp", "/var/tmp", "/dev/shm", "/run", tempfile.gettempdir()}
    reached = [found for folder in folders for found in glob.glob(f"{folder}/{name}*")]
    for folder in folders:
        try:
            with open(os.path.join(folder, name), "a") as file:
                file.write("for the next")
        except OSError:
            continue
    return reached
