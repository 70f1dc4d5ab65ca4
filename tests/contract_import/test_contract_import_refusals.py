"""Odd and hostile sources: each is refused with one paragraph that says where, what, and what to do."""

from __future__ import annotations

import time

import pytest
from import_samples import SMALL, convert

from apr_core.contract.limits import DECLARATIONS, FILE_BYTES
from apr_core.errors import AprError, ContractError, SelectionError

REFUSED = {
    "no YAML": ("a: [1\n", "not valid YAML"),
    "a list": ("- a\n", "the top level is a list: a contract is a mapping that begins with `metadata: …`."),
    "a value": ("../other.yaml\n", "the top level is a single value"),
    "nothing": ("", "the file is empty"),
    "a key that is no text": (f"{SMALL}1: one\n", "the key 1 is not text: put quotes around"),
    "a key twice": (f"{SMALL}metadata: {{}}\n", "the key 'metadata' is given twice"),
    "a tag": (f"{SMALL}x: !!python/object:os.system {{}}\n", "the tag"),
    "a merge key": (f"{SMALL}x: {{<<: {{a: b}}}}\n", "the merge key <<"),
    "an alias of itself": (f"{SMALL}x: &a [*a]\n", "the alias 'a' lies inside what it names"),
    "an alias of nothing": (f"{SMALL}x: *a\n", "names no anchor"),
    "no number": (f"{SMALL}x: .nan\n", ".nan is not a value"),
    "two documents": (f"{SMALL}---\n{SMALL}", "a second document begins here"),
    "a hidden character": (f"{SMALL}x: 'a\u202eb'\n", "the character U+202E is not allowed"),
    "obligations in text": ("proof_obligations: all of them\n", "proof_obligations is the text 'all of them': a list of entries"),
    "an entry that is a list": ("proof_obligations: [[a]]\n", "the entry is a list of 1: a mapping with one of property"),
    "an entry that is nothing": ("falsification_tests: [null]\n", "the entry is nothing (null): a mapping with one of rule"),
    "an entry that says nothing": ("proof_obligations: [{type: bound}]\n", "the entry claims nothing: it has none of property"),
    "an id twice": (
        "proof_obligations: [{id: A, property: p}]\nfalsification_tests: [{id: B, rule: r}, {id: A, rule: r}]\n",
        "the id 'A' is that of /proof_obligations/0 too: rename one.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_source_that_cannot_be_read_is_refused_at_its_place(name: str) -> None:
    text, message = REFUSED[name]
    with pytest.raises(ContractError) as caught:
        convert(text)
    problem = caught.value.problems[0]
    assert message in problem.message
    assert problem.path == "registry/clamp-v1.yaml"


def test_the_place_is_that_of_the_entry() -> None:
    text, _ = REFUSED["an id twice"]
    with pytest.raises(ContractError) as caught:
        convert(text)
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 41)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("version: 1\nbindings: [{contract: a, equation: b}]\n", "its keys are version, bindings."),
        ("metadata: {description: d}\n", "its keys are metadata."),
        (
            "proof_obligations: []\nfalsification_tests:\nequations: {e: {formula: f}}\n",
            "no entry in proof_obligations",
        ),
        ("{}\n", "its keys are (none)."),
        ("falsification_test: [{rule: r}]\n", "Did you mean 'falsification_tests'?"),
        ("\n".join(f"k{number}: 1" for number in range(9)), "its keys are k0, k1, k2, k3, k4, k5, …."),
    ],
)
def test_another_schema_is_named_by_what_it_lacks_and_has(text: str, hint: str) -> None:
    with pytest.raises(SelectionError, match="claims nothing in the schema of provable-contracts") as caught:
        convert(text)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_proof_obligations_the_rest_is_imported() -> None:
    assert convert(SMALL).claims == 1
    assert convert("equations: {e: {invariants: [i]}}\n").claims == 1


HUGE = {
    "too many claims": (
        "proof_obligations:\n" + "".join(f"  - p{n}\n" for n in range(DECLARATIONS + 1)),
        f"the contract made from it cannot be used: {DECLARATIONS + 1:,} entries",
    ),
    "too many bytes": (
        SMALL + "".join(f"k{n}: {'x' * 90_000}\n" for n in range(FILE_BYTES // 90_000)) + f"rest: [{'x, ' * 50_000}]\n",
        f"at most {FILE_BYTES:,} are read",
    ),
    "too deep for a contract": (
        SMALL + "x: " + "[" * 63 + "]" * 63 + "\n",
        "the contract made from it cannot be used: nested more than 64 levels deep",
    ),
    "too deep": (SMALL + "x: " + "[" * 200_000, "nested more than 64 levels deep"),
    "too many values": (SMALL + "x: [" + "1," * 200_000 + "]\n", "more than 100,000 values"),
    "aliases of aliases": (
        SMALL + "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 12)),
        "more than 100,000 values, aliases expanded",
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_source_is_refused_within_seconds(name: str) -> None:
    text, message = HUGE[name]
    started = time.perf_counter()
    with pytest.raises(AprError) as caught:
        convert(text)
    assert message in str(caught.value)
    assert time.perf_counter() - started < 20  # far above what it takes, far below what it would take without bounds


def test_a_source_with_thousands_of_values_is_no_huge_one() -> None:
    text = SMALL + "x:\n" + "".join(f"  - {{a: {n}, b: 'text {n}'}}\n" for n in range(3_000))
    imported = convert(text)
    assert imported.contract.source is not None
    assert imported.contract.source.document["x"][-1] == {"a": 2_999, "b": "text 2999"}  # type: ignore[index]
