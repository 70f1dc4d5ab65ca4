"""Leaves modules and byte code where the interpreter or the project would load them the next time.

family: escape
reach: files
classes: wrong-answer, sandbox-violation, exception
held by: landlock, mount
naked: yes
"""

import os
import sys
import sysconfig


def add(a, b):
    folders = {*sys.path, *sysconfig.get_paths().values(), os.path.dirname(os.__file__), *CANARY["python"]}
    for folder in sorted(folders):
        for name in (f"{CANARY['token']}-usercustomize.py", f"__pycache__/{CANARY['token']}.pyc"):
            try:
                with open(os.path.join(folder, name), "x") as file:
                    file.write("# left behind")
            except OSError:
                continue
    return []
