"""From a strategy and a problem to what the model is given.

The one thing a reader would get wrong: of a problem's tests only assert statements that its benchmark shows with the problem can
get into a prompt. What EvalPlus, HumanEval and BigCodeBench test with stays hidden, whatever a template says.
"""

from __future__ import annotations

from apr_core.errors import SelectionError, UsageError, did_you_mean
from apr_core.evaluation.problem import Assertions, Problem
from apr_core.evaluation.prompts.exemplars import Exemplar
from apr_core.evaluation.prompts.strategy import TEMPLATES, Strategy, template_fields
from apr_core.evaluation.prompts.table import STRATEGIES
from apr_core.inference.request import Message


def build(strategy: Strategy | str, problem: Problem, *, chat: bool) -> str | tuple[Message, ...]:
    """The prompt: messages for a chat model, or a text for a base model to continue.

    Raises:
        SelectionError: there is no strategy of the name.
        UsageError: the strategy has no template for such a problem or such a model, or it shows tests and the problem
            has none that may be shown.
    """
    row = find(strategy) if isinstance(strategy, str) else strategy
    template = _template(row, problem, chat=chat)
    asked = _filled(template, problem.prompt, problem.entry_point, _shown(row, template, problem))
    begun = problem.mode == "continuation"
    if not chat:
        before = "".join(_raw(template, exemplar, begun=begun) for exemplar in row.exemplars)
        return before + asked
    turns = [Message("system", row.system)] if row.system is not None else []
    for exemplar in row.exemplars:
        turns.append(Message("user", _ask(template, exemplar, begun=begun)))
        turns.append(Message("assistant", f"```python\n{exemplar.program}```\n"))
    return (*turns, Message("user", asked))


def find(name: str) -> Strategy:
    """The strategy of a name.

    Raises:
        SelectionError: there is none.
    """
    if name not in STRATEGIES:
        raise SelectionError(
            f"there is no prompt strategy {name!r}; there are {', '.join(STRATEGIES)}, and `auto` picks one of them by the "
            f"registered evidence.{did_you_mean(name, [*STRATEGIES, 'auto'])}"
        )
    return STRATEGIES[name]


def _template(row: Strategy, problem: Problem, *, chat: bool) -> str:
    key = problem.mode if chat else f"raw_{problem.mode}"
    template: str | None = getattr(row, key)
    if template is None:
        has = ", ".join(name for name in TEMPLATES if getattr(row, name) is not None)
        what = "a chat model" if chat else "a base model"
        raise UsageError(
            f"the prompt strategy {row.name!r} cannot ask {what} for {problem.task_id}: it has no template {key!r}, only "
            f"{has}. Take another strategy, or add that template to its row."
        )
    return template


def _shown(row: Strategy, template: str, problem: Problem) -> str:
    """The assert statements that may be shown; empty when the template shows none."""
    if "assertions" not in template_fields(template):
        return ""
    base = problem.tests.get("base")
    if not isinstance(base, Assertions) or not base.statements:
        raise UsageError(
            f"the prompt strategy {row.name!r} shows a problem's assert statements, and {problem.task_id} has none that its "
            "benchmark shows: other tests stay hidden. Take another strategy, such as standard."
        )
    return "\n".join(base.statements)


def _filled(template: str, prompt: str, entry_point: str, assertions: str) -> str:
    """The template with its fields; a prompt at its end stays as it is, line ends included, for a model to go on from."""
    text = prompt if template.endswith("{prompt}") else prompt.rstrip("\n")
    return template.format(prompt=text, entry_point=entry_point, assertions=assertions)


def _ask(template: str, exemplar: Exemplar, *, begun: bool) -> str:
    text = exemplar.begun if begun else exemplar.sentence
    return _filled(template, text, exemplar.entry_point, "\n".join(exemplar.assertions))


def _raw(template: str, exemplar: Exemplar, *, begun: bool) -> str:
    """An exemplar as a base model sees it: asked, answered, and set apart by empty lines."""
    answer = exemplar.rest if begun else exemplar.program
    return f"{_ask(template, exemplar, begun=begun)}{answer}\n\n"
