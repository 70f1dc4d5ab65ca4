"""What a model is given, by strategy, kind of problem and kind of model."""

from __future__ import annotations

import doctest

import pytest

from apr_core.errors import SelectionError, UsageError
from apr_core.evaluation.extraction import extract
from apr_core.evaluation.problem import Assertions, Calls, CheckFunction, Problem, Tests, UnitTests
from apr_core.evaluation.prompts import FIELDS, STRATEGIES, Exemplar, Strategy, build
from apr_core.evaluation.prompts.exemplars import CONCRETE, TRIVIAL
from apr_core.inference.request import Message

BEGUN = 'def least(values):\n    """The least of {values}."""\n'
SHOWN = ("assert least([2, 1]) == 1", "assert least([3]) == 3")


def begun(tests: Tests | None = None) -> Problem:
    return Problem("T/0", BEGUN, "least", "", {"base": tests or Calls((([1],),), (1,))})


def worded(tests: Tests | None = None) -> Problem:
    return Problem(
        "T/1", "Find the least {number}.", "least", "", {"base": tests or Assertions(SHOWN)}, mode="instruction"
    )


def text_of(prompt: str | tuple[Message, ...]) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(message.content for message in prompt)


ASKED = [
    (name, problem, chat)
    for name, row in STRATEGIES.items()
    for problem in (begun(), worded())
    for chat in (True, False)
    if getattr(row, problem.mode if chat else f"raw_{problem.mode}") is not None
]


@pytest.mark.parametrize(("name", "problem", "chat"), ASKED, ids=lambda value: getattr(value, "task_id", str(value)))
def test_every_prompt_has_the_problem_as_it_is_written_and_the_function_s_name(
    name: str, problem: Problem, chat: bool
) -> None:
    prompt = build(name, problem, chat=chat)
    assert problem.prompt.rstrip("\n") in text_of(prompt)
    assert problem.entry_point in text_of(prompt)
    if chat:
        assert isinstance(prompt, tuple)
        assert prompt[-1].role == "user"
        assert [message.role for message in prompt if message.role != "system"] == ["user", "assistant"] * (
            len(STRATEGIES[name].exemplars)
        ) + ["user"]
    else:
        assert isinstance(prompt, str)


def test_the_strategies_are_those_that_records_name_and_three_of_our_own() -> None:
    assert list(STRATEGIES) == ["standard", "few-shot", "few-shot-concrete", "scot", "cgo", "mbpp-assertions"]
    assert list(FIELDS) == ["prompt", "entry_point", "assertions"]


def test_a_base_model_goes_on_with_the_very_text_of_the_benchmark() -> None:
    assert build("standard", begun(), chat=False) == BEGUN
    shot = build("few-shot", begun(), chat=False)
    assert isinstance(shot, str)
    assert shot == TRIVIAL[0].program + "\n\n" + BEGUN


def test_only_published_assertions_are_shown_and_only_when_they_are_asked_for() -> None:
    shown = text_of(build("mbpp-assertions", worded(), chat=True))
    assert "\n".join(SHOWN) in shown
    for name in set(STRATEGIES) - {"mbpp-assertions"}:
        assert SHOWN[0] not in text_of(build(name, worded(), chat=True))


@pytest.mark.parametrize(
    "tests", [Calls((), ()), CheckFunction("def check(c): assert c([1]) == 'secret'"), UnitTests("secret")]
)
def test_hidden_tests_are_never_shown(tests: Tests) -> None:
    with pytest.raises(UsageError, match=r"'mbpp-assertions' shows .* T/1 has none that its benchmark shows"):
        build("mbpp-assertions", worded(tests), chat=True)
    for name in set(STRATEGIES) - {"mbpp-assertions"}:
        assert "secret" not in text_of(build(name, worded(tests), chat=True))


def test_what_a_strategy_cannot_ask_is_refused_with_what_it_can() -> None:
    with pytest.raises(
        UsageError, match=r"'scot' cannot ask a base model for T/0: .* only continuation, instruction\."
    ):
        build("scot", begun(), chat=False)
    with pytest.raises(UsageError, match=r"'mbpp-assertions' cannot ask a chat model for T/0"):
        build("mbpp-assertions", begun(), chat=True)
    with pytest.raises(
        SelectionError, match=r"no prompt strategy 'few_shot'; there are standard, .* Did you mean 'few-shot'\?"
    ):
        build("few_shot", begun(), chat=True)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{prompt.__class__}", "field {prompt.__class__} does not exist"),
        ("{prompt[0]}", r"field {prompt\[0\]} does not exist"),
        ("{prompt!r}", "field {prompt} has a format"),
        ("{prompt:>{entry_point}}", "field {prompt} has a format"),
        ("{0}", r"field \{0\} does not exist"),
        ("{promt}", r"does not exist.* Did you mean 'prompt'\?"),
        ("{prompt", "it is no template"),
        ("Write code.", "never says {prompt}"),
    ],
)
def test_a_template_is_names_in_braces_and_nothing_more(template: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Strategy("mine", "asks", instruction=template)


def test_a_strategy_without_a_template_asks_for_nothing() -> None:
    with pytest.raises(UsageError, match="asks for nothing"):
        Strategy("mine", "asks")


@pytest.mark.parametrize("exemplar", TRIVIAL + CONCRETE, ids=lambda one: one.entry_point)
def test_exemplars_are_right_and_are_extracted_from_their_own_form(exemplar: Exemplar) -> None:
    space: dict[str, object] = {}
    exec(exemplar.program, space)
    exec("\n".join(exemplar.assertions), space)
    shown = str(space[exemplar.entry_point].__doc__)
    examples = doctest.DocTestParser().get_doctest(shown, space, exemplar.entry_point, None, 0)
    assert doctest.DocTestRunner().run(examples).failed == 0
    turns = build(Strategy("one", "x", continuation="{prompt}", exemplars=(exemplar,)), begun(), chat=True)
    assert isinstance(turns, tuple)
    assert extract(turns[1].content, exemplar.entry_point).code == exemplar.program
