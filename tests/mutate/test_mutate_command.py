"""`apr mutate` from the outside: what becomes of each mutant, how the rate is made, and what is printed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from mutate_caps import CAP, CONTRACT, content

from apr_core.commands.mutate import wanted_claims
from apr_core.errors import SelectionError
from apr_core.trial import mutation
from apr_core.trial.control import KILLED
from apr_core.trial.mutants import try_mutants
from apr_core.trial.session import Session, Settings

pytest_plugins = ["mutate_workplace"]

Workplace = Callable[..., Path]
Apr = Callable[..., tuple[int, str, str]]

FATES = {
    "2 `n > 10` became `True`": "survived",
    "2 `n > 10` became `False`": "killed",
    "2 `>` became `>=`": "survived",
    "2 `10` became `11`": "killed",
    "2 `10` became `9`": "survived",
    "3 `10` became `11`": "killed",
    "3 `10` became `9`": "survived",
}
"""LIMIT only says that `cap` is at most ten, so a cap that always gives 9 or 10 goes by."""


def fates(answer: dict[str, Any], target: str = "caps:cap") -> dict[str, str]:
    """Line and sentence → what became of the mutant."""
    [found] = [one for one in answer["targets"] if one["name"] == target]
    return {f"{one['line']} {one['what']}": one["outcome"] for one in found["mutants"]}


def test_every_mutant_meets_its_fate_and_nothing_on_disk_changes(workplace: Workplace, apr: Apr) -> None:
    root = workplace()
    before = content(root)
    code, out, err = apr("mutate", "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert content(root) == before
    assert fates(answer) == FATES
    figures = ("derived", "tried", "killed", "survived", "timed_out", "broke", "denominator", "rate")
    assert [answer[name] for name in figures] == [7, 7, 3, 4, 0, 0, 7, 3 / 7]
    [killed, *_] = [one for one in answer["targets"][0]["mutants"] if one["outcome"] == "killed"]
    assert (killed["killed_by"], killed["how"], killed["counterexample"]) == ("caps::LIMIT", "false", {"n": "11"})


def test_people_read_the_rate_its_denominator_and_each_survivor_as_a_diff(workplace: Workplace, apr: Apr) -> None:
    workplace()
    code, out, err = apr("mutate")
    assert (code, err) == (0, "")
    assert out.startswith(
        "          mutants  tried  killed  survived  timed out  broke  rate\n"
        "caps:cap        7      7       3         4          0      0  43 %\n\n"
        "43 %: 3 of 7 mutants noticed. rate = (killed + timed out) / (tried - broke).\n\n"
        "caps:cap: 4 survivors, judged by caps (LIMIT)\n\n"
        "caps.py:2: no claim of caps notices that `n > 10` became `True` [condition]\n"
        "  @@ -2 +2 @@\n"
        "  -    if n > 10:\n"
        "  +    if True:\n\n"
    )
    assert len(re.findall(r"^caps\.py:\d+: no claim of caps notices", out, re.MULTILINE)) == 4
    assert "# apr: no mutate (the reason)" in out


STRONG = (
    CONTRACT
    + '  - {id: SAME, type: holds, claim: Below it is the number., check: "n > 10 or cap(n) == n", cases: exhaustive}\n'
)
STRONG += '  - {id: TOP, type: holds, claim: Above it is ten., check: "n <= 10 or cap(n) == 10", cases: exhaustive}\n'


def test_a_stronger_contract_leaves_only_the_edit_that_makes_no_difference(workplace: Workplace, apr: Apr) -> None:
    workplace({"caps.py": CAP, "contracts/caps.apr.yaml": STRONG})
    answer = json.loads(apr("mutate", "--json")[1])
    assert [name for name, fate in fates(answer).items() if fate == "survived"] == [
        "2 `>` became `>=`", "2 `10` became `9`",
    ]  # fmt: skip


def test_a_marked_line_is_left_out_and_counted(workplace: Workplace, apr: Apr) -> None:
    marked = CAP.replace("n > 10:", "n > 10:  # apr: no mutate (at ten both branches give ten)")
    workplace({"caps.py": marked, "contracts/caps.apr.yaml": STRONG})
    code, out, _ = apr("mutate", "--fail-under", "100")
    assert code == 0
    assert "100 %: 2 of 2 mutants noticed." in out
    assert "5 mutants left out by `# apr: no mutate (reason)` in the source." in out


def test_a_mark_without_a_reason_is_wrong_use_and_says_where(workplace: Workplace, apr: Apr) -> None:
    workplace({"caps.py": CAP.replace("n > 10:", "n > 10:  # apr: no mutate"), "contracts/caps.apr.yaml": CONTRACT})
    code, _, err = apr("mutate")
    assert code == 2
    assert "apr: caps.py: line 2 is marked `# apr: no mutate` without a reason" in err


@pytest.mark.parametrize(("percent", "code"), [("42", 0), ("43", 1)])
def test_fail_under_compares_the_rate_itself(workplace: Workplace, apr: Apr, percent: str, code: int) -> None:
    workplace()
    assert apr("mutate", "--fail-under", percent)[0] == code  # 3 / 7 is 42.86 %


def test_a_claim_that_is_meant_to_fall_kills_by_holding(workplace: Workplace, apr: Apr) -> None:
    false = CONTRACT.replace("cap(n) <= 10, cases: exhaustive", "cap(n) > 5, cases: exhaustive, expect: falsified")
    workplace({"caps.py": CAP, "contracts/caps.apr.yaml": false})
    answer = json.loads(apr("mutate", "--json")[1])
    assert [name for name, fate in fates(answer).items() if fate == "killed"] == ["2 `n > 10` became `True`"]


def test_a_claim_that_falls_on_the_real_code_cannot_judge(workplace: Workplace, apr: Apr) -> None:
    claim = "  - {id: WRONG, type: holds, claim: It is small., check: cap(n) < 10, cases: exhaustive}\n"
    workplace({"caps.py": CAP, "contracts/caps.apr.yaml": CONTRACT + claim})
    code, out, _ = apr("mutate")
    assert code == 0
    assert (
        "1 claim cannot judge, since it does not hold on the real code:\n  - caps::WRONG: on the real code it is FALSIFIED"
        in out
    )
    assert "judged by caps (LIMIT)" in out
    code, _, err = apr("mutate", "caps::WRONG")
    assert code == 2
    assert (
        "no claim holds on the real code, so none could notice a fault. Repair these first:\ncaps::WRONG: on the real code"
        in err
    )


HELPED = """\
def helper(n):
    return n + 1
def unused(n):
    return n * 2
def grow(n):
    return helper(n)
"""
GROWS = """\
title: Growth
version: 1.0.0
subjects: {grow: "growth:grow"}
inputs: {n: {integer: [-3, 3]}}
obligations:
  - {id: GROWS, type: holds, claim: It grows., check: grow(n) > n, cases: exhaustive}
"""
GROWTH = {"growth.py": HELPED, "contracts/growth.apr.yaml": GROWS}


def test_a_mutant_that_never_ends_counts_as_noticed_and_is_listed(
    workplace: Workplace, apr: Apr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutation, "LEAST_SECONDS", 0.5)
    counts = "def grow(n):\n    while n < 4:\n        n += 1\n    return n\n"
    workplace({"growth.py": counts, "contracts/growth.apr.yaml": GROWS})
    code, out, _ = apr("mutate", "--operators", "statement")
    assert code == 0
    assert "growth:grow        1      1       0         0          1      0  100 %" in out
    assert (
        "1 mutant timed out, which counts as noticed:\n  - growth.py:3: `n += 1` was left out: it did not end in time"
        in out
    )


def test_a_mutant_that_cannot_be_imported_is_left_out_of_the_rate(workplace: Workplace, apr: Apr) -> None:
    workplace(
        {"growth.py": "SIZES = [3]\ndef grow(n, k=SIZES[0]):\n    return n + k\n", "contracts/growth.apr.yaml": GROWS}
    )
    code, out, _ = apr("mutate", "--operators", "number,arithmetic", "--json", "out.json")
    assert code == 0
    answer = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert fates(answer, "growth:grow") == {"2 `0` became `1`": "broke", "3 `+` became `-`": "killed"}
    assert [answer[name] for name in ("tried", "broke", "denominator", "rate")] == [2, 1, 1, 1.0]
    assert "1 mutant broke, without a claim that fell:\n  - growth.py:2: `0` became `1`: " in out
    assert "IndexError" in out


def test_deep_changes_what_the_subject_calls_and_nothing_else(workplace: Workplace, apr: Apr) -> None:
    workplace(GROWTH)
    deep = json.loads(apr("mutate", "--operators", "arithmetic", "--deep", "--json")[1])
    assert fates(deep, "growth:helper") == {"2 `+` became `-`": "killed"}
    assert [one["name"] for one in deep["targets"]] == ["growth:grow", "growth:helper"]


def test_in_adds_a_module_or_one_function_of_it(workplace: Workplace, apr: Apr) -> None:
    other = "def ten():\n    return 10\ndef two():\n    return 2\n"
    caps = "from tens import ten\ndef cap(n):\n    return min(n, ten())\n"
    workplace({"caps.py": caps, "tens.py": other, "contracts/caps.apr.yaml": CONTRACT})
    answer = json.loads(apr("mutate", "--in", "tens:ten", "--json")[1])
    assert fates(answer, "tens:ten") == {"2 `10` became `11`": "killed", "2 `10` became `9`": "survived"}
    answer = json.loads(apr("mutate", "--in", "tens", "--plan", "--json")[1])
    assert [one["name"] for one in answer["targets"]] == ["caps:cap", "tens:ten", "tens:two"]
    assert apr("mutate", "--in", "tens:tne")[2].startswith("apr: the source defines no 'tne'. Did you mean 'ten'?")
    assert "is not a module that contracts here may name" in apr("mutate", "--in", "json")[2]


def test_a_module_that_the_claims_never_import_is_not_tried(workplace: Workplace, apr: Apr) -> None:
    workplace({"caps.py": CAP, "far.py": "def f(x):\n    return x + 1\n", "contracts/caps.apr.yaml": CONTRACT})
    code, out, _ = apr("mutate", "--in", "far", "--operators", "arithmetic,boundary")
    assert code == 0
    assert "far was never imported" in out
    assert "not tried, because no claim about them can judge:\n  - far:f: 1 mutant\n" in out


def test_the_words_may_be_contracts_files_folders_claims_and_subjects(workplace: Workplace) -> None:
    two = CONTRACT + "  - {id: OTHER, type: holds, claim: It is some number., check: cap(n) >= 0}\n"
    root = workplace({"caps.py": CAP, "contracts/deep/caps.apr.yaml": two, **GROWTH})
    session = Session(root, Settings(database=False))

    def chosen(*words: str) -> dict[str, list[str]]:
        return {loaded.id: ids for loaded, ids in wanted_claims(session, words)[0]}

    for word in (
        "deep/caps",
        "caps",
        "contracts/deep/caps.apr.yaml",
        "contracts/deep",
        f"{root}/contracts/deep",
        "caps:cap",
    ):
        assert chosen(word) == {"deep/caps": ["LIMIT", "OTHER"]}, word
    for word in ("LIMIT", "deep/caps::LIMIT", "contracts/deep/caps.apr.yaml::LIMIT"):
        assert chosen(word) == {"deep/caps": ["LIMIT"]}, word
    assert chosen("OTHER", "deep/caps::LIMIT", "OTHER", "growth") == {
        "deep/caps": ["OTHER", "LIMIT"],
        "growth": ["GROWS"],
    }
    assert chosen() == {"deep/caps": ["LIMIT", "OTHER"], "growth": ["GROWS"]}
    assert {place.qualname for place in wanted_claims(session, ["caps:cap"])[1]} == {"cap"}


def test_a_name_that_two_contracts_have_must_be_given_in_full(workplace: Workplace) -> None:
    root = workplace({"caps.py": CAP, "contracts/a/caps.apr.yaml": CONTRACT, "contracts/b/caps.apr.yaml": CONTRACT})
    session = Session(root, Settings(database=False))
    with pytest.raises(SelectionError, match="is the name of 2 contracts: a/caps, b/caps"):
        wanted_claims(session, ["caps"])
    assert [loaded.id for loaded, _ in wanted_claims(session, ["b/caps"])[0]] == ["b/caps"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cpas"], "no contract is called 'cpas'. Did you mean 'caps'?"),
        (["caps::LIMTI"], "Nearest: caps::LIMIT"),
        (["caps:cpa"], "caps has no 'cpa'. Did you mean 'cap'?"),
        (["caps:other"], "no claim calls caps:other, so nothing could notice a mutant of it."),
        (["--operators", "boundray"], "Did you mean 'boundary'?"),
        (["--operators", ","], "--operators is empty"),
        (["--operators", "transpose"], "no operator finds anything to change in caps:cap."),
        (["--limit", "0"], "--limit is 0; it must be a whole number from 1."),
        (["--workers", "0"], "--workers is 0"),
        (["--cases", "many"], "--cases is 'many'; it must be quick, default, full or a whole number from 1."),
        (["--fail-under", "101"], "--fail-under is 101; it must be a percentage from 0 to 100."),
        (["--plan", "--fail-under", "1"], "--plan tries no mutant"),
        (["--yaml", "--json"], "--yaml prints the survivors alone"),
    ],
)
def test_wrong_use_says_what_is_wrong(workplace: Workplace, apr: Apr, words: list[str], message: str) -> None:
    workplace({"caps.py": CAP + "def other(x):\n    return x + 1\n", "contracts/caps.apr.yaml": CONTRACT})
    code, out, err = apr("mutate", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_a_project_without_subjects_has_nothing_to_change(workplace: Workplace, apr: Apr) -> None:
    planned = CONTRACT.replace('"caps:cap"', '{import: "caps:soon", planned: write it}')
    workplace({"caps.py": CAP, "contracts/caps.apr.yaml": planned})
    code, _, err = apr("mutate")
    assert code == 2
    assert "no contract here has a claim about a Python function that exists" in err
    assert "cap of caps: nothing is bound: caps:soon does not exist yet" in err


def test_a_contract_that_cannot_be_used_is_not_passed_over_in_silence(workplace: Workplace, apr: Apr) -> None:
    workplace({"caps.py": CAP, "contracts/caps.apr.yaml": CONTRACT, "contracts/broken.apr.yaml": "title: 3\n"})
    code, out, _ = apr("mutate", "--plan")
    assert code == 0
    assert "nothing to change:\n  - 1 of the contracts: they cannot be used; `apr contract lint` says why\n" in out


def test_two_contracts_judge_one_function_and_either_may_kill(workplace: Workplace, apr: Apr) -> None:
    other = CONTRACT.replace("LIMIT", "KEEPS").replace("cap(n) <= 10", "n > 10 or cap(n) == n")
    workplace({"caps.py": CAP, "contracts/caps.apr.yaml": CONTRACT, "contracts/keeps.apr.yaml": other})
    answer = json.loads(apr("mutate", "--json")[1])
    killers = {one["what"]: one["killed_by"] for one in answer["targets"][0]["mutants"] if one["line"] == 2}
    assert killers["`n > 10` became `True`"] == "keeps::KEEPS"
    assert killers["`n > 10` became `False`"] == "caps::LIMIT"
    assert killers["`>` became `>=`"] is None
    assert answer["targets"][0]["claims"].sort() == ["caps::LIMIT", "keeps::KEEPS"].sort()


def test_the_survivors_as_yaml_are_mutants_that_the_contract_takes_and_does_not_kill(
    workplace: Workplace, apr: Apr
) -> None:
    root = workplace()
    code, out, _ = apr("mutate", "--yaml")
    assert code == 0
    assert out.startswith(
        "# contracts/caps.apr.yaml\nmutants:\n  # caps.py:2: `n > 10` became `True`\n  - id: cap-condition-2\n"
    )
    entries = yaml.safe_load(out)["mutants"]
    assert [entry["id"] for entry in entries] == ["cap-condition-2", "cap-boundary-2", "cap-number-2", "cap-number-3"]
    for entry in entries:
        assert entry.pop("killed_by") == []
        assert (entry["kind"], entry["of"]) == ("source", "cap")
        assert CAP.count(entry["replace"]) == 1
    pinned = out.replace("killed_by: []", "killed_by: [LIMIT]").partition("\n")[2]
    (root / "contracts" / "caps.apr.yaml").write_text(CONTRACT + pinned, encoding="utf-8")
    session = Session(root, Settings(database=False))
    loaded = session.catalog.load("caps")
    found = list(try_mutants(session, [(loaded, mutant) for mutant in loaded.model.mutants]))
    assert len(found) == 4
    assert {control.outcome for control in found} == {"SURVIVED"}
    assert KILLED != "SURVIVED"


def test_yaml_of_a_helper_in_another_module_names_the_module(workplace: Workplace, apr: Apr) -> None:
    caps = "from tens import ten\ndef cap(n):\n    return min(n, ten())\n"
    workplace({"caps.py": caps, "tens.py": "def ten():\n    return 10\n", "contracts/caps.apr.yaml": CONTRACT})
    out = apr("mutate", "--in", "tens", "--operators", "number", "--yaml")[1]
    assert yaml.safe_load(out)["mutants"] == [
        {
            "id": "cap-number-2", "kind": "source", "of": "cap", "in": "tens", "replace": "return 10", "by": "return 9",
            "killed_by": [],
        }
    ]  # fmt: skip


def test_yaml_without_survivors_says_so(workplace: Workplace, apr: Apr) -> None:
    workplace({"caps.py": CAP, "contracts/caps.apr.yaml": STRONG})
    assert apr("mutate", "--operators", "condition", "--yaml")[:2] == (0, "# no survivors\n")


def test_a_plan_counts_measures_and_tries_nothing(workplace: Workplace, apr: Apr) -> None:
    workplace()
    code, out, _ = apr("mutate", "--plan", "--workers", "2")
    assert code == 0
    assert re.search(r"^caps:cap +7 +7 +1 +\d+\.\d\d$", out, re.MULTILINE)
    assert re.search(r"7 mutants to try of 7: about \d+ s on 2 workers if no claim falls early and no\smutant", out)
    answer = json.loads(apr("mutate", "--plan", "--json")[1])
    assert (answer["derived"], answer["chosen"], answer["tried"], answer["rate"]) == (7, 7, 0, None)
    assert answer["estimated_seconds"] > 0


def test_a_sample_is_drawn_by_the_seed_and_says_its_share(workplace: Workplace, apr: Apr) -> None:
    workplace()
    code, out, _ = apr("mutate", "--limit", "3", "--json", "out.json")
    assert code == 0
    assert "A sample: 3 of 7 mutants were tried (43%). Without --limit all are." in out
    answer = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert (answer["derived"], answer["chosen"], answer["tried"]) == (7, 3, 3)
    assert fates(answer).items() <= FATES.items()


def test_the_number_of_cases_is_taken(workplace: Workplace, apr: Apr) -> None:
    # One in a hundred: the first case misses it, a thousand do not.
    rare = (
        CONTRACT.replace("[0, 20]", "[0, 99]")
        .replace(", cases: exhaustive", "")
        .replace("cap(n) <= 10", "cap(n) != 50")
    )
    code = "def cap(n):\n    return n if n != 50 else 0\n"
    workplace({"caps.py": code, "contracts/caps.apr.yaml": rare})
    words = ("mutate", "--operators", "condition", "--json", "--cases")
    assert fates(json.loads(apr(*words, "1")[1]))["2 `n != 50` became `True`"] == "survived"
    assert fates(json.loads(apr(*words, "1000")[1]))["2 `n != 50` became `True`"] == "killed"


def test_a_subject_is_edited_where_it_is_defined(
    workplace: Workplace, apr: Apr, tmp_path_factory: Any, monkeypatch: Any
) -> None:
    site = tmp_path_factory.mktemp("site")
    (site / "elsewhere").mkdir()
    (site / "elsewhere" / "__init__.py").write_text("from elsewhere._caps import cap, half\n")
    wrapped = "import functools\n\ndef logged(f):\n    @functools.wraps(f)\n    def call(*a):\n        return f(*a)\n"
    wrapped += "    return call\n\n"
    (site / "elsewhere" / "_caps.py").write_text(
        f"{wrapped}@logged\n{CAP}\ndef part(k, n):\n    return n // k\n\nhalf = functools.partial(part, 2)\n"
    )
    monkeypatch.syspath_prepend(site)
    contract = CONTRACT.replace("caps:cap", "elsewhere:cap").replace(
        "subjects: {", 'subjects: {half: "elsewhere:half", '
    )
    contract += "  - {id: HALF, type: holds, claim: It halves., check: half(2 * n + 1) == n, cases: exhaustive}\n"
    allowed = '[project]\nname = "foreign"\nversion = "1"\n[tool.apr]\nsubjects = ["elsewhere"]\n'
    workplace({"pyproject.toml": allowed, "contracts/caps.apr.yaml": contract})
    answer = json.loads(apr("mutate", "--json")[1])
    line = f"{wrapped}@logged\n".count("\n")
    assert fates(answer, "elsewhere._caps:cap") == {
        f"{int(name.split()[0]) + line} {name.split(' ', 1)[1]}": fate for name, fate in FATES.items()
    }
    assert set(fates(answer, "elsewhere._caps:part").values()) == {"killed"}
    assert {target["file"] for target in answer["targets"]} == {str(site / "elsewhere" / "_caps.py")}


def test_a_method_and_a_class_are_subjects_too(workplace: Workplace, apr: Apr) -> None:
    boxes = (
        "class Box:\n    def __init__(self, n):\n        self.n = n\n"
        "    @staticmethod\n    def cap(n):\n        return min(n, 10)\n"
        "def size(n):\n    return Box(n).n + 0\n"
    )
    workplace({"boxes.py": boxes, "contracts/caps.apr.yaml": CONTRACT.replace("caps:cap", "boxes:Box.cap")})
    answer = json.loads(apr("mutate", "--json")[1])
    assert fates(answer, "boxes:Box.cap")["6 `min` became `max`"] == "killed"
    assert {int(name.split()[0]) for name in fates(answer, "boxes:Box.cap")} == {6}


def test_the_operators_are_listed_with_what_they_do(apr: Apr) -> None:
    code, out, _ = apr("mutate", "--list")
    assert code == 0
    assert re.search(r"^boundary +`<` and `<=`, `>` and `>=` change places\.$", out, re.MULTILINE)
    assert re.search(r"^return .*\(off unless named\)$", out, re.MULTILINE)
    rows = json.loads(apr("mutate", "--list", "--json")[1])
    assert {row["name"] for row in rows if not row["default"]} == {"return"}
    assert all(row["does"].endswith(".") for row in rows)


def test_the_words_default_and_all_stand_for_operators(workplace: Workplace, apr: Apr) -> None:
    workplace()
    for words, number in (("default", 7), ("all", 9), ("boundary, return", 3)):
        answer = json.loads(apr("mutate", "--operators", words, "--plan", "--json")[1])
        assert answer["derived"] == number


def test_the_diff_in_the_json_has_context_and_names_the_file(workplace: Workplace, apr: Apr, tmp_path: Path) -> None:
    workplace()
    target = json.loads(apr("mutate", "--json")[1])["targets"][0]
    diffs = {one["what"]: one["diff"] for one in target["mutants"]}
    assert diffs["`n > 10` became `False`"] is None  # killed
    assert diffs["`n > 10` became `True`"].startswith("--- a/caps.py\n+++ b/caps.py\n@@ -1,4 +1,4 @@\n def cap(n):\n")


def test_json_to_a_file_leaves_the_text_for_people(workplace: Workplace, apr: Apr, tmp_path: Path) -> None:
    root = workplace()
    code, out, _ = apr("mutate", "--json", "out.json")
    assert code == 0
    assert out.startswith("          mutants")
    assert fates(json.loads((root / "out.json").read_text(encoding="utf-8"))) == FATES
