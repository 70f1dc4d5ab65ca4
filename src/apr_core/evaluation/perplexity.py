"""The loss per token of a text, read through windows that slide over it.

Every token of a document is scored exactly once, but for the first: be it the tokenizer's begin token or the text's own, nothing
stands before it. A later window begins `stride` tokens after the one before and scores only what that did not reach, so that a
scored token sees all tokens before it, or at least window - stride of them.

The one thing a reader would get wrong: perplexities of different windows are not comparable, and neither are those of models
with different tokenizers. Less context before a token is a higher loss; the record holds window and stride.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from apr_core.errors import AprError, EvidenceError, UsageError
from apr_core.evaluation.models import Opened, encode, libraries
from apr_core.files import canonical_json, digest_bytes, parse_json, read_text
from apr_core.statistics import Interval

LIMIT_BYTES = 2**30
"""The largest text file that is read."""
ROWS = 256
"""Positions whose logits are turned into losses at a time: in float32 they cost rows × vocabulary × 4 bytes."""


class Window(NamedTuple):
    """The model reads the tokens [begin, end) and is scored on [scored, end)."""

    begin: int
    end: int
    scored: int


def windows(tokens: int, window: int, stride: int) -> list[Window]:
    """The windows over a document of so many tokens.

    Raises:
        UsageError: there are fewer than 2 tokens, or not 1 <= stride < window.
    """
    if tokens < 2:
        raise UsageError(
            f"a text of {tokens} tokens has nothing to score: the first token has none before it. Give more."
        )
    if not 1 <= stride < window:
        raise UsageError(
            f"the stride is {stride} and the window {window}; allowed is a stride from 1 to {max(window - 1, 1)}, one less than "
            "the window, since the first token of a window is never scored in it."
        )
    found = [Window(0, min(window, tokens), 1)]
    while found[-1].end < tokens:
        begin = found[-1].begin + stride
        found.append(Window(begin, min(begin + window, tokens), found[-1].end))
    return found


class Document(NamedTuple):
    """A text that is scored by itself."""

    id: str
    text: str


class Loss(NamedTuple):
    """The loss of one document."""

    id: str
    scored: int
    """Tokens scored: all but the first."""
    nats: float
    """Sum of their negative log-probabilities."""


@dataclass(frozen=True, slots=True)
class Perplexity:
    """What documents come to."""

    documents: tuple[Loss, ...]
    tokens: int
    """Scored."""
    nats_per_token: float
    perplexity: float
    interval: Interval | None
    """Of the perplexity, over documents; None when they are too few to say."""
    why: str = ""
    """Why there is no interval."""


def summarise(documents: Sequence[Loss], *, alpha: float = 0.05, seed: int = 0) -> Perplexity:
    """The perplexity over documents: every token counts the same, and documents are what a bootstrap draws.

    Raises:
        EvidenceError: there is no document, a loss is not finite, or the mean loss has no finite perplexity.
    """
    from apr_core.statistics.bootstrap import LEAST_CLUSTERS, bootstrap_interval

    if not documents:
        raise EvidenceError("there is no document, and a perplexity of nothing is not defined. Give a text.")
    for one in documents:
        if not math.isfinite(one.nats):
            raise EvidenceError(
                f"the loss of {one.id!r} is {one.nats}, which is no result. Try float32 instead of float16."
            )
    tokens = sum(one.scored for one in documents)
    mean = math.fsum(one.nats for one in documents) / tokens
    values = [one.nats / one.scored for one in documents]
    interval, why = None, ""
    if len(values) < LEAST_CLUSTERS:
        why = f"an interval over documents needs {LEAST_CLUSTERS} of them, and there are {len(values)}"
    elif min(values) == max(values):
        why = "all documents have one loss, which shows no spread"
    else:
        weights = [one.scored for one in documents]
        nats = bootstrap_interval(values, limits=None, seed=seed, alpha=alpha, weights=weights)
        interval = Interval(_exp(nats.low), _exp(nats.high))
    value = _exp(mean)
    if math.isinf(value):
        raise EvidenceError(f"a mean loss of {mean:.6g} nats per token has no finite perplexity. Is the model broken?")
    return Perplexity(tuple(documents), tokens, mean, value, interval, why)


def _exp(nats: float) -> float:
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf


def check_window(side: Opened, window: int, stride: int) -> None:
    """Refuse windows that cannot be.

    Raises:
        UsageError: as `windows` does, or the window is longer than what the model was made for.
    """
    windows(2, window, stride)
    if side.context is not None and window > side.context:
        raise UsageError(
            f"the window is {window} tokens and {side.name} was made for {side.context}: beyond that its positions mean nothing. "
            f"Give a window of at most {side.context}."
        )


def measure(
    side: Opened,
    documents: Iterable[Document],
    window: int,
    stride: int,
    step: Callable[[], None] = lambda: None,
) -> list[Loss]:
    """The loss of each document; `step` is called after each.

    Raises:
        UsageError: the window cannot be, or a document has fewer than 2 tokens.
    """
    check_window(side, window, stride)
    found = []
    for document in documents:
        ids = encode(side, document.text)
        if len(ids) < 2:
            raise UsageError(
                f"{document.id!r} has {len(ids)} tokens, and a loss needs 2: the first has none before it. Leave it out, or "
                "give a longer text."
            )
        nats = math.fsum(nll for one in windows(len(ids), window, stride) for nll in losses(side, ids, one))
        found.append(Loss(document.id, len(ids) - 1, nats))
        step()
    return found


def losses(side: Opened, ids: Sequence[int], window: Window) -> list[float]:
    """The negative log-probability of each token [scored, end) in nats, from float32 logits or finer."""
    torch, _ = libraries()
    targets = torch.tensor(ids[window.scored : window.end], device=side.device)
    found: list[float] = []
    with torch.inference_mode():
        logits = last_logits(side, ids[window.begin : window.end], len(targets) + 1)[:-1]
        for start in range(0, len(targets), ROWS):
            rows = logits[start : start + ROWS]
            rows = rows if rows.dtype == torch.float64 else rows.float()
            some = torch.nn.functional.cross_entropy(rows, targets[start : start + ROWS], reduction="none")
            found += some.double().tolist()
    return found


def last_logits(side: Opened, ids: Sequence[int], keep: int) -> Any:
    """The logits at the last `keep` positions, (keep, vocabulary). Others are not computed where the model knows how."""
    import inspect

    torch, _ = libraries()
    inputs = torch.tensor([list(ids)], device=side.device)
    known = inspect.signature(side.model.forward).parameters
    more = {"logits_to_keep": keep} if "logits_to_keep" in known else {}
    return side.model(input_ids=inputs, use_cache=False, **more).logits[0, -keep:]


# --- documents ---


def read_documents(paths: Sequence[Path]) -> list[Document]:
    """The documents of files and folders: a `.jsonl` file has one per line under `text`, any other file is one.

    Of a folder every file is read, in the order of names. A line's id is its `id` or `task_id`, else file and line.

    Raises:
        AprError: a file cannot be read, is empty, or a line is no object with a `text` (with file:line).
        UsageError: there is no file, or two documents have one id.
    """
    found: list[Document] = []
    for path in paths:
        if path.is_dir():
            for file in sorted(one for one in path.rglob("*") if one.is_file()):
                found += _documents(file, file.relative_to(path).as_posix())
        else:
            found += _documents(path, path.name)
    if not found:
        raise UsageError(
            f"{', '.join(map(str, paths)) or 'no path'}: there is no text here. Give a file, or a folder of files."
        )
    seen: set[str] = set()
    for document in found:
        if document.id in seen:
            raise UsageError(
                f"two documents are called {document.id!r}; a result per document needs one name each. Rename one."
            )
        seen.add(document.id)
    return found


def _documents(path: Path, name: str) -> list[Document]:
    text = read_text(path, LIMIT_BYTES)
    if path.suffix != ".jsonl":
        found = [Document(name, text)]
    else:
        lines = enumerate(text.split("\n"), 1)
        found = [_line(line, path, number, name) for number, line in lines if line.strip()]
    empty = next((one.id for one in found if not one.text.strip()), name if not found else None)
    if empty is not None:
        raise AprError(f"{path}: {empty!r} is empty, and an empty text has no perplexity. Leave it out.")
    return found


def _line(line: str, path: Path, number: int, name: str) -> Document:
    row = parse_json(line, Path(f"{path} (line {number})"))
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise AprError(f"{path}:{number}: every line must be a JSON object with `text`.")
    known = next((row[key] for key in ("id", "task_id") if isinstance(row.get(key), str) and row[key]), None)
    return Document(known or f"{name}:{number}", row["text"])


def documents_digest(documents: Iterable[Document]) -> str:
    """SHA-256 of the documents, ids included."""
    return digest_bytes(canonical_json([list(one) for one in documents]))
