"""What holds of every text: nothing is invented, nothing depends on line ends, and a planted solution is found."""

from __future__ import annotations

import ast

from extraction_wrappings import SOLUTIONS, Wrapped, noise, wrapped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apr_core.evaluation.extraction import extract
from apr_core.evaluation.extraction.extract import extract_metered
from apr_core.evaluation.extraction.parsing import Meter

PROMPT = "def solve(values, limit):\n    '''Do it.'''\n"
prompts = st.sampled_from([None, PROMPT, "def solve(values, limit):", "import math\n\n" + PROMPT, "# words\n"])
thorough = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def meaning(source: str) -> list[str]:
    """A program's statements without comments and places."""
    return [ast.dump(statement) for statement in ast.parse(source).body]


@thorough
@given(wrapped())
def test_the_planted_solution_is_found_in_every_wrapping(answer: Wrapped) -> None:
    found = extract(answer.text, "solve")
    assert found.kind == "program"
    planted, code = meaning(answer.solution), meaning(found.code)
    start = code.index(planted[0])
    assert code[start : start + len(planted)] == planted
    rest = [*code[:start], *code[start + len(planted) :]]
    # what is written beside it in one piece may stay: a call of it, never another definition
    assert all(one.startswith("Expr(value=Call(") for one in rest), found


@thorough
@given(noise(), prompts)
def test_extracting_from_what_was_extracted_changes_nothing(text: str, prompt: str | None) -> None:
    once = extract(text, "solve", prompt)
    again = extract(once.code, "solve", prompt)
    assert again.code == once.code


@thorough
@given(wrapped(), prompts)
def test_extracting_twice_from_an_answer_changes_nothing(answer: Wrapped, prompt: str | None) -> None:
    once = extract(answer.text, "solve", prompt)
    assert extract(once.code, "solve", prompt).code == once.code


@thorough
@given(
    st.one_of(noise(), wrapped().map(lambda answer: answer.text)), prompts, st.sampled_from(["solve", None, "other"])
)
def test_every_line_of_the_code_is_a_line_of_the_text(text: str, prompt: str | None, entry_point: str | None) -> None:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stripped = [line.strip() for line in lines]
    for line in extract(text, entry_point, prompt).code.split("\n"):
        # moved sideways, out of a quotation or a session, or with a fence or a special token cut off its end
        wanted = line.strip()
        assert wanted in stripped or any(
            one.endswith(wanted) or one.startswith(wanted) or wanted in one for one in stripped
        )


@thorough
@given(noise().filter(lambda text: "\r" not in text), prompts)
def test_the_line_ends_do_not_matter(text: str, prompt: str | None) -> None:
    assert extract(text.replace("\n", "\r\n"), "solve", prompt) == extract(text, "solve", prompt)


@thorough
@given(st.one_of(noise(), st.text()), prompts)
def test_no_text_raises_and_what_is_parsed_is_bounded(text: str, prompt: str | None) -> None:
    meter = Meter()
    extract_metered(text, "solve", prompt, meter)
    size = len(text) + len(prompt or "") + 64
    assert meter.characters <= 64 * size


@given(st.sampled_from(SOLUTIONS))
def test_a_program_comes_out_as_it_went_in(solution: str) -> None:
    assert extract(solution, "solve") == (solution, "program", "unchanged")
    assert extract(solution, "solve", PROMPT) == (solution, "program", "unchanged")
