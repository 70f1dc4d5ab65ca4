"""refuted.yaml: claims once believed and now known to be false.

The one thing a reader would get wrong: listing a claim does not make it pass. It shows as xfailed, it still shuts every gate,
and when it is no longer false the run fails until the entry is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from apr_core.contract.inputs import Model
from apr_core.contract.yaml import parse
from apr_core.errors import ContractError, Problem
from apr_core.files import read_text


class RefutedClaim(Model):
    """One entry."""

    claim: str = Field(pattern=r"^[A-Za-z0-9_./-]+::[A-Za-z][A-Za-z0-9_.-]*$")
    """`folder/file::ID`."""
    since: str
    """When it was found to be false, as YYYY-MM-DD."""
    evidence: list[str] = Field(default=[])
    """Evidence ids that refute it."""
    note: str
    """Why it was believed, or what is true instead, in one sentence."""


class RefutedFile(Model):
    """The whole file."""

    refuted: list[RefutedClaim] = Field(default=[])
    """The entries, in any order."""


def load_refuted(path: Path) -> Mapping[str, str]:
    """Claim id → note; nothing when there is no such file.

    Raises:
        ContractError: the file is not of this form, or lists a claim twice.
    """
    if not path.is_file():
        return {}
    document = parse(read_text(path), str(path))
    try:
        entries = RefutedFile.model_validate(document.value).refuted
    except ValidationError as error:
        places = [(document.mark(tuple(found["loc"])), found["msg"]) for found in error.errors()]
        raise ContractError(Problem(str(path), line, column, message) for (line, column), message in places) from None
    notes: dict[str, str] = {}
    for index, entry in enumerate(entries):
        if entry.claim in notes:
            line, column = document.mark(("refuted", index))
            raise ContractError([Problem(str(path), line, column, f"{entry.claim} is listed twice. Keep one entry.")])
        notes[entry.claim] = entry.note
    return notes
