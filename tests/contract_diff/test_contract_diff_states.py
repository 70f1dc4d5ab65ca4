"""Two states of a project: files that moved, went, came or cannot be read, and scales that bind their words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.contract.diff.folders import Difference, State, compare_states
from apr_core.contract.load import find_files
from apr_core.errors import ContractError

Write = Callable[[str, dict[str, str]], State]

CLAIM = """\
title: Numbers
version: 1.0.0
obligations:
  - {id: A, type: bound, claim: It is small., value: "1 + 1", within: [0, 3]}
  - {id: B, type: holds, claim: It is above zero., check: "1 > 0"}
"""
LINE = """\
title: Scores
version: 1.0.0
evidence: {a: {role: student, benchmark: hard}}
obligations:
  - {id: LINE, type: threshold, claim: It passes., metric: pass@1, of: a, at_least: hard_line, decide: score}
  - {id: OWN, type: threshold, claim: It passes., metric: pass@1, of: a, at_most: 0.9, decide: score}
"""
SCALE = """\
title: Small
roles: {student: tiny, teacher: large}
benchmarks: {hard: lab-hard}
lines: {hard_line: 0.3}
"""


@pytest.fixture
def state(tmp_path: Path) -> Write:
    """Writes contracts and scales below a folder of their own."""

    def write(label: str, files: dict[str, str]) -> State:
        root = tmp_path / label
        for name, text in files.items():
            path = root / "contracts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        contracts = {
            path.relative_to(root / "contracts").as_posix().removesuffix(".apr.yaml"): path
            for path in (find_files(root) if root.is_dir() else [])
        }
        return State(
            label, root, contracts, {path.stem: path for path in (root / "contracts" / "scales").glob("*.yaml")}
        )

    return write


def told(differences: list[Difference]) -> dict[str, list[tuple[str, str]]]:
    return {one.id: [(change.kind, change.place) for change in one.changes] for one in differences}


def test_the_same_files_have_no_difference_even_where_they_cannot_be_read(state: Write) -> None:
    files = {"a.apr.yaml": CLAIM, "broken.apr.yaml": "title: [\n", "scales/lab.yaml": SCALE}
    assert compare_states(state("old", files), state("new", files)) == []


def test_a_contract_that_only_moved_is_one_change_and_asks_for_a_major_version(state: Write) -> None:
    gate = "title: g\nversion: 1.0.0\nobligations: [{id: G, type: gate, claim: c, require: [one/a::A]}]\n"
    turned = gate.replace("one/a::A", "two/b::A")
    old = state("old", {"one/a.apr.yaml": CLAIM, "gate.apr.yaml": gate})
    [moved] = compare_states(old, state("new", {"two/b.apr.yaml": CLAIM, "gate.apr.yaml": turned}))
    assert [(change.kind, change.place) for change in moved.changes] == [("moved", "file")]
    assert "The contract one/a is two/b now" in moved.changes[0].sentence
    assert (moved.id, moved.path, moved.asked, moved.covered) == ("two/b", "contracts/two/b.apr.yaml", "major", False)
    raised = state("raised", {"two/b.apr.yaml": CLAIM.replace("1.0.0", "2.0.0"), "gate.apr.yaml": turned})
    assert [one.covered for one in compare_states(old, raised)] == [True]


def test_a_contract_that_moved_and_got_another_title_is_known_by_what_it_says(state: Write) -> None:
    new = state("new", {"b.apr.yaml": CLAIM.replace("Numbers", "Figures"), "a2.apr.yaml": LINE})
    differences = compare_states(state("old", {"a.apr.yaml": CLAIM}), new)
    assert told(differences) == {"b": [("moved", "file"), ("reworded", "title")], "a2": [("added", "file")]}


def test_a_contract_that_moved_and_changed_is_known_by_its_title(state: Write) -> None:
    new = state("new", {"b.apr.yaml": CLAIM.replace("[0, 3]", "[0, 4]"), "other.apr.yaml": LINE})
    differences = compare_states(state("old", {"a.apr.yaml": CLAIM}), new)
    assert told(differences) == {"b": [("moved", "file"), ("loosened", "within")], "other": [("added", "file")]}


def test_a_contract_that_is_gone_is_only_covered_when_somebody_says_so(state: Write) -> None:
    old, new = state("old", {"a.apr.yaml": CLAIM, "b.apr.yaml": LINE}), state("new", {"b.apr.yaml": LINE})
    [gone] = compare_states(old, new)
    assert (gone.was, gone.now, gone.covered, gone.changes[0].claims) == ("1.0.0", None, False, ("A", "B"))
    assert gone.changes[0].sentence == "The contract is gone, with its 2 claims."
    assert [one.covered for one in compare_states(old, new, accepted=["a"])] == [True]
    assert [one.covered for one in compare_states(old, new, accepted=["b"])] == [False]


def test_a_new_contract_is_a_minor_change_of_nothing_before_it(state: Write) -> None:
    [new] = compare_states(state("old", {}), state("new", {"a.apr.yaml": CLAIM}))
    assert (new.asked, new.covered, new.was, new.now) == ("minor", True, None, "1.0.0")


@pytest.mark.parametrize(
    ("version", "covered"), [("1.0.0", False), ("1.1.0", False), ("2.0.0", True), ("0.9.0", False)]
)
def test_what_is_loosened_must_be_announced_by_a_major_version(state: Write, version: str, covered: bool) -> None:
    looser = CLAIM.replace("[0, 3]", "[0, 4]").replace("1.0.0", version)
    [one] = compare_states(state("old", {"a.apr.yaml": CLAIM}), state("new", {"a.apr.yaml": looser}))
    assert one.covered is covered


@pytest.mark.parametrize(
    ("broken", "version", "covered"),
    [
        (CLAIM + "unknown: key\n", "1.0.0", False),
        (CLAIM + "unknown: key\n", "2.0.0", True),
        ("title: [\n", "2.0.0", False),
    ],
)
def test_what_could_not_be_read_before_counts_as_loosened(
    state: Write, broken: str, version: str, covered: bool
) -> None:
    new = state("new", {"a.apr.yaml": CLAIM.replace("1.0.0", version)})
    [one] = compare_states(state("old", {"a.apr.yaml": broken}), new)
    assert ([change.kind for change in one.changes], one.covered) == (["unreadable"], covered)
    assert "contracts/a.apr.yaml:" in one.changes[0].sentence


def test_what_cannot_be_read_now_is_an_error_with_all_problems(state: Write) -> None:
    new = state("new", {"a.apr.yaml": CLAIM + "unknown: key\n", "b.apr.yaml": "title: [\n"})
    with pytest.raises(ContractError) as caught:
        compare_states(state("old", {"a.apr.yaml": CLAIM}), new)
    assert {problem.path for problem in caught.value.problems} == {"contracts/a.apr.yaml", "contracts/b.apr.yaml"}


# scales


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("hard_line: 0.3", "hard_line: 0.2", {"scores": [("loosened", "LINE")]}),
        ("hard_line: 0.3", "hard_line: 0.4", {"scores": [("tightened", "LINE")]}),
        ("hard_line: 0.3", "hard_line: 3.0e-1", {}),
        ("hard_line: 0.3", "", {"scores": [("loosened", "LINE")]}),
        ("student: tiny", "student: other", {"scores": [("changed", "LINE,OWN")]}),
        ("student: tiny, ", "", {"scores": [("loosened", "LINE,OWN")]}),
        ("hard: lab-hard", "hard: lab-easy", {"scores": [("changed", "LINE,OWN")]}),
        ("teacher: large", "teacher: larger", {"scales/lab": [("reworded", "")]}),
        ("title: Small", "title: Tiny", {"scales/lab": [("reworded", "")]}),
    ],
)
def test_a_change_of_a_scale_is_one_of_the_claims_that_use_it(
    state: Write, old: str, new: str, expected: dict[str, list[tuple[str, str]]]
) -> None:
    assert old in SCALE
    files = {"scores.apr.yaml": LINE, "numbers.apr.yaml": CLAIM}
    before = state("old", {**files, "scales/lab.yaml": SCALE})
    after = state("new", {**files, "scales/lab.yaml": SCALE.replace(old, new)})
    differences = compare_states(before, after)
    found = {one.id: [(change.kind, ",".join(change.claims)) for change in one.changes] for one in differences}
    assert found == expected
    for one in differences:
        assert one.covered == (one.id != "scores" or found["scores"][0][0] == "tightened")


def test_a_line_that_is_lowered_is_covered_by_the_version_of_the_contract_that_uses_it(state: Write) -> None:
    old = state("old", {"scores.apr.yaml": LINE, "scales/lab.yaml": SCALE})
    lower = SCALE.replace("0.3", "0.2")
    new = state("new", {"scores.apr.yaml": LINE.replace("1.0.0", "2.0.0"), "scales/lab.yaml": lower})
    [one] = compare_states(old, new)
    assert one.covered
    assert (
        one.changes[0].sentence
        == "At the scale lab: The line from below is lower: hard_line (= 0.2), was hard_line (= 0.3)."
    )


def test_a_scale_alone_is_judged_by_the_versions_of_the_contracts(state: Write) -> None:
    """Narrowed down to the scale, the contract is not looked at, and its version is all the same."""
    old = state("old", {"scores.apr.yaml": LINE, "scales/lab.yaml": SCALE})
    lower = {"scales/lab.yaml": SCALE.replace("0.3", "0.2")}
    for version, covered in (("2.0.0", True), ("1.9.0", False)):
        new = state(version, {"scores.apr.yaml": LINE.replace("1.0.0", version), **lower})
        [one] = compare_states(old, new, concerns=lambda path: "scales" in path)
        assert (one.id, one.was, one.now, one.covered) == ("scores", "1.0.0", version, covered)


def test_a_claim_that_is_new_is_not_loosened_by_a_scale(state: Write) -> None:
    *head, line, own = LINE.splitlines(keepends=True)
    old = state("old", {"scores.apr.yaml": "".join([*head, own]), "scales/lab.yaml": SCALE})
    new = state("new", {"scores.apr.yaml": "".join([*head, line, own]), "scales/lab.yaml": SCALE.replace("0.3", "0.2")})
    assert told(compare_states(old, new))["scores"] == [("added", "obligations")]


def test_a_scale_that_is_gone_takes_its_claims_along_and_a_new_one_takes_nothing(state: Write) -> None:
    with_scale = state("with", {"scores.apr.yaml": LINE, "scales/lab.yaml": SCALE})
    without = state("without", {"scores.apr.yaml": LINE})
    gone = compare_states(with_scale, without)
    assert told(gone) == {"scales/lab": [("reworded", "file")], "scores": [("loosened", "scales.lab")]}
    assert [one.covered for one in gone] == [True, False]
    assert told(compare_states(without, with_scale)) == {"scales/lab": [("added", "file")]}


def test_a_scale_that_cannot_be_read_is_an_error_that_says_in_which_state(state: Write) -> None:
    old = state("old", {"scores.apr.yaml": LINE, "scales/lab.yaml": SCALE + "unknown: key\n"})
    with pytest.raises(ContractError, match=r"^old: contracts/scales/lab.yaml:5:1: unknown key"):
        compare_states(old, state("new", {"scores.apr.yaml": LINE, "scales/lab.yaml": SCALE}))
