"""Benchmarks from the Hugging Face hub, through `datasets`.

The one thing a reader would get wrong: the hub serves Arrow tables, not the published file, so the digest of the same problems
is another one than that of the file. It is of the rows in their order, each as canonical JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apr_core.errors import AprError, UsageError
from apr_core.evaluation.benchmarks.lines import Source, from_rows

if TYPE_CHECKING:
    from apr_core.evaluation.benchmarks.table import Hub


def read_hub(hub: Hub) -> Source:
    """The rows of a dataset on the hub, or in a local folder that `datasets` can load.

    Raises:
        UsageError: `datasets` is not installed.
        AprError: the hub cannot be reached, or has no such dataset, config or split.
    """
    name = "/".join(filter(None, (hub.dataset, hub.config))) + f"[{hub.split}]"
    try:
        import datasets
    except ImportError as error:
        raise UsageError(
            f"{name} lies on the Hugging Face hub, and `datasets`, which reads from there, is not installed: `pip install "
            "datasets`, or give a local file with `--problems PATH`."
        ) from error
    try:
        table: Any = datasets.load_dataset(hub.dataset, hub.config, split=hub.split)
        rows = [dict(row) for row in table]
    except Exception as error:  # what a foreign library raises when there is no network is not to be foreseen
        reason = " ".join(str(error).split())
        raise AprError(
            f"cannot load {name} from the Hugging Face hub: {type(error).__name__}: {reason[:300]}. Check the network, or fetch "
            "the file on another machine and give it with `--problems PATH`."
        ) from error
    revision = _revision(table)
    return from_rows(rows, f"hub:{name}" + (f"@{revision}" if revision else ""))


def _revision(table: Any) -> str:
    """The commit of the dataset's repository, where it can be told from where its files were fetched."""
    urls = getattr(table.info, "download_checksums", None) or {}
    revisions = {url.rsplit("@", 1)[1].split("/")[0] for url in urls if url.startswith("hf://") and "@" in url}
    return revisions.pop() if len(revisions) == 1 else ""
