"""One page for a reviewer: a self-contained HTML file that asks for nothing from anywhere, made from a run alone.

The one thing a reader would get wrong: every text that is set passes `_cleaned` and is then escaped, whatever it is. A template
marks nothing as safe; the style, the script and the icons are ours, and the browser runs them only because their digests are in
the page's policy.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from apr_core.report.cards import FELL
from apr_core.report.run import Run
from apr_core.report.summary import MEANING
from apr_core.report.text import clean, clip, one_line
from apr_core.report.view import page
from apr_core.trial.control import DEFECTS, LABELS

if TYPE_CHECKING:
    from jinja2 import Environment

NAME = "report.html"


def html_text(run: Run) -> str:
    """The report as one HTML document, the same for the same run. It loads nothing and sends nothing."""
    from markupsafe import Markup

    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page(run),
            policy=_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            sprite=Markup(_asset("icons.svg")),
            meanings=MEANING,
            labels=LABELS,
            defects=DEFECTS,
            fell_order=FELL,
        )
    )


def _asset(name: str) -> str:
    return files("apr_core.report").joinpath("page", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """A content security policy that lets in this style and this script, and nothing else from anywhere."""
    inside = {name: _digest(text) for name, text in (("style-src", style), ("script-src", script))}
    rules = {"default-src": "'none'", **inside, "base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    # Imported here, because a run that writes no report needs no templates.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clip"] = lambda text, width: clip(one_line(text), width)
    environment.filters["clip_lines"] = lambda text, most: text if len(text) <= most else f"{text[:most]}…"
    environment.filters["known"] = lambda word: "–" if word == "unknown" else word
    return environment


def _cleaned(value: Any) -> Any:
    """A text without control characters, overrides and surrogates; what is markup already is ours."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return clean(value.replace("\r\n", "\n"), keep="\n")
    return value
