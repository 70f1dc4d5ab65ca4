"""report.json comes back as it was written, is strict JSON, and refuses what is not a report."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import FINITE, HELD, INFO, RUN, SAMPLES, UNDERPOWERED, make, runs

from apr_core.errors import AprError
from apr_core.evidence.record import OUTCOME_KINDS
from apr_core.report import schema
from apr_core.report.json import json_text, read_report
from apr_core.report.run import Run
from apr_core.report.schema import FILE, Claim, Outcome, Record, Report, schema_text
from apr_core.trial.cited import CitedRecord
from apr_core.trial.control import LABELS, Audited, Cell, Control
from apr_core.trial.control import OUTCOMES as CONTROL_OUTCOMES
from apr_core.trial.result import OUTCOMES, Flips, Result
from apr_core.verdict import Verdict

PROPERTY = settings(derandomize=True, deadline=None, max_examples=100)
UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def strict(text: str) -> Any:
    """The value of JSON as other programs read it: no NaN, no lone surrogate."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    data = json.loads(text, parse_constant=refuse)
    json.dumps(data, ensure_ascii=False).encode()
    return data


def written(folder: Path, change: Callable[[dict[str, Any]], object] = lambda report: None) -> Path:
    """A report of all samples in which something was changed."""
    report = json.loads(json_text(RUN))
    change(report)
    path = folder / "report.json"
    path.write_text(json.dumps(report, indent=2), encoding="utf-8")
    return path


def test_the_samples_come_back_from_the_file_and_from_its_folder(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read_report(path) == RUN
    assert read_report(tmp_path) == read_report(path)


@PROPERTY
@given(runs(UNICODE, FINITE))
def test_everything_that_json_has_comes_back(tmp_path_factory: pytest.TempPathFactory, run: Run) -> None:
    path = tmp_path_factory.getbasetemp() / "roundtrip.json"
    path.write_text(json_text(run), encoding="utf-8")
    assert read_report(path) == run
    assert json_text(read_report(path)) == path.read_text(encoding="utf-8")


@PROPERTY
@given(runs())
def test_whatever_a_run_holds_the_report_is_strict_and_printable_json(run: Run) -> None:
    text = json_text(run)
    assert text.replace("\n", "").isprintable()
    assert text.isascii()
    strict(text)
    Report.model_validate_json(text, strict=True)


def test_a_number_that_is_not_finite_is_null_and_says_so() -> None:
    result = replace(UNDERPOWERED, estimate=math.nan, power={"needed": math.inf, "unit": "problems"}, notes=())
    claim = strict(json_text(Run((result,), INFO)))["claims"][0]
    assert claim["estimate"] is None
    assert claim["power"] == {"needed": None, "unit": "problems"}
    assert claim["notes"] == [
        "estimate was nan; JSON has no such number, so the report says null",
        "power.needed was inf; JSON has no such number, so the report says null",
    ]


@pytest.mark.parametrize(
    ("bounds", "written_as", "noted"),
    [((-math.inf, 0.5), [None, 0.5], False), ((math.nan, 0.5), None, True), ((None, math.inf), [None, None], False)],
)
def test_an_open_bound_is_null_and_an_unknown_one_leaves_no_interval(
    bounds: tuple[float | None, float | None], written_as: list[float | None] | None, noted: bool
) -> None:
    claim = strict(json_text(Run((replace(HELD, interval=bounds),), INFO)))["claims"][0]
    assert claim["interval"] == written_as
    assert bool(claim["notes"]) is noted


def test_a_lone_surrogate_is_written_out() -> None:
    result = replace(HELD, claim="file \udc80 ≥", versions={"\udc80": "1"})
    claim = strict(json_text(Run((result,), INFO)))["claims"][0]
    assert claim["claim"] == "file \\udc80 ≥"
    assert claim["versions"] == {"\\udc80": "1"}


def test_a_report_begins_with_its_format_and_the_outcome_stands_beside_the_verdict() -> None:
    report = strict(json_text(RUN))
    assert list(report) == ["schema", "run", "totals", "claims", "records", "controls", "audit"]
    assert report["schema"] == "apr.report/2"
    assert report["totals"]["total"] == 11
    assert report["totals"]["decided"] == 7
    keys = [list(claim) for claim in report["claims"]]
    assert all(found == list(Claim.model_fields) for found in keys)
    assert list(report["records"][0]) == list(Record.model_fields)
    assert list(report["controls"][0]) == list(schema.Control.model_fields)
    assert report["controls"][0]["outcome"] == "KILLED"
    assert list(report["audit"][0]) == list(schema.Audited.model_fields)


@pytest.mark.parametrize(
    ("model", "plain", "added"),
    [
        (Claim, Result, {"outcome"}),
        (schema.Flips, Flips, set()),
        (Record, CitedRecord, set()),
        (schema.Control, Control, {"outcome"}),
        (schema.Cell, Cell, set()),
        (schema.Audited, Audited, set()),
    ],
)
def test_the_format_has_every_field_of_what_it_carries(model: Any, plain: Any, added: set[str]) -> None:
    assert set(model.model_fields) == {field.name for field in dataclasses.fields(plain)} | added


def test_the_format_has_every_outcome_and_label() -> None:
    assert get_args(Outcome) == OUTCOMES
    assert get_args(schema.ControlOutcome) == CONTROL_OUTCOMES
    assert get_args(schema.Label) == tuple(LABELS)
    assert get_args(Record.model_fields["outcome"].annotation) == OUTCOME_KINDS


def test_a_report_of_the_first_format_is_still_read(tmp_path: Path) -> None:
    def aged(report: dict[str, Any]) -> None:
        report["schema"] = "apr.report/1"
        for key in ("records", "controls", "audit"):
            del report[key]
        for claim in report["claims"]:
            for key in ("flips", "problems", "sides"):
                del claim[key]

    plain = tuple(replace(result, flips=None, problems={}, sides={}) for result in SAMPLES)
    assert read_report(written(tmp_path, aged)) == Run(plain, INFO)


def test_the_shipped_schema_is_the_one_of_the_models() -> None:
    shipped = files("apr_core.report").joinpath(FILE).read_text(encoding="utf-8")
    assert shipped == schema_text(), f"write it anew: apr report --schema -o src/apr_core/report/{FILE}"


def test_the_schema_is_closed_and_requires_every_key() -> None:
    shapes = json.loads(schema_text())
    for name, shape in [("Report", shapes), *shapes["$defs"].items()]:
        if shape.get("type") == "object":
            assert shape["additionalProperties"] is False, name
    assert set(shapes["$defs"]["Claim"]["required"]) == set(Claim.model_fields)


def outcome_of_the_first(outcome: str) -> Callable[[dict[str, Any]], object]:
    return lambda report: report["claims"][0].update(outcome=outcome)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda report: report.update(schema="apr.report/3"),
            r"of version 'apr\.report/3' .* reads 'apr\.report/1' and 'apr\.report/2'",
        ),
        (lambda report: report.update(schema="https://example.org"), r"no report of apr-core: its `schema` is 'https"),
        (lambda report: report.pop("schema"), r"no report of apr-core: it has no `schema`"),
        (lambda report: report["claims"].pop(), r"the totals are not those of the 10 claims in it \(11 announced\)"),
        (
            outcome_of_the_first("FALSIFIED"),
            r":\d+:\d+: merge/slerp::SLERP-1 has the outcome FALSIFIED, .* makes it HELD",
        ),
        (lambda report: report["claims"].append(report["claims"][0]), r"'merge/slerp::SLERP-1' is .* more than once"),
        (lambda report: report["records"].append(report["records"][0]), r"the record 'ev-0000' is .* more than once"),
        (
            lambda report: report["controls"][1].update(outcome="KILLED"),
            r":\d+:\d+: merge/slerp::ends-swapped has the outcome KILLED, but its cells make it SURVIVED",
        ),
        (lambda report: report["claims"][1].update(n="4"), r":\d+:\d+: claims\.1\.n: Input should be a valid integer"),
        (lambda report: report["claims"][2].update(verdict="PROVED"), r"claims\.2\.verdict: Input should be 'HELD', "),
        (lambda report: report["claims"][0].update(extra=1), r"claims\.0\.extra: Extra inputs are not permitted"),
        (lambda report: report["run"].pop("seed"), r"run\.seed: Field required"),
        (lambda report: [claim.pop("id") for claim in report["claims"]], r"\nand 6 more\n"),
    ],
)
def test_what_is_no_whole_report_of_this_version_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(AprError, match=message) as caught:
        read_report(written(tmp_path, change))
    assert str(tmp_path / "report.json") in str(caught.value)


def test_a_wrong_value_is_found_at_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, lambda report: report["claims"][1].update(n="4"))
    with pytest.raises(AprError) as caught:
        read_report(path)
    place = re.search(r"report\.json:(\d+):(\d+)", str(caught.value))
    assert place is not None
    line = path.read_text(encoding="utf-8").split("\n")[int(place[1]) - 1]
    assert line[int(place[2]) - 1 :] == '"4",'


def test_a_hostile_key_does_not_reach_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(AprError, match=r"claims\.0\.\\x1b\[2J: Extra inputs are not permitted"):
        read_report(written(tmp_path, lambda report: report["claims"][0].update({"\x1b[2J": 1})))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_a_truncated_report_is_refused(tmp_path: Path, share: float) -> None:
    path = written(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(AprError, match=r"not JSON"):
        read_report(path)


@pytest.mark.parametrize(
    "content", ["[]", "null", "7", '"HELD"', '{"claims": []}', "[" * 100_000, "\x00", '{"schema": NaN}']
)
def test_foreign_files_are_refused_in_one_paragraph(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AprError) as caught:
        read_report(path)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AprError, match=r"cannot read .*report\.json: No such file"):
        read_report(tmp_path)


def test_what_is_no_plain_data_is_a_defect_and_not_written_as_text() -> None:
    with pytest.raises(TypeError, match="set"):
        json_text(Run((make("a::A", Verdict.UNDERPOWERED, "", power={"needed": {1, 2}}),), INFO))
