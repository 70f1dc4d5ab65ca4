"""The page in a real browser: it loads nothing, does what its controls say, and fits a phone, the dark and paper.

Needs Chromium (`apt-get install chromium`); without one the tests are skipped, except under CI, where they fail.
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from report_page import large
from report_samples import HELD, HOSTILE, INFO, RUN, SAMPLES, UNDERPOWERED

from apr_core.report.html import html_text
from apr_core.report.run import Run

if os.environ.get("CI"):
    playwright = importlib.import_module("playwright.sync_api")
else:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install playwright")

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = {"width": 400, "height": 800}
DESK = {"width": 1280, "height": 900}
SLERP = "claim-merge-slerp-SLERP-1"
H4 = "claim-hypotheses-h4-int4-H4-1.5B"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium of the system; nothing is downloaded."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        why = f"no browser is installed (looked for {', '.join(NAMES)}): apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    playwright.expect.set_options(timeout=20_000)  # ms; a busy machine is no defect of the page
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A page that is open, and what it did besides showing itself."""

    page: Any
    address: str
    said: list[str] = field(default_factory=list)
    """Messages and errors of the console."""
    asked: list[str] = field(default_factory=list)
    """Addresses that it asked for."""
    expected: tuple[str, ...] = ()
    """What may be said in this test."""

    def shown(self) -> list[str]:
        """The names of the claims that are shown, in order."""
        names = self.page.locator(".card:not([hidden]) > summary .meta code")
        return [name.strip() for name in names.all_text_contents()]

    def width(self) -> int:
        """How wide the document is."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a run's page in a fresh context; afterwards it must have been silent and asked for nothing."""
    visits: list[Visit] = []

    def opened(run: Run = RUN, fragment: str = "", **options: Any) -> Visit:
        path = tmp_path / "report.html"
        path.write_text(html_text(run), encoding="utf-8")
        context = browser.new_context(**({"viewport": DESK} | options))
        found = Visit(context.new_page(), path.as_uri())
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.on("request", lambda request: found.asked.append(request.url))
        found.page.goto(path.as_uri() + fragment)
        visits.append(found)
        return found

    yield opened
    for one in visits:
        assert not [text for text in one.said if not any(words in text for words in one.expected)]
        assert not [address for address in one.asked if not address.startswith(one.address)]
        one.page.context.close()


def test_it_opens_in_silence_and_asks_for_nothing(visit: Open) -> None:
    found = visit()
    assert found.page.title().startswith("4 of 11 claims fell, 2 stood")
    assert len(found.shown()) == len(SAMPLES)


def test_the_policy_stops_what_would_leave_the_page(visit: Open) -> None:
    found = visit()
    found.expected = ("Content Security Policy",)
    script = "Object.assign(document.createElement('script'), {textContent: 'window.ran = true'})"
    assert found.page.evaluate(f"document.body.append({script}), window.ran") is None
    assert found.page.evaluate("fetch('https://example.invalid/').then(() => 'sent', () => 'stopped')") == "stopped"


def test_it_reads_without_javascript(visit: Open) -> None:
    found = visit(java_script_enabled=False, fragment=f"#{SLERP}")
    assert found.page.locator("#filters").is_hidden()
    assert found.page.locator(f"#{SLERP}").is_visible(), "a link opens the claim that it points at"
    assert found.page.locator("#claim-merge-slerp-SLERP-3").is_hidden()
    assert found.page.get_by_role("heading", name="What fell, and why").is_visible()


# --- filters and search ---


def test_outcomes_narrow_what_is_shown_and_the_address_remembers(visit: Open) -> None:
    found = visit()
    found.page.click("[data-outcome=FALSIFIED]")
    assert found.shown() == ["SLERP-2", "SLERP-4", "GATE-1"]
    assert found.page.text_content("#shown") == "3 of 11 claims"
    found.page.click("[data-outcome=REFUTED]")
    assert found.shown() == ["SLERP-2", "SLERP-4", "H4-7B", "GATE-1"]
    assert found.page.evaluate("location.hash") == "#?outcome=FALSIFIED%2CREFUTED"
    assert found.page.locator(".m.off").count() > 0, "the matrix fades what is not shown"
    found.page.click("#clear")
    assert len(found.shown()) == len(SAMPLES)
    assert found.page.evaluate("location.hash") == ""


def test_an_address_with_filters_opens_that_view(visit: Open) -> None:
    found = visit(fragment="#?outcome=HELD,UNTESTED&criterion=AC-006")
    assert found.shown() == ["SLERP-1"]
    assert found.page.get_attribute("[data-outcome=HELD]", "aria-pressed") == "true"
    assert found.page.input_value("#f-criterion") == "AC-006"


def test_lists_narrow_what_is_shown(visit: Open) -> None:
    found = visit()
    for control, value, names in (
        ("#f-type", "gate", ["GATE-1"]),
        ("#f-contract", "gates/release-7b", ["GATE-0", "GATE-1"]),
        ("#f-criterion", "AC-024", ["SLERP-2"]),
    ):
        found.page.select_option(control, value)
        assert found.shown() == names
        found.page.select_option(control, "")
    assert len(found.shown()) == len(SAMPLES)


def test_search_finds_all_words_anywhere_in_a_claim(visit: Open) -> None:
    found = visit()
    for words, names in (
        ("humaneval/41", ["H4-1.5B"]),
        ("CALIBRATION texts", ["H4-1.5B", "H4-32B"]),
        ("calibration zebra", []),
        ("0007", ["H4-7B"]),
    ):
        found.page.fill("#q", words)
        playwright.expect(found.page.locator("#shown")).to_have_text(f"{len(names)} of {len(SAMPLES)} claims")
        assert found.shown() == names
        assert found.page.locator("#nothing").is_visible() is (not names)
        assert found.page.locator(".contract:visible").count() == (1 if names else 0)
    assert found.page.evaluate("location.hash") == "#?q=0007"


# --- links ---


def test_a_link_opens_its_claim_even_where_a_filter_hid_it(visit: Open) -> None:
    found = visit(fragment="#?outcome=REFUTED")
    assert found.shown() == ["H4-7B"]
    found.page.evaluate(f"location.hash = '{SLERP}'")
    found.page.wait_for_selector(f"#{SLERP}", state="visible")
    assert len(found.shown()) == len(SAMPLES)
    box = found.page.locator(f".card:has(#{SLERP})").bounding_box()
    assert 0 <= box["y"] < DESK["height"] / 2
    assert found.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_squares_records_and_mutants_lead_where_they_say(visit: Open) -> None:
    found = visit()
    found.page.click(f".m[href='#{SLERP}'] >> nth=0")
    playwright.expect(found.page.locator(f"#{SLERP}")).to_be_visible()
    found.page.click(f"#{SLERP} a[href='#mutant-merge-slerp-linear']")
    playwright.expect(found.page.locator("#mutant-merge-slerp-linear")).to_be_focused()
    found.page.click("#record-ev-0001 .num a")
    playwright.expect(found.page.locator("#shown")).to_have_text("2 of 11 claims")
    assert found.shown() == ["H4-7B", "H4-1.5B"]


# --- keys, theme, copying ---


def test_keys_walk_through_the_claims(visit: Open) -> None:
    found = visit(fragment="#claims")
    keys = found.page.keyboard
    where = "document.activeElement.querySelector('.meta code').textContent"
    keys.press("j")
    keys.press("j")
    assert found.page.evaluate(where) == "SLERP-2"
    keys.press("k")
    assert found.page.evaluate(where) == "SLERP-1"
    keys.press("Enter")
    assert found.page.locator(f"#{SLERP}").is_visible()
    keys.press("x")
    assert found.page.locator(".card:not([open])").count() == 0
    keys.press("x")
    assert found.page.locator(".card[open]").count() == 0
    keys.press("/")
    found.page.keyboard.type("jkx?t")
    assert found.page.input_value("#q") == "jkx?t", "keys type in the search field"
    keys.press("Escape")
    assert found.page.input_value("#q") == ""
    assert len(found.shown()) == len(SAMPLES)
    keys.press("?")
    assert found.page.locator("#help").is_visible()
    keys.press("Escape")
    assert found.page.locator("#help").is_hidden()


def test_the_first_key_stop_skips_to_the_report_and_focus_can_be_seen(visit: Open) -> None:
    found = visit()
    found.page.keyboard.press("Tab")
    assert found.page.evaluate("document.activeElement.className") == "skip"
    assert found.page.locator(".skip").bounding_box()["x"] >= 0
    found.page.keyboard.press("Enter")
    playwright.expect(found.page.locator("main")).to_be_focused()
    found.page.keyboard.press("Tab")
    assert found.page.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert found.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_theme_follows_the_system_and_can_be_turned_and_is_kept(visit: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    found = visit(color_scheme="dark")
    dark = found.page.evaluate(ground)
    found.page.click("#theme")
    light = found.page.evaluate(ground)
    assert light != dark
    found.page.reload()
    assert found.page.evaluate(ground) == light
    assert found.page.get_attribute("#theme", "aria-label") == "Theme: light"
    found.page.keyboard.press("t")
    assert found.page.evaluate(ground) == dark
    assert visit(color_scheme="light").page.evaluate(ground) == light


def test_the_command_that_reproduces_a_claim_is_copied(visit: Open) -> None:
    found = visit(fragment=f"#{SLERP}", permissions=["clipboard-read", "clipboard-write"])
    button = found.page.locator(f"#{SLERP} [data-copy]")
    button.click()
    playwright.expect(found.page.locator("#told")).to_have_text("Copied")
    assert found.page.evaluate("navigator.clipboard.readText()") == HELD.reproduce


# --- phone, paper, hostile text ---


def test_nothing_makes_the_page_wider_than_the_screen(visit: Open) -> None:
    hostile = [text for text in HOSTILE if text.strip()]
    worst = "".join(hostile)
    found = replace(
        SAMPLES[1], id=f"a/{'b' * 300}::{'C' * 300}", contract=f"a/{'b' * 300}", claim=worst, title=worst, observed=worst,
        counterexample={"n" * 200: "y" * 2_000}, criteria=("K" * 300,), reproduce="z" * 900, notes=hostile, where="w" * 400,
    )  # fmt: skip
    opened = visit(replace(RUN, results=(*SAMPLES, found), info=replace(INFO, command="c" * 900, root="r" * 300)))
    opened.page.keyboard.press("x")
    for width in (320, 400, 768, 1280):
        opened.page.set_viewport_size({"width": width, "height": 800})
        assert opened.width() == width
        wide = opened.page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, .sprite, .vh, svg')"
            " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"
        )
        assert not wide, width


def test_wide_tables_scroll_in_their_own_box_on_a_phone(visit: Open) -> None:
    found = visit(viewport=PHONE)
    boxes = found.page.evaluate("[...document.querySelectorAll('.scroll')].map(e => [e.scrollWidth, e.clientWidth])")
    assert any(inner > outer for inner, outer in boxes)
    found.page.click("#filter-open")
    found.page.click("[data-outcome=HELD]")
    assert found.shown() == ["SLERP-1"]


def test_on_paper_everything_is_open_and_light_and_no_control_is_left(visit: Open) -> None:
    found = visit(color_scheme="dark")
    found.page.emulate_media(media="print")
    for name in (SLERP, H4):
        assert found.page.locator(f"[id='{name}']").bounding_box()["height"] > 50
    assert "HumanEval/130" in found.page.locator("main").inner_text()
    assert found.page.locator("button:visible, select:visible, input:visible").count() == 0
    assert found.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_large_run_is_searched_at_once(visit: Open) -> None:
    found = visit(large(500))
    found.page.fill("#q", "run 407 of")
    playwright.expect(found.page.locator("#shown")).to_have_text("1 of 500 claims")
    assert found.width() == DESK["width"]


# --- accessibility ---


def test_every_control_has_a_name_and_every_picture_words(visit: Open) -> None:
    found = visit()
    found.page.keyboard.press("x")
    nameless = found.page.evaluate(
        """() => [...document.querySelectorAll('a, button, input, select, summary, [tabindex="0"]')].filter(e => {
          const label = e.labels && e.labels.length ? e.labels[0].textContent : '';
          return !(e.textContent.trim() || e.getAttribute('aria-label') || e.title || label);
        }).map(e => e.outerHTML.slice(0, 120))"""
    )
    assert not nameless
    mute = found.page.evaluate(
        "[...document.querySelectorAll('svg')].filter(e => e.getAttribute('aria-hidden') !== 'true'"
        " && !(e.getAttribute('role') === 'img' && e.querySelector('title').textContent.trim())).length"
    )
    assert mute == 0
    assert found.page.evaluate("document.documentElement.lang") == "en"


def test_headings_go_down_one_step_at_a_time_and_things_to_press_are_large_enough(visit: Open) -> None:
    found = visit(viewport=PHONE)
    levels = found.page.evaluate(
        "[...document.querySelectorAll('main :is(h1,h2,h3,h4,h5,h6)')].map(e => +e.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    small = found.page.evaluate(
        "[...document.querySelectorAll('.m, button, select, input, .card > summary')].filter(e => e.offsetParent)"
        ".filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 24).map(e => e.outerHTML.slice(0, 100))"
    )
    assert not small


def test_the_drawings_of_an_undecided_claim_say_what_they_show(visit: Open) -> None:
    power = {**(UNDERPOWERED.power or {}), "needed": 773, "have": 164}
    claim = replace(UNDERPOWERED, power=power, required=(-0.02, None), unit="fraction")
    found = visit(Run((claim,), INFO), fragment=f"#{H4}")
    assert found.page.locator(f"[id='{H4}'] svg[role=img] title").all_text_contents() == [
        "estimate -1.22 points; from -4.01 points to no limit; the claim needs above -2.00 points",
        "Chance of a decision over the number of problems: 29 % with the 164 there are, 80 % with 773",
    ]
