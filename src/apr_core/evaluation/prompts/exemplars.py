"""Solved examples that are shown before a problem. Written for this; none is a problem of a benchmark.

The one thing a reader would get wrong: an exemplar is shown in the form that the problem is asked in, through the same
template, so it is kept in parts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A problem with its answer."""

    entry_point: str
    sentence: str
    """What is asked, in words."""
    begun: str
    """What is asked, as the beginning of a program: signature and docstring, ending in a line end."""
    rest: str
    """The body of the function, indented."""
    assertions: tuple[str, ...]
    """Tests that it passes, as statements."""

    @property
    def program(self) -> str:
        """The whole answer."""
        return self.begun + self.rest


TRIVIAL = (
    Exemplar(
        "twice",
        "Write a function that returns a number times two.",
        'def twice(number):\n    """Return the number times two."""\n',
        "    return number * 2\n",
        ("assert twice(3) == 6",),
    ),
)
"""One that shows nothing but the form of an answer."""

CONCRETE = (
    Exemplar(
        "label_widths",
        "Write a function that maps each label to the number of characters it takes without spaces around it, "
        "leaving out labels that are empty.",
        'def label_widths(labels: list[str]) -> dict[str, int]:\n    """Map each label to its width without spaces around '
        "it.\n    Labels that are empty without them are left out.\n    >>> label_widths([' ab ', ''])\n    {'ab': 2}\n"
        '    """\n',
        "    stripped = [label.strip() for label in labels]\n    return {label: len(label) for label in stripped if label}\n",
        ("assert label_widths([' ab ', '']) == {'ab': 2}",),
    ),
    Exemplar(
        "refill_days",
        "Write a function that returns on which days, counted from 0, a tank of the given size is filled up again, which "
        "happens in the morning when what is left would not last for that day's use.",
        'def refill_days(size: int, uses: list[int]) -> list[int]:\n    """Days, from 0, on which a full tank of this size '
        "is filled up again:\n    in the morning, when what is left would not last for the day's use.\n"
        '    >>> refill_days(5, [3, 3, 2])\n    [1]\n    """\n',
        "    left, days = size, []\n    for day, use in enumerate(uses):\n        if use > left:\n"
        "            days.append(day)\n            left = size\n        left -= use\n    return days\n",
        ("assert refill_days(5, [3, 3, 2]) == [1]",),
    ),
    Exemplar(
        "ticket_price",
        "Write a function that returns the price of a ticket in cents: 250 per zone, at most 900, and half of it, rounded "
        "down, for children below 14.",
        'def ticket_price(zones: int, age: int) -> int:\n    """Price in cents: 250 per zone, at most 900; half, rounded '
        'down, below 14 years.\n    >>> ticket_price(5, 13)\n    450\n    """\n',
        "    price = min(250 * zones, 900)\n    return price // 2 if age < 14 else price\n",
        ("assert ticket_price(5, 13) == 450",),
    ),
)
"""Three that take a loop, a condition and a filter."""
