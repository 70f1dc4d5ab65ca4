"""`report.json`: the whole of a run's results as data, and its way back. Every other format can be made from it.

The one thing a reader would get wrong: JSON has no NaN and no lone surrogates. A number that is not finite is written
as null with a note on its claim, and a surrogate is written out as `\\udc80`; everything else comes back as it was.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from apr_core.errors import AprError
from apr_core.files import parse_json, position, read_text
from apr_core.report.run import Run
from apr_core.report.schema import FORMAT, Report
from apr_core.report.summary import totals
from apr_core.report.text import clean
from apr_core.trial.cited import CitedRecord
from apr_core.trial.control import Audited, Control
from apr_core.trial.result import Result

NAME = "report.json"
FIRST = "apr.report/1"
"""The format before flips, records and controls, which is still read."""
_MOST_PROBLEMS = 5


def json_text(run: Run) -> str:
    """The report as ASCII JSON, keys in a fixed order, claims in the order of the results.

    Raises:
        TypeError: a result holds something that is not plain data.
    """
    report = {
        "schema": FORMAT,
        "run": _plain(asdict(run.info), "run", []),
        "totals": asdict(totals(run.results)),
        "claims": [_claim(result) for result in run.results],
        "records": [_plain(record.to_json(), "records", []) for record in run.records],
        "controls": [_plain(control.to_json(), "controls", []) for control in run.controls],
        "audit": [_plain(asdict(audited), "audit", []) for audited in run.audited],
    }
    return json.dumps(report, indent=2, allow_nan=False) + "\n"


def _claim(result: Result) -> dict[str, Any]:
    """One claim as strict JSON data, with `outcome` beside `verdict`."""
    data = result.to_json()
    lost: list[str] = []
    for key in ("interval", "required"):
        if data[key] is not None:
            data[key] = _bounds(data[key], key, lost)
    outcome = data.pop("outcome")
    claim: dict[str, Any] = {}
    for key, value in data.items():
        claim[key] = _plain(value, key, lost)
        if key == "verdict":
            claim["outcome"] = outcome
    claim["notes"] += [f"{what}; JSON has no such number, so the report says null" for what in lost]
    return claim


def _bounds(bounds: Sequence[float | None], key: str, lost: list[str]) -> list[float | None] | None:
    """An infinite bound is an open side, which is null; a NaN says nothing, so that no interval is left at all."""
    if any(bound is not None and math.isnan(bound) for bound in bounds):
        lost.append(f"{key} was ({', '.join(map(str, bounds))})")
        return None
    return [None if bound is not None and math.isinf(bound) else bound for bound in bounds]


def _plain(value: Any, path: str, lost: list[str]) -> Any:
    """`value` without numbers and characters that JSON does not have; what was lost is added to `lost`."""
    if isinstance(value, float) and not math.isfinite(value):
        lost.append(f"{path} was {value}")
        return None
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_plain(key, path, lost): _plain(item, f"{path}.{key}", lost) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{index}]", lost) for index, item in enumerate(value)]
    return value


def read_report(path: Path) -> Run:
    """What `json_text` wrote to the file at `path`, or to `report.json` in the folder at `path`.

    Raises:
        AprError: there is no such file, or it is truncated, not a report, of another version, or contradicts itself.
    """
    file = path / NAME if path.is_dir() else path
    text = read_text(file)
    data = parse_json(text, file)
    _check_format(data, file)
    try:
        report = Report.model_validate_json(text if data["schema"] == FORMAT else _upgraded(data), strict=True)
    except ValidationError as error:
        raise AprError(_problems(error, text, file)) from None
    results = [Result.from_json(claim.model_dump(mode="json")) for claim in report.claims]
    controls = [Control.from_json(control.model_dump(mode="json")) for control in report.controls]
    _check_outcomes(results, controls, report, text, file)
    _check_whole(results, report, file)
    return Run(
        results=tuple(results),
        info=report.run,
        records=tuple(CitedRecord.from_json(record.model_dump(mode="json")) for record in report.records),
        controls=tuple(controls),
        audited=tuple(Audited(**audited.model_dump(mode="json")) for audited in report.audit),
    )


def _upgraded(data: dict[str, Any]) -> str:
    """A report of the first format in the present one. It had no flips, no records and no controls."""
    claims = data.get("claims")
    added: dict[str, Any] = {
        "broke": None,
        "contract_digest": None,
        "flips": None,
        "problems": {},
        "required": None,
        "sides": {},
    }
    if isinstance(claims, list):
        claims = [claim | added if isinstance(claim, dict) else claim for claim in claims]
    return json.dumps(data | {"schema": FORMAT, "claims": claims, "records": [], "controls": [], "audit": []})


def _check_format(data: Any, file: Path) -> None:
    found = data.get("schema") if isinstance(data, dict) else None
    if found in (FIRST, FORMAT):
        return
    if isinstance(found, str) and found.startswith("apr.report/"):
        raise AprError(
            f"{file}: this report is of version {found!r} and this apr-core reads {FIRST!r} and {FORMAT!r}. Read it with "
            "the apr-core that wrote it, or run the claims again."
        )
    says = f"its `schema` is {found!r}" if found is not None else "it has no `schema`"
    raise AprError(
        f'{file}: this is JSON, but no report of apr-core: {says}, and a report begins with `"schema": "{FORMAT}"`. '
        "Give the report.json that `pytest --apr-report DIR` wrote, or its folder."
    )


def _check_outcomes(
    results: Sequence[Result], controls: Sequence[Control], report: Report, text: str, file: Path
) -> None:
    """An outcome follows from the verdict or the cells; where it does not, something would count in the wrong column."""
    for index, (claim, result) in enumerate(zip(report.claims, results, strict=True)):
        if claim.outcome != result.outcome:
            why = f"its verdict {result.verdict} makes it {result.outcome}"
            raise AprError(_contradiction(result.id, claim.outcome, why, ("claims", index, "outcome"), text, file))
    for index, (written, control) in enumerate(zip(report.controls, controls, strict=True)):
        if written.outcome != control.outcome:
            why = f"its cells make it {control.outcome}"
            raise AprError(_contradiction(control.id, written.outcome, why, ("controls", index, "outcome"), text, file))


def _contradiction(identity: str, said: str, why: str, place: tuple[str | int, ...], text: str, file: Path) -> str:
    line, column = position(text, place)
    return (
        f"{file}:{line}:{column}: {clean(identity)} has the outcome {said}, but {why}. A report is not edited by hand: "
        "write it anew."
    )


def _check_whole(results: Sequence[Result], report: Report, file: Path) -> None:
    """A denominator must not be wrong unnoticed: the totals are those of the claims, and every claim is there once."""
    for what, found in (("claim", results), ("record", report.records), ("mutant", report.controls)):
        twice = [identity for identity, count in Counter(one.id for one in found).items() if count > 1]
        if twice:
            raise AprError(f"{file}: the {what} {twice[0]!r} is in this report more than once. Write the report anew.")
    if totals(results) != report.totals:
        raise AprError(
            f"{file}: the totals are not those of the {len(results)} claims in it ({report.totals.total} announced): "
            "claims were removed, added or changed by hand. Write the report anew."
        )


def _problems(error: ValidationError, text: str, file: Path) -> str:
    """The first few problems, each with its place."""
    problems = error.errors(include_url=False, include_input=False)
    found = []
    for problem in problems[:_MOST_PROBLEMS]:
        place = tuple("schema" if step == "format" else step for step in problem["loc"])
        line, column = position(text, place)
        found.append(clean(f"{file}:{line}:{column}: {'.'.join(map(str, place))}: {problem['msg']}"))
    if len(problems) > _MOST_PROBLEMS:
        found.append(f"and {len(problems) - _MOST_PROBLEMS} more")
    words = "\n".join(found)
    return f"{words}\nThis is not as apr-core writes a report: restore the file or write it anew."
