"""The page about reports names what a report has: its lines, its files, the sections of its page.

The one thing a reader would get wrong: the lines of a claim's text are read from the source of `report.failure`, because no
single claim has all of them.
"""

from __future__ import annotations

import inspect
import re
from importlib.resources import files

from docs_pages import names, sections, tables

from apr_core.report import failure
from apr_core.report.write import FORMATS

PAGE = sections("reading-a-report.md")


def test_every_line_of_a_claims_text_is_explained_in_its_order() -> None:
    source = inspect.getsource(failure._rows) + inspect.getsource(failure._evidence)
    labels = set(re.findall(r'(?:\(|yield |^ +|else )"([a-z ]+)"(?:,| if)', source, re.MULTILINE)) - {"note"}
    [rows] = tables(PAGE["One claim in full"])
    explained = [name for row in rows for name in names(row[0])]
    assert labels >= {"claim", "counterexample", "expected", "used", "if falsified"}
    assert labels | {"note", "reproduce"} == set(explained)
    shown = re.findall(
        r"^(claim|estimate|expected|observed|why|if falsified|reproduce) ", PAGE["One claim in full"], re.MULTILINE
    )
    assert shown == [label for label in explained if label in shown]


def test_every_file_that_a_run_writes_is_listed() -> None:
    [rows] = tables(PAGE[""])
    assert {names(row[0])[0] for row in rows} == {name for name, _ in FORMATS}


def test_every_section_of_the_page_is_described() -> None:
    template = files("apr_core.report").joinpath("page", "report.html.j2").read_text(encoding="utf-8")
    main = template.partition("</main>")[0]
    headings = [re.split(r"[:,]", heading)[0] for heading in re.findall(r"<h2>(.+?)</h2>", main)]
    described = re.findall(r"^- \*\*(.+?)\*\*", PAGE["The page"], re.MULTILINE)
    assert len(headings) >= 6
    assert [re.split(r"[:,]", words)[0] for words in described] == ["The head", *headings]
