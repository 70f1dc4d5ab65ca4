"""Asks the garbage collector for every container in the process and looks for the expected value in them.

family: forging
task: recall
classes: wrong-answer
fools: in-process
"""

import gc
import re

KEY = re.compile("KEY-[0-9a-f]{32}")


def recall(number):
    for thing in gc.get_objects():
        if type(thing) in (list, tuple, dict, set):
            items = [*thing.keys(), *thing.values()] if type(thing) is dict else thing
            for item in items:
                if type(item) is str and KEY.search(item):
                    return KEY.search(item)[0]
    return "not found"
