"""A comparison as it is read: text, Markdown for a pull request, and data."""

from __future__ import annotations

import json

import pytest
from report_diff_runs import audited, claim, control, run, scored

from apr_core.report.compare import Comparison, compare
from apr_core.report.compare_text import diff_data, diff_markdown, diff_text, verdict

NAMES = ("before", "after")
HOSTILE = "\x1b[2J| a | @somebody fixes #1 </details> ``` \u202e"


def sample() -> Comparison:
    before = run(
        claim("HELD", "FELL"), claim("HELD", "GONE"), claim("UNTESTED", "DECIDED"), scored("FALSIFIED", "EASY"),
        claim("HELD", "LESS", n=100, n_of="cases"), controls=(control("KILLED"),), audited=(audited("CONTROLLED"),),
    )  # fmt: skip
    after = run(
        claim("FALSIFIED", "FELL", observed="3", expected="2"), claim("HELD", "DECIDED"),
        scored("HELD", "EASY", line="at least 0.7", required=(0.7, None)), claim("HELD", "LESS", n=25, n_of="cases"),
        claim("HELD", "NEW"), info={"seed": 7}, controls=(control("SURVIVED"),), audited=(audited("SURVIVED"),),
    )  # fmt: skip
    return compare(before, after)


def test_the_text_says_what_is_worse_first_and_why_it_may_be() -> None:
    assert diff_text(sample(), NAMES).splitlines() == [
        "A  before: 5 claims: 3 HELD, 1 FALSIFIED, 1 UNTESTED; 4 of 5 decided.",
        "    (2026-01-01T00:00:00+00:00)",
        "B  after: 5 claims: 4 HELD, 1 FALSIFIED; 5 of 5 decided. (2026-01-01T00:00:00+00:00)",
        "",
        "WORSE: 1 newly fell, 1 gone, 1 planted fault newly unnoticed, 1 claim newly found with a defective",
        "check. 1 claim on FEWER cases or problems than before.",
        "",
        "The runs were not made alike, which may explain what follows:",
        "  seed: 0 → 7",
        "",
        "newly fell (1)",
        "  HELD → FALSIFIED  a/b::FELL",
        "      observed 3, expected 2",
        "",
        "gone: in the first run and not in the second (1)",
        "  HELD → (gone)  a/b::GONE",
        "      So it came. (as it was)",
        "",
        "pass now, but are not the same claims: that may be why (1)",
        "  FALSIFIED → HELD  a/b::EASY",
        "      85.00 % [80, 90] against at least 0.7, 164 problems",
        "      ! the line was LOOSENED: 'at least 0.8' → 'at least 0.7'",
        "",
        "became decided (1)",
        "  UNTESTED → HELD  a/b::DECIDED",
        "      So it came.",
        "",
        "the outcome that they had, on less than before (1)",
        "  HELD  a/b::LESS",
        "      ! FEWER: 100 cases → 25 cases",
        "",
        "new (1)",
        "  (new) → HELD  a/b::NEW",
        "      So it came.",
        "",
        "mutants with another outcome (1)",
        "  ! a/b::m: KILLED → SURVIVED",
        "",
        "claims with another mark in the audit (1)",
        "  ! a/b::ONE: CONTROLLED → SURVIVED",
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (compare(run(claim()), run(claim())), "No claim changed."),
        (compare(run(claim("UNTESTED")), run(claim())), "Nothing got worse."),
        (compare(run(claim()), run(claim("ERROR"))), "WORSE: 1 newly broken."),
        (compare(run(claim(), claim(name="TWO")), run(claim("UNTESTED"), claim("UNDERPOWERED", "TWO"))),
         "WORSE: 2 no longer decided."),
        (compare(run(claim("REFUTED")), run(claim("RECOVERED"))), "WORSE: 1 still listed as refuted."),
    ],
)  # fmt: skip
def test_one_sentence_sums_it_up(found: Comparison, said: str) -> None:
    assert verdict(found) == said
    assert said in diff_text(found, NAMES)


def test_the_markdown_has_what_is_worse_open_and_the_rest_folded() -> None:
    text = diff_markdown(sample(), NAMES)
    assert text.startswith("## apr report diff\n\n**WORSE: 1 newly fell, 1 gone, ")
    assert (
        text.index("### newly fell (1)") < text.index("### mutants with another outcome (1)") < text.index("<details>")
    )
    assert "- HELD → FALSIFIED **a/b::FELL**\n  - observed 3, expected 2\n" in text
    folded = text[text.index("<details>") :]
    assert "<summary>pass now, but are not the same claims: that may be why (1)</summary>" in folded
    assert "###" not in folded
    assert folded.count("<details>") == folded.count("</details>") == 4
    assert text.endswith("</details>\n")


def test_nothing_in_a_claim_reaches_a_terminal_or_a_pull_request_as_it_stands() -> None:
    before = run(claim("HELD", HOSTILE, claim=HOSTILE), info={"scale": HOSTILE, "root": HOSTILE})
    after = run(claim("FALSIFIED", HOSTILE, claim=f"{HOSTILE}?", observed=HOSTILE, contract_digest=None))
    found = compare(before, after)
    text = diff_text(found, (HOSTILE, HOSTILE))
    assert all(character.isprintable() for character in text.replace("\n", ""))
    marked = diff_markdown(found, (HOSTILE, HOSTILE))
    assert "\x1b" not in marked
    assert "</details> " not in marked.replace("\\", "")
    assert "@<!-- -->somebody" in marked
    assert "#<!-- -->1" in marked
    assert "```" not in marked


def test_no_line_of_the_text_is_wider_than_a_page() -> None:
    found = compare(run(claim(claim="so " * 200)), run(claim("FALSIFIED", claim="thus " * 200, observed="9" * 300)))
    lines = diff_text(found, ("a" * 150, "b")).splitlines()
    assert max(map(len, lines)) <= 100


def test_a_comment_that_would_be_cut_off_says_how_much_it_left_out() -> None:
    many = [claim("HELD", f"CLAIM-{number}") for number in range(2_000)]
    fallen = [claim("FALSIFIED", f"CLAIM-{number}", observed="x" * 50) for number in range(2_000)]
    text = diff_markdown(compare(run(*many), run(*fallen, scored(name="NEW"))), NAMES)
    assert len(text) <= 65_536
    shown = text.count("- HELD → FALSIFIED ")
    assert 300 < shown < 2_000
    assert f"- … {2_000 - shown:,} more left out here" in text
    assert "new (1)" in text


def test_the_data_has_all_of_it() -> None:
    data = json.loads(json.dumps(diff_data(sample(), NAMES), allow_nan=False))
    assert data["schema"] == "apr.diff/1"
    assert data["worse"] is True
    assert data["first"]["totals"]["outcomes"]["HELD"] == 3
    assert [(one["id"], one["group"], one["worse"]) for one in data["claims"]][:2] == [
        ("a/b::FELL", "fell", True), ("a/b::DECIDED", "decided", False),
    ]  # fmt: skip
    easy = next(one for one in data["claims"] if one["id"] == "a/b::EASY")
    assert (easy["before"]["line"], easy["after"]["line"]) == ("at least 0.8", "at least 0.7")
    assert easy["notes"][0]["loud"] is True
    gone = next(one for one in data["claims"] if one["group"] == "gone")
    assert gone["after"] is None
    assert data["controls"] == [{"name": "a/b::m", "before": "KILLED", "after": "SURVIVED", "worse": True}]
    assert data["circumstances"] == [{"name": "seed", "before": "0", "after": "7"}]
