"""The lines on the terminal: exact text, width, folding, and nothing but printable characters."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HELD, INFO, INFOS, REFUTED, RUN, SAMPLES, SLERP, UNTESTED, make, results
from rich.cells import cell_len

from apr_core.report.run import Run
from apr_core.report.terminal import FOLD_ABOVE, FOLDED_OPENINGS, lines, painted
from apr_core.trial.result import OUTCOMES, Result
from apr_core.verdict import Verdict

SNAPSHOTS = Path(__file__).parent / "snapshots"


def texts(found: list[Result] | tuple[Result, ...], width: int = 100) -> list[str]:
    return [text for text, _ in lines(Run(tuple(found), INFO), width=width, color=False)]


@pytest.mark.parametrize("width", [80, 110])
def test_the_whole_summary(width: int) -> None:
    snapshot = (SNAPSHOTS / f"terminal-{width}.txt").read_text(encoding="utf-8")
    assert "\n".join(texts(SAMPLES, width)) + "\n" == snapshot


def test_colour_changes_no_word() -> None:
    plain = lines(RUN, width=80, color=False)
    coloured = lines(RUN, width=80, color=True)
    assert [text for text, _ in coloured] == [text for text, _ in plain]
    assert not any(markup for _, markup in plain)
    assert {"red", "green", "yellow"} <= {name for _, markup in coloured for name in markup}


@pytest.mark.parametrize("result", SAMPLES, ids=lambda result: result.id)
def test_the_first_word_of_a_claim_s_line_is_its_outcome(result: Result) -> None:
    name = result.id.partition("::")[2]
    (line,) = [text.split() for text in texts([result]) if name in text.split()]
    assert line[:2] == [result.outcome, name]


def many(count: int) -> list[Result]:
    return [replace(HELD, id=f"{SLERP}::A-{index}") for index in range(count)]


def test_a_big_run_counts_what_is_held_and_lists_the_rest() -> None:
    optimistic = replace(HELD, id=f"{SLERP}::B-1", notes=("OPTIMISTIC: the best of 9 runs was selected",))
    found = texts([*many(FOLD_ABOVE), optimistic, REFUTED, UNTESTED])
    assert f"{SLERP}  {FOLD_ABOVE} HELD (not listed)  SLERP interpolates on the arc" in found
    listed = [text.split()[1] for text in found if text.startswith("  ") and text.split()[0] in OUTCOMES]
    assert listed == ["B-1", "H4-7B"]
    assert sum("1 UNTESTED" in text for text in found) == 3, "in its heading, before the ways to try it, in the totals"
    assert any(UNTESTED.reason[:20] in text for text in found)
    assert any(text.startswith("63 claims: 61 HELD,") for text in found)


def test_a_big_run_names_the_first_ways_to_try_what_is_untested_and_counts_the_others() -> None:
    untested = [replace(UNTESTED, id=f"a::U-{index}", enable=f"do thing {index}") for index in range(FOLD_ABOVE + 1)]
    found = texts(untested)
    assert sum("do thing" in text for text in found) == FOLDED_OPENINGS
    rest = len(untested) - FOLDED_OPENINGS
    assert any(f"and {rest} other ways, for {rest} claims" in text for text in found)


def test_the_totals_come_last_with_their_denominator() -> None:
    found = texts([*many(3), UNTESTED])
    assert found[-1].startswith("4 claims: 3 HELD, 1 UNTESTED") or found[-2].startswith("4 claims: 3 HELD, 1 UNTESTED")


def test_a_run_of_just_so_many_claims_lists_all() -> None:
    found = texts(many(FOLD_ABOVE))
    assert sum(text.lstrip().startswith("HELD ") for text in found) == FOLD_ABOVE
    assert not any("not listed" in text for text in found)


def test_a_note_is_not_cut_off_with_a_long_claim() -> None:
    long = replace(HELD, claim="x" * 300, n_of="cases of a very long denominator " * 9, notes=("OPTIMISTIC",))
    found = texts([long], 80)
    assert found[found.index(next(text for text in found if "SLERP-1" in text)) + 1].strip() == "note: OPTIMISTIC"


def test_long_ids_leave_room_for_the_figures() -> None:
    long = replace(HELD, id=f"{SLERP}::{'MATMUL-PARITY-' * 5}bfloat16")
    (line,) = [text for text in texts([long], 80) if "MATMUL" in text]
    assert "loat16  100 cases (3 discarded)" in line


def test_of_many_untested_claims_three_are_named() -> None:
    found = texts([replace(UNTESTED, id=f"a::U-{index}") for index in range(5)])
    assert "    5 claims: No evidence for the role instruct at int4. (a::U-0, a::U-1, a::U-2 and 2 more)" in found


def test_paint_is_ansi_around_the_text_and_nothing_without_markup() -> None:
    assert painted(("FALSIFIED", {"red": True, "bold": True})) == "\x1b[31;1mFALSIFIED\x1b[0m"
    assert painted(("plain", {})) == painted(("plain", {"bold": False})) == "plain"


def test_pytest_knows_every_markup() -> None:
    from pytest import TerminalReporter

    assert TerminalReporter.write_line
    known = {"bold", "red", "green", "yellow"}
    outcomes = [make("a::A", verdict, "", refuted=note) for verdict in Verdict for note in (None, "x")]
    assert {name for _, markup in lines(Run(tuple(outcomes), INFO), width=80, color=True) for name in markup} <= known


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.lists(results(), min_size=1, max_size=4), INFOS, st.integers(0, 130))
def test_no_content_steers_the_terminal_or_leaves_its_line(found: list[Result], info: object, width: int) -> None:
    for text, _ in lines(Run(tuple(found), info), width=width, color=True):  # type: ignore[arg-type]
        assert text.isprintable()
        assert cell_len(text) <= max(width, 40)


def test_the_formats_import_nothing_heavy() -> None:
    code = (
        "import sys; from apr_core.report import failure, junit, markdown, terminal; "
        "print(*{'pydantic', 'yaml', 'numpy', 'scipy', 'hypothesis', 'torch', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
