"""Leaves with status 0 before any test has run.

family: forging
classes: exception
fools: exit-code
"""

import sys

sys.exit(0)
