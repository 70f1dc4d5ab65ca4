"""The JSON Schema for editors is that of the models, and agrees with them about files."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml as pyyaml
from contract_everything import EVERYTHING

from apr_core.contract.jsonschema import PATH, contract_schema, schema_text
from apr_core.contract.load import find_files
from apr_core.contract.obligations import TEMPLATES, TYPES
from apr_core.contract.yaml import parse


def test_the_shipped_file_is_that_of_the_models() -> None:
    assert PATH.read_text(encoding="utf-8") == schema_text(), "run: python -m apr_core.contract.jsonschema"


def test_the_schema_is_valid_and_says_what_it_is() -> None:
    schema = contract_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["$id"]
    assert schema["additionalProperties"] is False
    assert "title" in schema["properties"], "the field named title is not the title of a schema"


def test_every_field_is_described_for_the_editor() -> None:
    """`type` and `template` are told by their value; a template's own fields by its formula."""
    for name, definition in contract_schema()["$defs"].items():
        if "properties" not in definition:
            continue
        assert definition["description"], name
        for field, schema in definition["properties"].items():
            told = field in ("type", "template") or "=" in definition["description"]
            assert told or "description" in schema, (name, field)


def test_every_type_and_template_is_in_the_schema() -> None:
    text = json.dumps(contract_schema())
    assert all(f'"const": "{name}"' in text for name in (*TYPES, *TEMPLATES))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(contract_schema())


def test_the_contracts_of_this_repository_fit_the_schema(
    repository: Path, validator: jsonschema.Draft202012Validator
) -> None:
    files = find_files(repository / "contracts")
    assert files
    for path in files:
        validator.validate(parse(path.read_text(encoding="utf-8"), path.name).value)


def test_every_field_and_kind_fits_the_schema(validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(parse(f"title: t\nversion: 1.0.0{EVERYTHING}", "x").value)


@pytest.mark.parametrize(
    "change",
    [
        {"titel": "t"},
        {"version": "1"},
        {"obligations": []},
        {"obligations": [{"id": "A", "claim": "c", "type": "bonud"}]},
        {"obligations": [{"id": "A", "claim": "c", "type": "holds", "check": "1", "chek": "1"}]},
        {"obligations": [{"id": "A", "claim": "c", "type": "holds"}]},
        {"inputs": {"a b": {"integer": [1, 2]}}},
        {"inputs": {"a": {"integer": [1]}}},
        {"subjects": {"f": "not an import string"}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(
    change: dict[str, object], validator: jsonschema.Draft202012Validator
) -> None:
    valid = pyyaml.safe_load("{title: t, version: '1.0.0', obligations: [{id: A, type: holds, claim: c, check: '1'}]}")
    validator.validate(valid)
    assert not validator.is_valid(valid | change)
