"""The hostile programs as files: each says what it is, once, and in words that mean something to the sandbox."""

from __future__ import annotations

import ast

import pytest

from apr_core.errors import UsageError
from apr_core.evaluation.battery.header import FAMILIES, FOLDER, FORBIDDEN, hostile_programs, read_header
from apr_core.evaluation.battery.tasks import FORMS, TASKS, problem
from apr_core.evaluation.sandbox import CLASSES, LAYERS

PROGRAMS = hostile_programs()

GOOD = '"""Tries something.\n\nfamily: forging\nclasses: exception\nfools: exit-code\n"""\n'


def test_every_file_is_a_program_of_the_battery() -> None:
    assert set(PROGRAMS) == {path.stem for path in FOLDER.iterdir() if path.name != "__pycache__"}


def test_there_are_at_least_sixty_and_a_dozen_of_each_family() -> None:
    assert len(PROGRAMS) >= 60
    for family in FAMILIES[:3]:
        assert sum(one.family == family for one in PROGRAMS.values()) >= 12, family


@pytest.mark.parametrize("one", PROGRAMS.values(), ids=PROGRAMS)
def test_a_header_speaks_of_classes_layers_tasks_and_forms_that_there_are(one) -> None:
    assert set(one.classes) <= set(CLASSES)
    assert one.family == "weak" or not set(one.classes) & set(FORBIDDEN)
    assert {layer for layers in one.held_by for layer in layers} <= set(LAYERS)
    assert one.task in TASKS
    assert one.form in ("", *FORMS)
    assert one.what.endswith(".")


@pytest.mark.parametrize("one", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_defines_what_its_task_asks_for_and_does_not_solve_it(one) -> None:
    tree = ast.parse(one.text)
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert one.task in names or not names, "a program that never returns from being loaded defines nothing"
    assert TASKS[one.task].honest.strip().splitlines()[-1].strip() not in one.text


@pytest.mark.parametrize("one", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_with_parts_asks_which_and_no_other_does(one) -> None:
    assert ('CANARY["part"]' in one.text) is (one.parts != ("",))


def test_a_forging_program_fools_a_harness_or_says_why_none() -> None:
    for one in PROGRAMS.values():
        assert bool(one.fools) != bool(one.alone) or one.family != "forging", one.id


def test_two_programs_never_say_the_same() -> None:
    said = [one.what for one in PROGRAMS.values()]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "has no docstring"),
        (GOOD.replace("family: forging", "family: theft"), "of the family 'theft'"),
        (GOOD.replace("family: forging", "family: escape"), "escapes name one of"),
        (GOOD.replace("classes: exception", "classes: passed"), "name failures"),
        (GOOD.replace("classes: exception", "classes:"), "name failures"),
        (GOOD.replace("fools:", "fouls:"), "unknown field 'fouls'.*Did you mean 'fools'"),
        (GOOD.replace("fools: exit-code", "family: forging"), "says 'family' twice"),
    ],
)
def test_a_wrong_header_is_refused_with_the_name_of_the_program(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"'one' .*{message}"):
        read_header("one", text)


def test_a_good_header_is_read_over_more_than_one_line() -> None:
    text = GOOD.replace(
        "classes: exception", "classes: exception,\n    memory\nparts: a, b\nheld by: pid & mount, seccomp\nwall: 2.5"
    )
    one = read_header("one", text)
    assert (one.classes, one.parts, one.wall) == (("exception", "memory"), ("a", "b"), 2.5)
    assert one.held_by == (frozenset({"pid", "mount"}), frozenset({"seccomp"}))


@pytest.mark.parametrize("task", TASKS)
def test_the_honest_program_of_a_task_gives_what_its_tests_expect(task: str) -> None:
    namespace: dict[str, object] = {}
    exec(TASKS[task].honest, namespace)
    function = namespace[task]
    assert callable(function)
    for arguments, expected in TASKS[task].cases:
        assert function(*arguments) == expected


def test_a_task_or_form_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="no task 'subtract'"):
        problem("subtract", "calls")
    with pytest.raises(UsageError, match="in the form 'poem'"):
        problem("add", "poem")
