"""The page about the language says what the schema, the vocabulary and the limits say.

The one thing a reader would get wrong: `?` behind a field on the page means that it may be left out, and is compared too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from docs_pages import names, sections, tables
from pydantic import BaseModel

from apr_core.contract import limits
from apr_core.contract.expression import compile_expression
from apr_core.contract.inputs import DTYPES, KIND_KEYS, FileSource, Input, TensorInput
from apr_core.contract.load import load_file
from apr_core.contract.mutants import EvidenceMutant, ResultMutant, SourceMutant
from apr_core.contract.obligations import (
    TEMPLATES,
    TYPES,
    Cost,
    EvidenceObligation,
    Obligation,
    PropertyObligation,
    Tolerance,
)
from apr_core.contract.schema import Contract, Scale, Selector
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import ExpressionError
from apr_core.evidence.metrics import METRICS
from apr_core.trial.properties import DEFAULT_SECONDS
from apr_core.trial.session import CASES

PAGE = sections("language.md")
Fields = dict[str, bool]
"""Name of a field as a file writes it → whether it must be there."""


def fields(model: type[BaseModel], without: type[BaseModel] = BaseModel) -> Fields:
    """The fields of a model but for those of another, and what tells it apart."""
    own = {name: field for name, field in model.model_fields.items() if name not in without.model_fields}
    return {field.alias or name: field.is_required() for name, field in own.items() if name not in ("type", "template")}


def shown(cell: str) -> Fields:
    """The fields that a cell of the page names."""
    return {name.removesuffix("?"): not name.endswith("?") for name in names(cell)}


def leaves(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models at the ends of a tree of classes; tests may have added some of their own."""
    below = [one for one in model.__subclasses__() if one.__module__.startswith("apr_core.")]
    if not below:
        yield model
    for one in below:
        yield from leaves(one)


def obligations(marker: str) -> dict[str, Fields]:
    """Type or template → the fields that are its own."""
    found = {}
    for model in leaves(Obligation):
        if marker in model.model_fields:
            base = next(one for one in (PropertyObligation, EvidenceObligation, Obligation) if issubclass(model, one))
            found[get_args(model.model_fields[marker].annotation)[0]] = fields(model, base)
    return found


def rows(section: str, index: int) -> dict[str, list[str]]:
    """First cell of each row of a table → all its cells."""
    return {names(row[0])[0]: row for row in tables(PAGE[section])[index]}


def merged(section: str, index: int) -> Fields:
    """The fields in the first column of a table."""
    found: Fields = {}
    for row in tables(PAGE[section])[index]:
        found |= shown(row[0])
    return found


@pytest.mark.parametrize(("index", "marker", "allowed"), [(0, "type", TYPES), (1, "template", TEMPLATES)])
def test_the_tables_of_obligations_are_the_schema(index: int, marker: str, allowed: tuple[str, ...]) -> None:
    page = rows("Obligations", index)
    assert tuple(page) == allowed
    assert {name: shown(row[1]) for name, row in page.items()} == obligations(marker)


def test_the_tables_of_modifiers_are_the_schema() -> None:
    assert merged("Obligations", 2) == fields(Obligation)
    assert merged("Obligations", 3) == fields(PropertyObligation, Obligation)
    assert merged("Obligations", 4) == fields(EvidenceObligation, Obligation)


KINDS = {"kind: result": ResultMutant, "kind: source": SourceMutant, "kind: evidence": EvidenceMutant}


def test_the_table_of_inputs_is_the_schema() -> None:
    page = rows("Inputs", 0)
    assert tuple(page) == KIND_KEYS
    models = [get_args(member)[0] for member in get_args(get_args(Input)[0])]
    assert {name: shown(row[1]) for name, row in page.items()} == {
        next(iter(model.model_fields)): fields(model) for model in models
    }


def test_the_keys_of_a_file_a_mutant_a_selector_and_a_scale_are_the_schema() -> None:
    assert merged("", 0) == fields(Contract)
    shown = re.findall(r"`\{(id, .*?)\}`", PAGE[""])
    kinds = {
        key: {part.partition(":")[0].strip("? ") for part in text.split(", ")}
        for text in shown
        for key in KINDS
        if key in text
    }
    for key, model in KINDS.items():
        assert kinds[key] | {"museum"} == {name.rstrip("?") for name in fields(model)}, key
    assert merged("Evidence", 0) == fields(Selector)
    scale = PAGE["Evidence"].partition("NAME.yaml`:")[2]
    assert set(names(scale)) >= set(fields(Scale))


def test_words_of_closed_sets_are_all_named() -> None:
    tolerance = PAGE["Obligations"].partition("A **tolerance**")[2].partition("**Modifiers.**")[0]
    assert {name.partition(":")[0] for name in names(tolerance)} == set(fields(Tolerance))
    draws = re.search(r"`draw`: ([\w, -]+)\.", rows("Inputs", 0)["tensor"][2])
    annotation = get_args(TensorInput.model_fields["draw"].annotation)[0]
    assert draws is not None and tuple(draws[1].split(", ")) == get_args(annotation)
    damage = re.search(r"corrupt: \[([\w, ]+)\]", rows("Inputs", 0)["file"][2])
    kinds = get_args(get_args(FileSource.model_fields["corrupt"].annotation)[0])
    assert damage is not None and tuple(damage[1].split(", ")) == kinds
    assert set(get_args(Cost.model_fields["measure"].annotation)) <= set(names(rows("Obligations", 0)["cost"][2]))
    assert TensorInput.model_fields["dtype"].default in DTYPES


def test_the_vocabulary_is_listed_and_nothing_else() -> None:
    listed = [name for row in tables(PAGE["Expressions"])[0] for name in names(row[0])]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(VOCABULARY)
    text = PAGE["Expressions"].partition("declared names and ")[2].partition(";")[0]
    assert names(text) == list(CONSTANTS)


def test_the_metrics_are_listed_and_nothing_else() -> None:
    assert [name for row in tables(PAGE["Evidence"])[1] for name in names(row[0])] == list(METRICS)


def test_the_limits_are_those_that_are_enforced() -> None:
    stated = [int(number.replace(",", "")) for row in tables(PAGE["Expressions"])[1] for number in row[1].split(" · ")]
    assert stated == [
        limits.SOURCE_CHARACTERS, limits.SOURCE_NODES, limits.SOURCE_DEPTH, limits.INTEGER_BITS, limits.ELEMENTS,
        limits.ARRAY_ELEMENTS, limits.FILE_READ_BYTES, limits.FILE_BYTES, limits.YAML_DEPTH, limits.YAML_NODES,
    ]  # fmt: skip
    modifiers = rows("Obligations", 3)
    assert f"({DEFAULT_SECONDS:g} if not given)" in modifiers["limits?"][1]
    assert f"({CASES['default']}, or" in modifiers["cases?"][1]


REFUSED = [
    "x.mean()",
    "lambda: 1",
    "(y := 1)",
    "f'{x}'",
    "1 << 2",
    "f(*x)",
    "f(**x)",
    "[[a for a in x] for b in x]",
    "1j",
]
COMPUTED: list[tuple[str, Any]] = [
    ("1 / 0", float("inf")), ("[1, 2] == (1, 2)", True), ("1 < 2 < 3", True), ("[a for a in [1, 2] if a > 1]", [2]),
    ("'b' in {'b': 1}", True), ("None is None", True), ("1 if False else 2", 2), ("[1, 2, 3][1:]", [2, 3]),
    ("sum(x=[1, 2])", 3), ("5 // 2 + 5 % 2 + 2 ** 3", 11), ("~True | False", False),
]  # fmt: skip


@pytest.mark.parametrize("source", REFUSED)
def test_what_the_page_calls_out_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(source, names={"x"}, functions={"f", *VOCABULARY})


@pytest.mark.parametrize(("source", "value"), COMPUTED)
def test_what_the_page_calls_in_computes(source: str, value: Any) -> None:
    assert compile_expression(source, names=set(), functions=VOCABULARY).evaluate({}, {}) == value


@pytest.mark.parametrize(("source", "word"), [("mean([])", "nothing"), ("stack([]) ", "least one"), ("x and x", "&")])
def test_what_the_page_calls_an_error_is_one(source: str, word: str) -> None:
    import numpy as np

    expression = compile_expression(source, names={"x"}, functions=VOCABULARY)
    with pytest.raises(ExpressionError, match=word):
        expression.evaluate({"x": np.ones(2)}, {})


ORDER = """
title: The order of the modifiers
version: 1.0.0
inputs: {n: {integer: [1, 3]}}
obligations:
  - id: ORDER
    type: holds
    claim: First for_each, then let, then where.
    where: double > 2
    let: {double: 2 * each}
    for_each: {each: "[n, n + 1]"}
    check: double > 2
"""


def test_for_each_comes_before_let_and_let_before_where(tmp_path: Path) -> None:
    path = tmp_path / "order.apr.yaml"
    path.write_text(ORDER, encoding="utf-8")
    assert load_file(path, tmp_path).model.obligations[0].id == "ORDER"
    path.write_text(ORDER.replace("[n, n + 1]", "[double]").replace("2 * each", "2 * n"), encoding="utf-8")
    with pytest.raises(Exception, match="'double' is not declared"):
        load_file(path, tmp_path)
