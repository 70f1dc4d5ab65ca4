"""The contracts of this repository: the same in meaning however they are written, and different as soon as they are."""

from __future__ import annotations

import ast
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from diff_contracts import contract, diff, everything

from apr_core.contract.load import find_files
from apr_core.contract.schema import Contract
from apr_core.contract.templates import expand
from apr_core.contract.translation import parse as parse_expression
from apr_core.contract.yaml import parse
from apr_core.errors import ExpressionError

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
FILES = find_files(CONTRACTS)
TEXTS = {
    path.relative_to(CONTRACTS).as_posix(): parse(path.read_text(encoding="utf-8"), path.name).value for path in FILES
}
TEXTS["everything"] = everything()

EXPRESSIONS = frozenset(
    {
        "check",
        "value",
        "within",
        "left",
        "right",
        "run",
        "where",
        "let",
        "for_each",
        "at_least",
        "at_most",
        "margin",
        "setup",
    }
    | {"becomes", "forward", "backward", "function", "under", "absolute", "relative", "integer", "real", "size"}
)
"""Keys below which every text is an expression, wherever they stand."""


def rewritten(value: Any, *, expression: bool = False) -> Any:
    """The same data with every expression in Python's own layout, in parentheses, and with other quotes."""
    if isinstance(value, dict):
        return {key: rewritten(inner, expression=expression or key in EXPRESSIONS) for key, inner in value.items()}
    if isinstance(value, list):
        return [rewritten(inner, expression=expression) for inner in value]
    if isinstance(value, str) and expression:
        try:
            tree = parse_expression(value.strip())
        except ExpressionError:  # a map below such a key has other texts as well: a type, a claim
            return value
        return value if isinstance(tree, ast.Name) else f" ( {ast.unparse(tree)} )"
    return value


def reordered(value: Any) -> Any:
    """The same data with the keys of every map, and the obligations and mutants, the other way around."""
    if not isinstance(value, dict):
        return value
    turned = {key: reordered(inner) for key, inner in reversed(value.items())}
    for section in ("obligations", "mutants"):
        if section in turned:
            turned[section] = [reordered(one) for one in reversed(turned[section])]
    return turned


@pytest.mark.parametrize("name", TEXTS)
def test_a_contract_means_the_same_however_it_is_written(name: str) -> None:
    old = contract(TEXTS[name])
    expanded = old.model_copy(update={"obligations": [expand(one) for one in old.obligations]})
    assert diff(old, expanded) == []
    in_other_words = rewritten(TEXTS[name]) | {"evidence": TEXTS[name].get("evidence", {})}
    assert diff(old, contract(json.dumps(reordered(in_other_words), indent=7, ensure_ascii=True))) == []


@pytest.mark.parametrize("name", TEXTS)
def test_a_claim_or_a_control_that_goes_is_dropped_and_one_that_comes_is_added(name: str) -> None:
    """The last of each, taken away and put back."""
    whole = contract(TEXTS[name])
    *claims, claim = whole.obligations
    less = whole.model_copy(update={"obligations": claims})
    assert ("dropped", (claim.id,)) in {(change.kind, change.claims) for change in diff(whole, less)}
    assert ("added", (claim.id,)) in {(change.kind, change.claims) for change in diff(less, whole)}
    if whole.mutants:
        place = f"mutants.{whole.mutants[-1].id}"
        less = whole.model_copy(update={"mutants": whole.mutants[:-1]})
        assert [(one.kind, one.place, one.level) for one in diff(whole, less)] == [("dropped", place, "major")]
        assert [(one.kind, one.place, one.level) for one in diff(less, whole)] == [("added", place, "minor")]


def test_two_contracts_of_the_repository_are_not_one() -> None:
    models: list[Contract] = [contract(text) for text in TEXTS.values()]
    assert all(diff(old, new) for old, new in itertools.pairwise(models))
