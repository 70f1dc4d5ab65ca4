"""What a prompt strategy is, and what its templates may say.

The one thing a reader would get wrong: a template is no program. It is text with named fields; what Python's `format` would look
up behind a name (attributes, indices, formats) is refused when the strategy is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from apr_core.errors import UsageError, did_you_mean
from apr_core.evaluation.prompts.exemplars import Exemplar

FIELDS: Mapping[str, str] = {
    "prompt": "the problem's text, as its benchmark writes it",
    "entry_point": "the name of the function that is tested",
    "assertions": "the assert statements that the benchmark shows with the problem, one per line",
}
"""What a template may name, and what it stands for. Braces that are meant as braces are written twice."""

TEMPLATES = ("continuation", "instruction", "raw_continuation", "raw_instruction")


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way of asking.

    Raises:
        UsageError: a template has a field that does not exist, or is no template; nothing is asked for by any of them.
    """

    name: str
    does: str
    """What it does, in a few words."""
    continuation: str | None = None
    """The user's turn for a problem that is the beginning of a program; None when there is none."""
    instruction: str | None = None
    """The user's turn for a problem in words."""
    raw_continuation: str | None = None
    """Text that a base model continues, for the beginning of a program; None when only chat models can be asked so."""
    raw_instruction: str | None = None
    """Text that a base model continues, for a problem in words."""
    system: str | None = None
    """The system message; none is sent when None, so that the chat template may put in its own."""
    exemplars: tuple[Exemplar, ...] = ()
    """Solved problems that are shown first."""

    def __post_init__(self) -> None:
        given = {key: text for key in TEMPLATES if (text := getattr(self, key)) is not None}
        if not given:
            raise UsageError(f"the prompt strategy {self.name!r} asks for nothing; give one of {', '.join(TEMPLATES)}.")
        for key, text in given.items():
            if wrong := template_problem(text):
                raise UsageError(f"the prompt strategy {self.name!r}, {key}: {wrong}.")


def template_fields(text: str) -> set[str]:
    """The fields that a template names.

    Raises:
        ValueError: it is no template; the message says why.
    """
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def template_problem(text: str) -> str | None:
    """What is wrong with a template, or None."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        return f"it is no template ({error}); a brace that is meant as a brace is written twice"
    for _, field, form, conversion in parts:
        if field is not None and field not in FIELDS:
            return (
                f"the field {{{field}}} does not exist; allowed are {_listed()}.{did_you_mean(field, FIELDS)}".rstrip(
                    "."
                )
            )
        if form or conversion:
            return f"the field {{{field}}} has a format, and a field is only a name; allowed are {_listed()}"
    named = {field for _, field, _, _ in parts}
    return None if "prompt" in named else "it never says {prompt}, so the model would not see the problem"


def _listed() -> str:
    return ", ".join(f"{{{field}}}" for field in FIELDS)
