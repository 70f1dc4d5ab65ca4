"""Any damage to a log of lm-evaluation-harness or of Inspect: it is refused in words, or its records are whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from harness_samples import SAMPLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_evidence_damage import damaged

from apr_core.errors import AprError
from apr_core.evidence.importers import FORMATS, IMPORTERS
from apr_core.evidence.record import record_text

RUNS = [
    ("inspect", "inspect/sums.json", ()),
    ("inspect", "inspect/many.json", ("parts.digits",)),
    ("inspect", "inspect/many.json", ("unsure",)),
    ("lm-eval", "lm_eval/four_tasks", ("exact_match,strict", "acc", "word_perplexity")),
    ("lm-eval", "lm_eval/code", ("acc", "pass@1")),
]


def parsed(path: Path) -> Any:
    text = path.read_text()
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)


def written(path: Path, value: Any) -> None:
    lines = value if path.suffix == ".jsonl" and isinstance(value, list) else [value]
    path.write_text("\n".join(map(json.dumps, lines)))


@pytest.mark.parametrize(("name", "run", "scores"), RUNS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_log_is_refused_or_read_whole(
    tmp_path: Path, name: str, run: str, scores: tuple[str, ...], data: st.DataObject
) -> None:
    path = SAMPLES / run
    files = {one.name: parsed(one) for one in (sorted(path.iterdir()) if path.is_dir() else [path])}
    chosen = data.draw(st.sampled_from(sorted(files)))
    files[chosen] = data.draw(damaged(files[chosen]))
    for file, value in files.items():
        if file.endswith(".json") and isinstance(value, dict) and data.draw(st.booleans()):
            value.pop("task_hashes", None)  # or it would give all damage to the samples away
        written(tmp_path / file, value)
    for module in FORMATS.values():
        assert module.recognises(tmp_path / chosen) in (True, False)
    try:
        records = IMPORTERS[name](tmp_path, model="Tiny", scores=scores)
    except AprError as error:
        assert 20 < len(str(error)) < 5000
        assert "Traceback" not in str(error)
    else:
        assert records
        assert all(json.loads(record_text(record))["id"] == record.id for record in records)
