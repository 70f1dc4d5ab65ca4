"""Markdown for a comment: exact, escaped, and small enough."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import FALSIFIED, HELD, INFO, INFOS, RUN, UNTESTED, results

from apr_core.report.markdown import escaped, fenced, markdown_text
from apr_core.report.run import Run
from apr_core.report.summary import RunInfo
from apr_core.trial.result import Result

SNAPSHOTS = Path(__file__).parent / "snapshots"
GITHUB_LIMIT = 65_536


def outside_fences(text: str) -> list[str]:
    """The lines that Markdown reads as such; code blocks are skipped as CommonMark skips them."""
    found, fence = [], ""
    for line in text.split("\n"):
        if not fence:
            opening = re.match(r"`{3,}", line)
            fence = opening[0] if opening else ""
            if not fence:
                found.append(line)
        elif re.fullmatch(r"`+ *", line) and len(line.strip()) >= len(fence):
            fence = ""
    assert not fence, "a code block is not closed"
    return found


def test_the_whole_report() -> None:
    assert markdown_text(RUN) == (SNAPSHOTS / "report.md").read_text(encoding="utf-8")


def test_the_totals_come_first() -> None:
    assert markdown_text(RUN).split("\n")[2].startswith("**11 claims: 1 HELD,")


def test_sections_without_claims_are_not_there() -> None:
    text = markdown_text(Run((HELD,), replace(INFO, selected=1, collected=1)))
    assert "###" not in text
    assert text.count("<details>") == 2


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a | b", r"a \| b"),
        ("a \\| b", r"a \\\| b"),
        ("one\ntwo\r\n\u2028three", "one two three"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("`x` *y* [z](u) $m$ ~s~", r"\`x\` \*y\* \[z\](u) \$m\$ \~s\~"),
        ("thanks @somebody", "thanks @<!-- -->somebody"),
        ("(@org/team)", "(@<!-- -->org/team)"),
        ("fixes #12", "fixes #<!-- -->12"),
        ("owner/repo#12", "owner/repo#<!-- -->12"),
        ("pass@1 and C# code", "pass@1 and C# code"),
        ("\x1b[31m", r"\\x1b\[31m"),
    ],
)
def test_what_markdown_or_github_would_read_is_escaped(raw: str, shown: str) -> None:
    assert escaped(raw) == shown


@pytest.mark.parametrize("text", ["plain", "```\n</details>", "`````", "a ```` b"])
def test_nothing_in_a_code_block_ends_it(text: str) -> None:
    assert outside_fences(fenced(text) + "after") == ["after"]


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.lists(results(), min_size=1, max_size=3), INFOS)
def test_every_table_row_is_one_line_with_its_cells_and_every_fold_is_closed(
    found: list[Result], info: RunInfo
) -> None:
    text = markdown_text(Run(tuple(found), info))
    assert text.replace("\n", "").isprintable()
    assert len(text) <= GITHUB_LIMIT
    lines = outside_fences(text)
    bars = 0  # of the table that this line is in
    for line in lines:
        if not line.startswith("|"):
            bars = 0
            continue
        unescaped = re.sub(r"\\.", "", line).count("|")
        bars = bars or unescaped
        assert unescaped == bars
        assert line.endswith("|")
    folds = [line[:9] for line in lines if re.match("</?details>", line)]
    assert folds == ["<details>", "</details"] * (len(folds) // 2)
    assert not re.search("<(?!/?(?:details|summary)>|!-- -->)", "\n".join(lines))


@pytest.mark.parametrize("sample", [FALSIFIED, UNTESTED, HELD], ids=lambda result: result.outcome)
def test_a_run_too_big_for_a_comment_says_how_much_is_left_out(sample: Result) -> None:
    many = [
        replace(sample, id=f"a::A-{index}", reason="because " * 40, claim="| claim " * 40) for index in range(2_000)
    ]
    text = markdown_text(Run((*many, HELD), INFO))
    assert 50_000 < len(text) <= GITHUB_LIMIT
    assert "2,001 claims" in text
    left = re.search(r"^([\d,]+) more left out here; all are in report\.json\.$", text, re.MULTILINE)
    assert left is not None
    shown = len(re.findall(r"^(?:\| .*|\w[\w-]* )a::A-\d+: ", text, re.MULTILINE))
    assert shown + int(left[1].replace(",", "")) == 2_000 + (sample is HELD)


def test_the_sections_share_the_room() -> None:
    many = [
        replace(sample, id=f"a::A-{index}", reason="because " * 30)
        for sample, count in ((FALSIFIED, 30), (UNTESTED, 60), (HELD, 900))
        for index in range(count)
    ]
    text = markdown_text(Run(tuple(many), INFO))
    assert len(text) <= GITHUB_LIMIT
    assert text.count("left out here") == 1
    assert text.count("| UNTESTED | a::A-") == 60


def test_a_failure_text_that_would_fill_the_comment_is_cut() -> None:
    text = markdown_text(Run((replace(FALSIFIED, observed="x" * 50_000),), INFO))
    assert len(text) < 10_000
    assert "(cut off here; all of it is in report.json)\n```" in text
