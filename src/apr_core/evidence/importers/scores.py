"""What the importers of lm-evaluation-harness and Inspect share: one score of several is chosen, and records are checked.

The one thing a reader would get wrong: nothing is chosen for the user. A file with two scores of the same answers holds
two measurements, and a record that took the first, or the better, would not say which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from apr_core.errors import AprError, EvidenceError, did_you_mean
from apr_core.evidence.record import Record, record_text


class Open(BaseModel):
    """The keys of a foreign file that are read. It may have others: each version of the harness adds some."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, allow_inf_nan=False)


def chosen(where: str, there: Sequence[str], wanted: Sequence[str]) -> str:
    """The one score of `there` that is `wanted`; the only one there is, whatever is wanted.

    A wanted `acc` also means `acc,none`, the score of that name whatever follows the comma.

    Raises:
        EvidenceError: several are there and not exactly one of them is wanted; names them all.
    """
    if len(there) == 1:
        return there[0]
    found = [one for one in there if one in wanted or one.partition(",")[0] in wanted]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(there)
    if found:
        raise EvidenceError(
            f"{where}: --score asks for {len(found)} of its scores, {', '.join(found)}, and a record holds one. There "
            f"are {listed}. Import them one after the other, each into its own folder."
        )
    near = "".join(did_you_mean(one, there) for one in wanted)
    raise EvidenceError(
        f"{where}: it has {len(there)} scores of the same answers: {listed}. Say which one the record is of, "
        f"for example --score {there[0]}.{near}"
    )


def refuse_unused(wanted: Sequence[str], there: Iterable[str], where: str) -> None:
    """Nothing, when every wanted score occurs somewhere.

    Raises:
        EvidenceError: one does not: it was mistyped, and silence would import another in its place.
    """
    names = {name for one in there for name in (one, one.partition(",")[0])}
    for one in wanted:
        if one not in names:
            listed = ", ".join(sorted(set(there)))
            raise EvidenceError(
                f"{where}: there is no score {one!r}; there are {listed}.{did_you_mean(one, sorted(names))} Correct --score."
            )


def number(value: Any) -> float | None:
    """A finite number, or true and false as 1 and 0; None for anything else."""
    return float(value) if isinstance(value, bool | int | float) and math.isfinite(value) else None


def agrees(stated: Any, found: float) -> bool:
    """Whether a total that a harness printed is what the results listed come to, up to the order of summation."""
    value = number(stated)
    return value is not None and math.isclose(value, found, rel_tol=1e-6, abs_tol=1e-9)


def sound(where: str, record: Record) -> Record:
    """`record`, once it is sure that it can be written: text from a foreign file may be no Unicode.

    Raises:
        EvidenceError: it cannot. Otherwise that would come out when the records before it are written already.
    """
    try:
        record_text(record)
    except AprError as error:
        raise EvidenceError(f"{where}: {error} Restore the file.") from error
    return record


def impossible(where: str, error: ValidationError) -> EvidenceError:
    """What to say when facts that were read make no valid record."""
    detail = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    return EvidenceError(f"{where}: this makes no record: {f'{place}: ' if place else ''}{message}. Restore the file.")
