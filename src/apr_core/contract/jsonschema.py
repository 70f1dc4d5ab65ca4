"""The JSON Schema of a contract file, for editors.

The one thing a reader would get wrong: the schema file beside this module is written from the models and never by hand.
A test compares the two; `python -m apr_core.contract.jsonschema` writes it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from apr_core.contract.schema import Contract

PATH = Path(__file__).with_name("apr-contract.schema.json")
"""Where the schema is kept, for editors to refer to."""


def contract_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a contract file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:apr-core:contract:1",
        "title": "apr-core contract (*.apr.yaml)",
        **_tidied(Contract.model_json_schema(by_alias=True)),
    }


def _tidied(schema: Any) -> Any:
    """A schema without the titles that repeat names, and with no other keys where the keys have a pattern."""
    if isinstance(schema, list):
        return [_tidied(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _tidied(part) for key, part in schema.items() if key != "title" or not isinstance(part, str)}
    return kept | {"additionalProperties": False} if "patternProperties" in kept else kept


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(contract_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8")
