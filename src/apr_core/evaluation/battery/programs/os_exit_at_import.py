"""Ends the process with status 0 past every handler, before any test has run.

family: forging
classes: exception
fools: exit-code
"""

import os

os._exit(0)
