"""What an imported contract was made from: another registry's document, kept whole beside the claims.

The one thing a reader would get wrong: the document is not a leftover of the import. A claim loses its prose once
somebody binds it; what its source said stays here, and from here the source can be rebuilt.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from apr_core.contract.inputs import Model

Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)+$")]
"""A JSON pointer (RFC 6901): `/proof_obligations/0` is the first of the list `proof_obligations`."""


class Origin(Model):
    """The document that a contract was imported from."""

    format: Literal["provable-contracts"]
    """The registry whose schema the document follows."""
    file: Annotated[str, Field(min_length=1)]
    """The document's file, below the folder that was imported."""
    document: dict[str, JsonValue]
    """All that the document says, as data. Nothing reads it but people, `apr contract explain` and a rebuild."""


def pointer(*steps: str | int) -> str:
    """The JSON pointer to what these keys and indices lead to."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def pointed(document: Any, to: str) -> Any:
    """What a JSON pointer leads to in a document.

    Raises:
        LookupError: it leads nowhere.
    """
    found = document
    for word in to.split("/")[1:]:
        step = word.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found[step]
        elif isinstance(found, list) and step.isascii() and step.isdigit() and (step == "0" or step[0] != "0"):
            found = found[int(step)]
        else:
            raise LookupError(to)
    return found
