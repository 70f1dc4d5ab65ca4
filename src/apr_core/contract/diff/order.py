"""Which of two values is more: numbers, intervals, sets, flags, preconditions.

The one thing a reader would get wrong: more is not stricter. A larger tolerance is looser and a larger `at_least` is
tighter; which it is stands in the tables of `rules` and `domains`, and not here.
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from enum import Enum
from typing import Any

from apr_core.contract.diff.forms import Form, Side, frozen, tree_of


class Order(Enum):
    """The new value against the old one."""

    SAME = "same"
    MORE = "more"
    LESS = "less"
    OTHER = "other"
    """They differ, and neither is more."""


SAME, MORE, LESS, OTHER = Order

Compare = Callable[[Any, Any, Side, Side], Order]
"""From the old and the new value, and the contracts that they stand in."""


def combined(orders: Iterable[Order]) -> Order:
    """The order of a whole that has more of something when a part has: both ways at once cannot be compared."""
    found = set(orders) - {SAME}
    if not found:
        return SAME
    return found.pop() if len(found) == 1 else OTHER


def reversed_(order: Order) -> Order:
    """The order the other way around."""
    return {MORE: LESS, LESS: MORE}.get(order, order)


def expression(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Values that are the same or not, expressions in them by what they mean."""
    return SAME if was.meaning(old) == now.meaning(new) else OTHER


def exactly(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Values of which nothing is known: the same in every letter, and in what their names stand for."""
    return combined([verbatim(old, new, was, now), expression(old, new, was, now)])


def verbatim(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Values that are the same or not, texts letter by letter."""
    return SAME if frozen(old) == frozen(new) else OTHER


def prose(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Texts, or lists of texts without order, that are the same or not; how they are broken into lines does not matter."""
    return SAME if _unbroken(old) == _unbroken(new) else OTHER


def _unbroken(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(_unbroken(inner) for inner in value)
    return " ".join(value.split()) if isinstance(value, str) else value


def present(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Something that is asked for or not."""
    if old is None or new is None:
        return flag(old is not None, new is not None, was, now)
    return expression(old, new, was, now)


def flag(old: bool, new: bool, was: Side, now: Side) -> Order:
    """True is more than false."""
    return ranked(old, new)


def ranked(old: Any, new: Any) -> Order:
    """Two values of an ordered type."""
    if old == new:
        return SAME
    return MORE if new > old else LESS if new < old else OTHER


def steps(*words: str) -> Compare:
    """Words of which each is more than the one before."""

    def compare(old: Any, new: Any, was: Side, now: Side) -> Order:
        return ranked(words.index(old), words.index(new)) if {old, new} <= set(words) else verbatim(old, new, was, now)

    return compare


def number(absent: float | None) -> Compare:
    """Numbers, computed where they are constant; `absent` is what none at all amounts to."""

    def compare(old: Any, new: Any, was: Side, now: Side) -> Order:
        low, high = (absent if value is None else side.number(value) for value, side in ((old, was), (new, now)))
        if low is None or high is None:
            return expression(old, new, was, now)
        return ranked(low, high)

    return compare


quantity = number(None)
"""Numbers that are always there."""


def interval(old: Any, new: Any, was: Side, now: Side) -> Order:
    """`[low, high]`, or one number for both: more is wider."""
    (old_low, old_high), (new_low, new_high) = _ends(old), _ends(new)
    return combined([reversed_(quantity(old_low, new_low, was, now)), quantity(old_high, new_high, was, now)])


def real_interval(old: Any, new: Any, was: Side, now: Side) -> Order:
    """The same of reals that are drawn, where an end of -0.0 is another number than 0.0."""
    found = interval(old, new, was, now)
    if found is not SAME:
        return found
    before, after = ([_sign(side.number(end)) for end in _ends(value)] for value, side in ((old, was), (new, now)))
    return combined([reversed_(ranked(before[0], after[0])), ranked(before[1], after[1])])


def _sign(value: float | None) -> float:
    return 1.0 if value is None else math.copysign(1.0, value)


def _ends(value: Any) -> tuple[Any, Any]:
    return (value[0], value[1]) if isinstance(value, list) else (value, value)


def members(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Lists of expressions, or expressions that write a list out: more has all that the other one has, and another."""
    return subset(_members(old, was), _members(new, now))


def literals(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Lists of values; their order does not matter."""
    return subset({frozen(value) for value in old}, {frozen(value) for value in new})


def subset(old: Collection[Any], new: Collection[Any]) -> Order:
    """Two sets."""
    old, new = frozenset(old), frozenset(new)
    return combined([MORE] * bool(new - old) + [LESS] * bool(old - new))


def _members(value: Any, side: Side) -> set[Form]:
    form = side.meaning(value)
    return set(form[1]) if form[0] == "list" else {("whole", form)}


def characters(old: str | None, new: str | None, was: Side, now: Side) -> Order:
    """Alphabets; none is all of Unicode."""
    if old is None or new is None:
        return ranked(old is None, new is None)
    return subset(set(old), set(new))


def breadth(old: str, new: str, was: Side, now: Side) -> Order:
    """Names of exceptions: more accepts more of them. A bare name accepts a class of that name in any module."""
    if old == new:
        return SAME
    if new == old.rpartition(".")[2]:
        return MORE
    if old == new.rpartition(".")[2]:
        return LESS
    low, high = _builtin(old), _builtin(new)
    if low is None or high is None:
        return OTHER
    return MORE if issubclass(low, high) else LESS if issubclass(high, low) else OTHER


def _builtin(name: str) -> type[BaseException] | None:
    """An exception of Python by its own name; `IOError` is not one, for no error calls itself so."""
    kind = getattr(builtins, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) and kind.__name__ == name else None


def conditions(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Conditions that must all be true: more is stricter. A part such as `n < 9` has weaker and stricter forms."""
    before, after = _conditions(old, was), _conditions(new, now)
    missing = [LESS for form in before if form not in after]
    return combined([*missing, *(ranked(before.get(form, _NO_LIMIT), limit) for form, limit in after.items())])


Limit = tuple[float, int]
"""How strict a comparison is: the number, negated where a lower one is stricter, and whether equality is excluded."""
_NO_LIMIT: Limit = (-math.inf, -1)
_WHOLE: Limit = (math.inf, 1)


def _conditions(value: Any, side: Side) -> dict[Form, Limit]:
    """The parts of one condition, of a list of them, or of none, each with how strict it is."""
    found: dict[Form, Limit] = {}
    for source in [] if value is None else value if isinstance(value, list) else [value]:
        tree = tree_of(source)
        for form, limit in [(side.form(source), _WHOLE)] if tree is None else _parts(tree, side):
            found[form] = max(limit, found.get(form, _NO_LIMIT))
    return found


def _parts(tree: ast.expr, side: Side) -> Iterator[tuple[Form, Limit]]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for part in tree.values:
            yield from _parts(part, side)
    elif isinstance(tree, ast.Compare):
        sides = [tree.left, *tree.comparators]
        for left, operator, right in zip(sides[:-1], tree.ops, sides[1:], strict=True):
            yield _comparison(left, operator, right, side)
    else:
        yield side.form_of(tree), _WHOLE


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr, side: Side) -> tuple[Form, Limit]:
    """`expression < number` by its expression and its number, any other comparison as a whole."""
    strict = isinstance(operator, (ast.Lt, ast.Gt))
    if strict or isinstance(operator, (ast.LtE, ast.GtE)):
        upwards = isinstance(operator, (ast.Gt, ast.GtE))
        for limit, other, above in ((right, left, upwards), (left, right, not upwards)):
            value = side.number(ast.unparse(limit))
            if value is not None:
                return ("above" if above else "below", side.form_of(other)), (value if above else -value, strict)
    return side.form_of(ast.Compare(left, [operator], [right])), _WHOLE
