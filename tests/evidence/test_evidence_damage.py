"""Any damage to a harness's file: it is refused in words, or its records are whole; never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness_samples import SAMPLES, raw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apr_core.errors import AprError
from apr_core.evidence.importers import FORMATS, IMPORTERS
from apr_core.evidence.record import record_text

RUNS = [
    ("evalplus", "evalplus/0.2.0"),
    ("evalplus", "evalplus/0.3.1"),
    ("evalplus", "evalplus/26d6d00"),
    ("bigcodebench", "bigcodebench/0.2.5"),
    ("bigcode", "bigcode/generated-limit"),
    ("bigcode", "bigcode/loaded-10-samples"),
]
ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, 1e300, float("nan"), 10**30, "", " x", "pass", "x" * 300, "\ud800", [], [[]], {}, {"a": 1}]
).map(copy.deepcopy)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything inside a JSON value."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*at, key)
        yield from places(value[key], (*at, key))


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """`value` with one or two things in it replaced, left out, or put beside another."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(list(places(value)) or [("",)]))
        inside = value
        for key in way:
            inside = inside[key]
        match draw(st.sampled_from(["replace", "replace", "leave out", "add"])):
            case "leave out" if last != "":
                del inside[last]
            case "add" if isinstance(inside, dict):
                inside[draw(st.sampled_from(["odd", "pass@7", "config", " "]))] = draw(ODD)
            case _ if last != "":
                inside[last] = draw(ODD)
    return value


@pytest.mark.parametrize(("name", "run"), RUNS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_whole(tmp_path: Path, name: str, run: str, data: st.DataObject) -> None:
    files = {path.name: raw(path) for path in sorted((SAMPLES / run).iterdir())}
    chosen = data.draw(st.sampled_from(sorted(files)))
    files[chosen] = data.draw(damaged(files[chosen]))
    for file, value in files.items():
        (tmp_path / file).write_text(json.dumps(value))
    for module in FORMATS.values():
        assert module.recognises(tmp_path / chosen) in (True, False)
    try:
        records = IMPORTERS[name](tmp_path, model="Tiny")
    except AprError as error:
        assert 20 < len(str(error)) < 1500
        assert "Traceback" not in str(error)
    else:
        assert records
        assert all(json.loads(record_text(record))["id"] == record.id for record in records)
