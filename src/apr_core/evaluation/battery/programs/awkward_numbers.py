"""Answers with numbers that break arithmetic: too large for a float, signalling, neither larger nor smaller.

family: forging
task: mean
classes: wrong-answer, exception
fools: none, because a harness that raises on them fails the program; the checker must not fail with it
parts: huge_int, huge_fraction, huge_decimal, signalling, complex, infinite, date, none, text
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction

ANSWERS = {
    "huge_int": 10**1000,
    "huge_fraction": Fraction(10**1000, 3),
    "huge_decimal": Decimal("1e999999"),
    "signalling": Decimal("sNaN"),
    "complex": complex("nan"),
    "infinite": float("inf"),
    "date": date(1, 1, 1),
    "none": None,
    "text": "1.5",
}


def mean(values):
    return ANSWERS[CANARY["part"]]
