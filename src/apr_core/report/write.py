"""A folder of reports: the same results as JSON, JUnit XML and Markdown.

The one thing a reader would get wrong: `report.json` goes first, because the others can be made from it by `apr
report` when the disk is full after it. Each file is there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from apr_core.errors import AprError
from apr_core.files import write_atomic
from apr_core.report import attest, html, json, junit, markdown
from apr_core.report.run import Run

# A further format is a further row.
FORMATS = (
    (json.NAME, json.json_text),
    (junit.NAME, junit.junit_text),
    (markdown.NAME, markdown.markdown_text),
    (html.NAME, html.html_text),
    (attest.NAME, attest.statement_text),
)


def write_reports(run: Run, folder: Path) -> list[Path]:
    """Writes a file per format into `folder`, which is made if need be, and gives their paths in the order of FORMATS.

    Raises:
        AprError: the folder cannot be made or written, or the disk is full. Says which reports are of this run.
    """
    texts = [(folder / name, text(run)) for name, text in FORMATS]  # before anything is written: it might fail
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AprError(
            f"cannot make the report folder {folder}: {error.strerror or error}. Give --apr-report a "
            "folder that exists, or one that can be made."
        ) from error
    written: list[Path] = []
    for path, text in texts:
        try:
            write_atomic(path, text)
        except AprError as error:
            raise AprError(f"{error} {_state(written, path)}") from error
        written.append(path)
    return written


def _state(written: Sequence[Path], failed: Path) -> str:
    """What may be trusted in a folder that was left half way."""
    if not written:
        return f"No report of this run is in {failed.parent}; whatever is there is of an earlier one."
    names = " and ".join(path.name for path in written)
    return f"Written before that: {names}; any other report in {failed.parent} is of an earlier run."
