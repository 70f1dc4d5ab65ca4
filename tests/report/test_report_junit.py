"""JUnit XML parses whatever the content, and its counts are those of its cases."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import ERROR, FALSIFIED, HELD, INFO, INFOS, RUN, SAMPLES, UNDERPOWERED, results

from apr_core.report.failure import failure_text
from apr_core.report.junit import junit_text
from apr_core.report.run import Run
from apr_core.report.summary import RunInfo
from apr_core.trial.result import Result

ELEMENTS = {
    "merge/slerp::SLERP-1": None,
    "merge/slerp::SLERP-2": "failure",
    "merge/slerp::SLERP-3": None,
    "merge/slerp::SLERP-4": "failure",
    "hypotheses/h4-int4::H4-7B": "skipped",
    "hypotheses/h4-int4::H4-LAB": "failure",
    "hypotheses/h4-int4::H4-1.5B": "skipped",
    "hypotheses/h4-int4::H4-32B": "skipped",
    "hypotheses/h4-int4::H4-GPU": "skipped",
    "gates/release-7b::GATE-0": "error",
    "gates/release-7b::GATE-1": "failure",
}


def cases(found: list[Result] | tuple[Result, ...]) -> dict[str, ET.Element]:
    root = ET.fromstring(junit_text(Run(tuple(found), INFO)).encode())
    return {f"{case.get('classname')}::{case.get('name')}": case for case in root.iter("testcase")}


def properties(element: ET.Element) -> dict[str, str]:
    return {found.attrib["name"]: found.attrib["value"] for found in element.findall("properties/property")}


def test_every_outcome_has_its_element() -> None:
    found = {
        identity: next((child.tag for child in case if child.tag != "properties"), None)
        for identity, case in cases(SAMPLES).items()
    }
    assert found == ELEMENTS


def test_the_suite_announces_what_it_has() -> None:
    root = ET.fromstring(junit_text(RUN).encode())
    suite = root.find("testsuite")
    assert suite is not None
    counted = Counter(ELEMENTS.values())
    for element in (root, suite):
        announced = {name: int(element.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
        assert announced == {
            "tests": len(SAMPLES),
            "failures": counted["failure"],
            "errors": counted["error"],
            "skipped": counted["skipped"],
        }
    assert suite.attrib["timestamp"] == "2025-03-01T09:30:00+00:00"
    assert properties(suite)["seed"] == "7"
    assert properties(suite)["summary"].startswith("11 claims: 1 HELD, ")


def test_a_failure_carries_the_whole_text_and_the_place() -> None:
    case = cases(SAMPLES)[FALSIFIED.id]
    failure = case.find("failure")
    assert failure is not None
    assert failure.text == failure_text(FALSIFIED)
    assert failure.attrib["message"].startswith("FALSIFIED: observed a difference of 8,388,608 ulp")
    assert (case.get("file"), case.get("line")) == ("contracts/merge/slerp.apr.yaml", "12")


def test_what_is_skipped_says_what_would_decide_it() -> None:
    skipped = cases(SAMPLES)[UNDERPOWERED.id].find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"].startswith("UNDERPOWERED: needs 773 problems")


def test_the_properties_say_what_the_format_has_no_word_for() -> None:
    found = properties(cases(SAMPLES)[UNDERPOWERED.id])
    assert found == {
        "verdict": "UNDERPOWERED",
        "outcome": "UNDERPOWERED",
        "type": "non_inferiority",
        "n": "164",
        "n_of": "problems",
        "estimate": "-0.0122",
        "figure": "-0.0122 [-0.0401, ∞) against > -0.02, 164 problems",
        "notes": "one side is known only in total: judged unpaired",
    }
    assert properties(cases([HELD])[HELD.id])["criteria"] == "AC-006"


def test_an_error_is_no_failure() -> None:
    case = cases([ERROR])[ERROR.id]
    assert case.find("failure") is None
    assert case.find("error") is not None


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(results(), min_size=1, max_size=2), INFOS)
def test_whatever_the_content_it_parses_and_has_every_claim(found: list[Result], info: RunInfo) -> None:
    text = junit_text(Run(tuple(found), info))
    assert text.replace("\n", "").isprintable()
    root = ET.fromstring(text.encode())
    assert len(list(root.iter("testcase"))) == len(found)


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x85", "\ufffe", "\ud800", "\r"])
def test_a_character_that_xml_does_not_have_is_written_out(character: str) -> None:
    hostile = Result(
        **{**{name: getattr(FALSIFIED, name) for name in FALSIFIED.__slots__}, "observed": f"a{character}b"}
    )
    failure = cases([hostile])[FALSIFIED.id].find("failure")
    assert failure is not None
    assert failure.text is not None
    assert f"observed        a{character.encode('unicode-escape').decode()}b\n" in failure.text
