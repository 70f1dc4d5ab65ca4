"""What an importer gives: the text of a contract, checked, and what there is to say about it.

The one thing a reader would get wrong: nothing is written here. The text has been read back as a contract, and its
source rebuilt from it, before anybody is asked where it should go.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apr_core.contract.limits import FILE_BYTES
from apr_core.contract.load import load_bytes
from apr_core.contract.obligations import Gate, is_bound
from apr_core.contract.schema import SUFFIX, Contract
from apr_core.errors import AprError, ContractError


@dataclass(frozen=True, slots=True)
class Imported:
    """A contract made from another registry's document."""

    text: str
    """The whole file."""
    contract: Contract
    """What the file says when it is read."""
    kept: tuple[str, ...]
    """Parts of the source that became no claim, and are kept as data."""
    notes: tuple[str, ...]
    """What was not taken over as it stood, one sentence each."""

    @property
    def gates(self) -> int:
        """Release decisions over the claims."""
        return sum(isinstance(one, Gate) for one in self.contract.obligations)

    @property
    def claims(self) -> int:
        """Obligations besides the gates."""
        return len(self.contract.obligations) - self.gates

    @property
    def bound(self) -> int:
        """Claims that say by what they could be tried."""
        return sum(is_bound(one) for one in self.contract.obligations) - self.gates


def original(contract: Contract) -> dict[str, Any]:
    """The document that a contract was imported from: equal in data, types and the order of keys.

    Raises:
        AprError: the contract was not imported.
    """
    if contract.source is None:
        raise AprError(f"the contract {contract.title!r} has no `source`: it was written here, not imported.")
    return contract.source.document


def read_back(text: str, shown: str, document: dict[str, Any]) -> Contract:
    """The contract that `text` is; `document` is what must come out of it again, and `shown` the source's path.

    Raises:
        AprError: it is beyond the limits of a contract file.
    """
    content = text.encode()
    if len(content) > FILE_BYTES:
        raise AprError(
            f"{shown}: the contract made from it has {len(content):,} bytes, and at most {FILE_BYTES:,} are read. "
            "Split the source."
        )
    try:
        contract = load_bytes(content, Path(f"imported{SUFFIX}"), Path()).model
    except ContractError as error:
        problem = error.problems[0].message
        raise AprError(f"{shown}: the contract made from it cannot be used: {problem} Change the source.") from error
    if json.dumps(original(contract)) != json.dumps(document):  # the one comparison that tells 1 from 1.0 and from true
        raise AssertionError(f"{shown} was not rebuilt from the contract made of it")
    return contract
