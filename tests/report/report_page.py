"""The page taken apart: its elements, its text and its links, without a browser. And a run as large as they come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from report_samples import FALSIFIED, GATED, HELD, INFO, REFUTED, RUN, UNDERPOWERED, UNTESTED

from apr_core.report.run import Run
from apr_core.trial.result import Flips, Result

VOID = frozenset({"meta", "br", "input", "link", "img", "hr"})


@dataclass
class Element:
    """One element with its own text and its attributes."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    def has(self, name: str) -> bool:
        """Whether it is of a CSS class."""
        return name in self.attributes.get("class", "").split()


@dataclass
class Parsed(HTMLParser):
    """A document whose elements nest, or an AssertionError."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"{tag} has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        closed = self._open.pop()
        assert closed.tag == tag, f"</{tag}> closes <{closed.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def of(self, tag: str) -> list[Element]:
        """The elements of one name."""
        return [element for element in self.elements if element.tag == tag]


def parsed(text: str) -> Parsed:
    """The document `text`, in which everything that is opened is closed."""
    document = Parsed()
    document.feed(text)
    document.close()
    assert not document._open
    return document


MIXTURE = (UNTESTED, HELD, UNTESTED, HELD, UNDERPOWERED, UNTESTED, HELD, REFUTED, UNTESTED, FALSIFIED, HELD, GATED)
"""Outcomes about as often as in a real run, except that more of them fell."""


def large(count: int = 500) -> Run:
    """A run of many claims as real ones are: long sentences, flips, curves, evidence, notes."""
    found = tuple(_grown(index, MIXTURE[index % len(MIXTURE)]) for index in range(count))
    return replace(RUN, results=found, info=replace(INFO, selected=count, collected=count))


def _grown(index: int, result: Result) -> Result:
    contract = f"{result.contract}-{index // 12:03d}"
    changes: dict[str, Any] = {
        "id": f"{contract}::{result.id.rpartition('::')[2]}-{index:04d}",
        "contract": contract,
        "claim": f"{result.claim} It is said of run {index} of many, in a sentence as long as people write them.",
        "if_falsified": "The calibration texts differ, or the blocks run across rows. Compare with the reference first.",
    }
    if result in (HELD, UNDERPOWERED, REFUTED):
        changes |= {
            "type": "non_inferiority",
            "evidence": tuple(record.id for record in RUN.records[:5]),
            "sides": {"f16": ("ev-0000", "ev-0001"), "int4": ("ev-0002", "ev-0003", "ev-0004")},
            "estimate": -0.03 + index / 10_000,
            "interval": (-0.07, 0.06),
            "interval_of": "bounds",
            "required": (-0.02, None),
            "line": "int4 loses less than 0.02 against f16",
            "unit": "fraction",
            "flips": Flips(lost=_problems(0, index % 40), gained=_problems(40, index % 25), of=("f16", "int4"), n=164),
        }
    if result is UNDERPOWERED:
        steps = [[round(82 * 1.1**step), min(1.0, 0.1 + step / 33)] for step in range(31)]
        changes["power"] = {"needed": steps[-6][0], "unit": "problems", "have": 82, "target": 0.8, "curve": steps}
    return replace(result, **changes)


def _problems(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"HumanEval/{number}" for number in range(first, first + count))
