"""JUnit XML: one test case per claim, for the programs that read test results.

| outcome | element | why |
|---|---|---|
| HELD, HELD-AS-FALSE | none | passed |
| FALSIFIED, RECOVERED | `failure` | the run is red because of it |
| ERROR | `error` | the check is broken, not the claim |
| REFUTED | `skipped` | expected to fail and did: neither red nor passed, as pytest writes an xfail |
| UNDERPOWERED, UNTESTED | `skipped` | undecided; the message says what would decide it |

The one thing a reader would get wrong: the format has no word for "undecided", and most viewers fold `skipped` away.
The exact outcome of each claim is its property `outcome`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from apr_core.report.failure import failure_text
from apr_core.report.run import Run
from apr_core.report.summary import sentence, totals
from apr_core.report.terminal import short
from apr_core.report.text import clean, one_line
from apr_core.report.wording import detail, figure
from apr_core.trial.result import Result

NAME = "junit.xml"
Scalar = str | int | float | None
ELEMENT: dict[str, str | None] = {
    "HELD": None,
    "HELD-AS-FALSE": None,
    "FALSIFIED": "failure",
    "REFUTED": "skipped",
    "RECOVERED": "failure",
    "UNDERPOWERED": "skipped",
    "UNTESTED": "skipped",
    "ERROR": "error",
}


def junit_text(run: Run) -> str:
    """The report as one `testsuites` document. Characters that XML 1.0 does not have are written out, as in `\\x1b`."""
    results, info = run.results, run.info
    counts = _counts(results)
    attributes = {"name": "apr"} | counts | {"time": f"{info.seconds:.3f}"}
    root = ET.Element("testsuites", attributes)
    suite = ET.SubElement(root, "testsuite", attributes | {"timestamp": clean(info.started)})
    about: dict[str, Scalar] = {
        "summary": sentence(results, info),
        "root": info.root,
        "command": info.command,
        "seed": info.seed,
        "cases": info.cases,
        "scale": info.scale,
    }
    _properties(suite, about | {f"version.{name}": version for name, version in info.versions.items()})
    for result in results:
        _case(suite, result)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _counts(results: Sequence[Result]) -> dict[str, str]:
    """The attributes with which a suite announces how many cases of each kind it has."""
    per_element = dict.fromkeys(("failure", "error", "skipped"), 0)
    for outcome, count in totals(results).outcomes.items():
        if (element := ELEMENT[outcome]) is not None:
            per_element[element] += count
    return {
        "tests": str(len(results)),
        "failures": str(per_element["failure"]),
        "errors": str(per_element["error"]),
        "skipped": str(per_element["skipped"]),
    }


def _case(suite: ET.Element, result: Result) -> None:
    """One claim."""
    attributes = {"classname": clean(result.contract), "name": short(result), "time": f"{result.seconds:.3f}"}
    file, _, line = result.where.rpartition(":")
    if file and line.isdecimal():
        attributes |= {"file": clean(file), "line": line}
    case = ET.SubElement(suite, "testcase", attributes)
    _properties(
        case,
        {
            "verdict": result.verdict.value,
            "outcome": result.outcome,
            "type": result.type,
            "criteria": ", ".join(result.criteria) or None,
            "n": result.n,
            "n_of": result.n_of,
            "estimate": result.estimate,
            "figure": figure(result) or None,
            "notes": "; ".join(result.notes) or None,
        },
    )
    if (element := ELEMENT[result.outcome]) is not None:
        message = f"{result.outcome}: {detail(result)}"
        ET.SubElement(case, element, {"message": message, "type": result.outcome}).text = failure_text(result)


def _properties(parent: ET.Element, values: Mapping[str, Scalar]) -> None:
    """Name and value of what is known."""
    properties = ET.SubElement(parent, "properties")
    for name, value in values.items():
        if value is not None:
            ET.SubElement(properties, "property", {"name": one_line(name), "value": one_line(str(value))})
