"""The page is one file that asks for nothing, shows everything once, and lets no text of a run become part of it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from report_page import Parsed, large, parsed
from report_samples import (
    AUDITED,
    CONTROLS,
    ERROR,
    FALSIFIED,
    GATED,
    HELD,
    HOSTILE,
    INFO,
    RECORDS,
    RECOVERED,
    REFUTED,
    RUN,
    SAMPLES,
    UNDERPOWERED,
    UNTESTED,
    runs,
)

from apr_core.report.cards import MOST_CHARACTERS, Anchors
from apr_core.report.html import html_text
from apr_core.report.json import json_text, read_report
from apr_core.report.run import Run
from apr_core.report.summary import MEANING
from apr_core.report.view import headline, lead, moment, segments
from apr_core.trial.result import OUTCOMES, Result

PROPERTY = settings(derandomize=True, deadline=None, max_examples=60)
TEXT = html_text(RUN)


@pytest.fixture(scope="module")
def page() -> Parsed:
    return parsed(TEXT)


# --- one file, the same for the same run ---


def test_the_page_is_made_from_the_report_alone(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json_text(RUN), encoding="utf-8")
    assert html_text(read_report(tmp_path)) == TEXT


def test_nothing_in_the_page_points_outside_it(page: Parsed) -> None:
    assert "://" not in TEXT
    assert not page.of("link") + page.of("img") + page.of("iframe") + page.of("object")
    for element in page.elements:
        assert not {"src", "srcset", "style", "action", "formaction", "onclick"} & set(element.attributes)
        assert element.attributes.get("href", "#").startswith("#")


def test_the_policy_lets_in_the_style_and_the_script_by_digest_and_nothing_else(page: Parsed) -> None:
    policy = next(one for one in page.of("meta") if one.attributes.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.attributes["content"].split("; "))
    assert rules["default-src"] == "'none'"
    assert set(rules) == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    for tag in ("style", "script"):
        (element,) = page.of(tag)
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


def test_five_hundred_claims_fit_into_two_megabytes() -> None:
    text = html_text(large(500))
    assert len(text.encode()) < 2_000_000
    assert len([one for one in parsed(text).elements if one.has("card")]) == 500


# --- hostile text ---


@PROPERTY
@given(runs())
def test_no_text_of_a_run_becomes_part_of_the_page(run: Run) -> None:
    text = html_text(run)
    document = parsed(text)
    assert text.replace("\n", "").isprintable()
    assert len(document.of("script")) == len(document.of("style")) == 1
    ids = Counter(one.attributes["id"] for one in document.elements if "id" in one.attributes)
    assert max(ids.values()) == 1
    for element in document.elements:
        href = element.attributes.get("href", "#?")
        assert href.startswith("#?") or href[1:] in ids, f"{href} leads nowhere"


@pytest.mark.parametrize("hostile", [text for text in HOSTILE if text.strip()])
def test_hostile_text_is_shown_as_text(hostile: str) -> None:
    result = replace(FALSIFIED, claim=hostile, observed=hostile, counterexample={hostile: hostile}, title=hostile)
    document = parsed(html_text(Run((result,), replace(INFO, command=hostile, root=hostile))))
    claims = [one.text for one in document.elements if one.tag == "span" and one.has("claim")]
    shown = hostile.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")
    letters = re.sub(r"[^A-Za-z漢字]", "", shown)
    assert re.sub(r"[^A-Za-z漢字]", "", re.sub(r"\\x\w\w|\\u\w{4}|\\r", "", claims[0])) in letters
    assert len(document.of("script")) == 1


def test_a_value_without_end_is_cut_and_says_so() -> None:
    result = replace(FALSIFIED, counterexample={"a": "7" * 100_000})
    text = html_text(Run((result,), INFO))
    assert "7" * (MOST_CHARACTERS + 1) not in text
    assert "(100,000 characters; all are in report.json)" in text


def test_anchors_are_words_and_never_the_same() -> None:
    anchors = Anchors("claim", ["a/b::C", "a-b::C", "a/b::C ", "", "é", "\ud800"])
    found = [anchors.of(one) for one in ("a/b::C", "a-b::C", "a/b::C ", "", "é", "\ud800")]
    assert found == ["claim-a-b-C", "claim-a-b-C-2", "claim-a-b-C-", "claim-x", "claim--", "claim---2"]
    assert anchors.of("nothing") is None


# --- what a reader finds ---


@pytest.mark.parametrize(
    ("results", "words"),
    [
        (SAMPLES, "4 of 11 claims fell, 2 stood, 1 recovered, 3 are undecided and 1 could not be judged"),
        ((HELD,), "None of 1 claim fell, 1 stood and 0 are undecided"),
        ((HELD, UNTESTED), "None of 2 claims fell, 1 stood and 1 is undecided"),
        ((), "No claim was tried"),
    ],
)
def test_the_headline_says_how_many_of_how_many(results: tuple[Result, ...], words: str) -> None:
    assert headline(Run(results, INFO)) == words


def test_the_lead_says_what_is_open_and_what_is_missing() -> None:
    words = lead(RUN)
    assert words[:3] == (
        "7 of 11 are decided; the others are as open as before.",
        "For 2 nothing here could try them.",
        "For 1 there is evidence, and it is too thin to tell.",
    )
    assert words[-2:] == ("Selected were 12 of 40 collected claims.", "Without a result: 1 selected claim.")
    assert lead(Run((UNTESTED,), INFO))[0] == "Nothing was decided, so this run shows nothing about any claim."


def test_the_bar_has_every_claim_in_proportion() -> None:
    found = segments(RUN)
    assert {one.outcome: one.count for one in found} == Counter(result.outcome for result in SAMPLES)
    widths = {one.width / one.count for one in found}
    assert max(widths) - min(widths) < 0.02
    for one, other in itertools.pairwise(found):
        assert one.x + one.width < other.x
    assert found[-1].x + found[-1].width == pytest.approx(1000, abs=0.05)
    assert sum(one.width for one in segments(Run((), INFO))) == 0


def test_the_legend_has_every_outcome_with_its_meaning(page: Parsed) -> None:
    (legend,) = [one for one in page.elements if one.has("legend")]
    for outcome in OUTCOMES:
        assert f"{outcome}{MEANING[outcome]}" in legend.text


def test_what_fell_comes_first_with_figure_line_and_reason() -> None:
    section = TEXT[TEXT.index('id="fell"') : TEXT.index('id="matrix"')]
    order = [section.index(f'class="claim" href="#claim-{name}"') for name in (
        "merge-slerp-SLERP-2", "merge-slerp-SLERP-4", "gates-release-7b-GATE-1", "hypotheses-h4-int4-H4-LAB",
        "gates-release-7b-GATE-0", "hypotheses-h4-int4-H4-7B",
    )]  # fmt: skip
    assert order == sorted(order)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", section))
    assert "The ends are the inputs. a difference of 8,388,608 ulp at index 0" in words
    assert "for n = 2, a = tensor([[1., 0.], [0., 1.]]), t = 0.0" in words
    assert "Because of H4-7B (REFUTED)" in words
    assert "believed until the mean of all runs was taken" in words


def test_a_run_in_which_nothing_fell_does_not_say_that_all_is_well() -> None:
    text = html_text(Run((HELD, UNTESTED), INFO))
    assert "Nothing fell in this run, and nothing broke." in text
    assert "1 of 2 are decided; the others are as open as before." in text


def test_every_claim_record_and_mutant_is_there_once(page: Parsed) -> None:
    ids = Counter(one.attributes.get("id") for one in page.elements)
    wanted = [
        *(f"claim-{re.sub('[^A-Za-z0-9_.-]+', '-', one.id)}" for one in SAMPLES),
        *(f"record-{one.id}" for one in RECORDS),
        *(f"mutant-{re.sub('[^A-Za-z0-9_.-]+', '-', one.id)}" for one in CONTROLS),
    ]
    assert [ids[one] for one in wanted] == [1] * len(wanted)


def test_the_matrix_has_a_square_per_claim_and_per_criterion_that_it_serves(page: Parsed) -> None:
    squares = Counter(one.attributes["title"].partition(":")[0] for one in page.elements if one.has("m"))
    for result in SAMPLES:
        assert squares[result.id.rpartition("::")[2]] == 1 + len(result.criteria)


def card_text(result: Result) -> str:
    """What the card of one claim of RUN says, white space as one space."""
    start = TEXT.index(f'id="claim-{re.sub("[^A-Za-z0-9_.-]+", "-", result.id)}"')
    end = TEXT.find('<details class="card"', start)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", TEXT[start : end if end > 0 else None]))


def test_an_undecided_claim_shows_its_flips_its_sides_and_what_would_decide_it() -> None:
    words = card_text(UNDERPOWERED)
    assert "773 problems, assuming alpha 0.05, power 0.8, discordance 0.05" in words
    assert "3 lost: int4 fails more often than f16 HumanEval/41 HumanEval/9 HumanEval/130" in words
    assert "1 gained: int4 passes more often than f16 HumanEval/2" in words
    assert "Evidence f16 Qwen2.5-Coder-7B-Instruct · int4 · quantize · humaneval · chat · cuda 0001 84.10 %" in words
    assert "Note one side is known only in total: judged unpaired" in words
    assert "Chance of a decision over the number of problems" in words


def test_a_refuted_claim_shows_which_problems_nothing_solves() -> None:
    words = card_text(REFUTED)
    assert "2 never solved HumanEval/32 HumanEval/145" in words
    assert "Known to be false believed until the mean of all runs was taken" in words


def test_a_shut_gate_names_its_parts_with_what_would_open_them() -> None:
    notes = (f"would open it: {UNDERPOWERED.id}: evidence on 773 problems", "let through by `allow`: something")
    text = html_text(replace(RUN, results=(*SAMPLES[:-1], replace(GATED, notes=notes))))
    section = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text[text.index('id="gates"') :]))
    assert "shut FALSIFIED HELD SLERP-1 UNDERPOWERED H4-1.5B evidence on 773 problems REFUTED H4-7B" in section
    assert "let through by `allow`: something" in text


def test_mutants_are_told_apart_by_a_word_in_each_cell() -> None:
    section = TEXT[TEXT.index('id="mutants"') : TEXT.index('id="evidence"')]
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", section))
    assert "Of 4 mutants: 1 killed, 1 survived, 1 untested, 1 error." in words
    assert "linear result of slerp (1 - t) * a + t * b" in words
    assert re.search(r"ends-swapped .* survived killed gpu", words)
    assert words.index("SURVIVED a planted fault") < words.index("CONTROLLED a planted fault")
    assert len(re.findall(r"<tr id=", section)) == len(CONTROLS)


def test_a_claim_that_a_mutant_survives_says_so_before_it_is_opened() -> None:
    start = TEXT.index("Between inputs of equal norm, the norm does not sag.</span>")
    row = TEXT[start : TEXT.index("</summary>", start)]
    assert "a planted fault that it should notice goes by" in row
    assert AUDITED[0].claim == HELD.id


def test_a_run_without_mutants_records_and_gates_has_no_empty_sections() -> None:
    document = parsed(html_text(Run((HELD,), INFO)))
    ids = {one.attributes.get("id") for one in document.elements}
    assert not {"mutants", "evidence", "gates"} & ids
    assert {"fell", "matrix", "claims"} <= ids


def test_an_error_and_a_recovery_are_told_in_their_own_words() -> None:
    assert "Error TrialError: the refutation did not reproduce. It broke once in 3 attempts" in card_text(ERROR)
    assert "Listed as refuted false until the row alignment was mended" in card_text(RECOVERED)


def test_no_page_says_more_than_the_verdicts_do() -> None:
    assert not re.search(r"\bprove[ns]?\b|\bproved\b|\bverified\b|\bpassed\b", TEXT, re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-21T14:03:48+00:00", "2026-11-21 14:03 UTC"),
        ("2026-03-05T23:25:00+01:00", "2026-03-05 23:25 +0100"),
        ("2026-03-05T23:25:00", "2026-03-05 23:25"),
        ("yesterday", "yesterday"),
    ],
)
def test_times_are_read_as_people_write_them(text: str, shown: str) -> None:
    assert moment(text) == shown


# --- colours ---

STYLE = files("apr_core.report").joinpath("page", "report.css").read_text(encoding="utf-8")
PALETTE = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLE)
}
THEMES = {"light": 0, "dark": 1}
DECIDED = ("HELD", "HELD-AS-FALSE", "FALSIFIED", "REFUTED", "RECOVERED")
SEEN = {  # Machado, Oliveira and Fernandes 2009, severity 1
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> list[float]:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]


def product(row: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(row, other, strict=True))


def contrast(one: str, other: str) -> float:
    """WCAG 2: from 1 to 21."""
    dark, light = sorted(product((0.2126, 0.7152, 0.0722), linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: Sequence[float]) -> tuple[float, float, float]:
    """CIE L*a*b* of linear sRGB."""
    matrix = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8727))
    shares = [max(0.0, product(row, rgb)) for row in matrix]
    x, y, z = (share ** (1 / 3) if share > 0.008856 else 7.787 * share + 16 / 116 for share in shares)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, sight: str) -> float:
    """How far apart two colours look to somebody with that kind of sight."""
    seen = [lab([product(row, linear(colour)) for row in SEEN[sight]]) for colour in (one, other)]
    return sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_can_be_read_on_every_ground(theme: str) -> None:
    colours = {name: pair[THEMES[theme]] for name, pair in PALETTE.items()}
    assert set(OUTCOMES) < set(colours)
    for ink, ground in itertools.product(("ink", "quiet", "link", *OUTCOMES), ("paper", "card", "sunk")):
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for outcome in OUTCOMES:
        assert contrast(colours["on"], colours[outcome]) >= 4.5, outcome
    for mark, ground in itertools.product(("edge", "focus"), ("paper", "card", "sunk")):
        assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SEEN)
def test_decided_outcomes_are_told_apart_by_the_colour_blind(sight: str, theme: str) -> None:
    for one, other in itertools.combinations(DECIDED, 2):
        first, second = (PALETTE[name][THEMES[theme]] for name in (one, other))
        assert distance(first, second, sight) >= 10, (one, other)


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_undecided_does_not_look_green(theme: str) -> None:
    for outcome in ("UNDERPOWERED", "UNTESTED"):
        lightness, green_red, _ = lab(linear(PALETTE[outcome][THEMES[theme]]))
        assert green_red > -8, (outcome, lightness)
    assert lab(linear(PALETTE["HELD"][THEMES[theme]]))[1] < -25


def test_every_outcome_has_a_shape_of_its_own_and_undecided_ones_are_hollow() -> None:
    sprite = files("apr_core.report").joinpath("page", "icons.svg").read_text(encoding="utf-8")
    shapes = dict(re.findall(r'<symbol id="i-([\w-]+)" [^>]*>(.*?)</symbol>', sprite))
    assert {*OUTCOMES, "KILLED", "SURVIVED", "DRIFTED"} == set(shapes)
    assert len(set(shapes.values())) == len(shapes)
    for outcome in OUTCOMES:
        assert ("hollow" in shapes[outcome]) is (outcome in ("UNDERPOWERED", "UNTESTED")), outcome


def test_no_outcome_is_shown_by_colour_alone(page: Parsed) -> None:
    for element in page.elements:
        if element.has("v"):
            assert element.text.strip(), element
        if element.has("m"):
            assert element.attributes["title"].partition(": ")[2].partition(".")[0] in OUTCOMES
