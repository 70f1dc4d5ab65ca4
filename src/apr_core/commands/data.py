"""`apr data`: preference pairs from an evaluation, and which training samples hold a piece of a benchmark.

The one thing a reader would get wrong: `decontaminate` exits with 0 however much overlaps, unless `--fail-above` says how much is
too much. What counts as an overlap is a choice (`--rule`), and the answer states it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.output import add_json, emit, write
from apr_core.commands.progress import progress

if TYPE_CHECKING:
    from apr_core.data.decontaminate import Index, Report
    from apr_core.data.pairs import Pairs, Sample
    from apr_core.evaluation.benchmarks import Benchmark
    from apr_core.evaluation.completions import Completions
    from apr_core.evaluation.problem import Problem
    from apr_core.evaluation.result import Evaluation

DONE, TOO_MUCH = 0, 1
SHOWN = 20
"""Overlapping samples that are listed for people; `--json` has all."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `data` and its actions."""
    family = subparsers.add_parser(
        "data", description="Training data: made from evaluations, kept apart from benchmarks."
    )
    actions = family.add_subparsers(dest="action", required=True)
    _add_pairs(actions)
    _add_decontaminate(actions)


def _add_pairs(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    pairs = actions.add_parser(
        "pairs",
        help="every passing with every failing sample of a problem, as preference pairs",
        description="Preference pairs from the result of `apr eval`: JSON lines with prompt, chosen, rejected and provenance.\n"
        "Samples whose programs are equal but for comments, layout and docstrings count once.",
    )
    pairs.add_argument(
        "result", metavar="RESULT.json", help="the result of an evaluation with several samples per problem"
    )
    pairs.add_argument("--completions", metavar="FILE", required=True, help="the completions that were evaluated")
    _add_benchmark(pairs)
    pairs.add_argument("-o", "--output", metavar="OUT", required=True, help="the JSONL file that is written")
    pairs.add_argument(
        "--per-problem", metavar="N", type=int, default=16, help="most pairs of one problem (default 16)"
    )
    pairs.add_argument("--seed", metavar="N", type=int, default=0, help="of the choice among more (default 0)")
    pairs.add_argument("--weak", action="store_true", help="also samples that were judged in the program's own process")
    add_json(pairs)


def _add_decontaminate(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    clean = actions.add_parser(
        "decontaminate",
        help="training samples that share n-grams with a benchmark",
        description="Training samples that share n-grams of words with the prompts or reference solutions of a benchmark.",
    )
    clean.add_argument("train", metavar="TRAIN.jsonl", help="JSON lines, plain or gzipped; every text of a row counts")
    _add_benchmark(clean)
    clean.add_argument("--n", type=int, default=10, metavar="N", help="words of an n-gram (default 10)")
    clean.add_argument("--rule", metavar="RULE", default="any", help="any (default), sample-share, problem-share")
    clean.add_argument("--threshold", metavar="T", type=_share, help="for the shares: from which on (default 0.5)")
    clean.add_argument("--words", metavar="HOW", choices=("words", "code"), default="words", help="words: letters and digits\n"
                       "(default); code: other signs are words too")  # fmt: skip
    clean.add_argument(
        "--field", metavar="NAME", action="append", default=[], help="only this key of a row; may be repeated"
    )
    clean.add_argument("--since", metavar="DATE", type=_date, help="only problems released on this day or later")
    clean.add_argument("--until", metavar="DATE", type=_date, help="only problems released on this day or earlier")
    clean.add_argument("-o", "--output", metavar="CLEAN", help="write the samples that do not overlap, as they are")
    clean.add_argument(
        "--fail-above", metavar="X", type=_share, help="exit with 1 if a larger share overlaps: 1%%, 0.01"
    )
    clean.add_argument("--evidence", metavar="FOLDER", help="also write an evidence record of the share there")
    clean.add_argument(
        "--model", metavar="NAME", help="what the record calls the training set (default: the file's name)"
    )
    clean.add_argument("--role", metavar="ROLE", default="training_data", help="for the record (default training_data)")
    add_json(clean)


def _add_benchmark(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--benchmark", metavar="NAME", required=True, help="humaneval, mbpp+, plain, …")
    parser.add_argument(
        "--problems", metavar="PATH", help="file of problems, .jsonl or .gz; without it the hub is asked"
    )


def _share(text: str) -> float:
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share; allowed are numbers from 0 to 1, as 0.01, and 1%")
    return value


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2024-08-01") from None


def run(args: argparse.Namespace) -> int:
    """Runs one action; 1 when more overlaps than `--fail-above` allows."""
    return ACTIONS[args.action](args)


def _benchmark(args: argparse.Namespace) -> Benchmark:
    from apr_core.evaluation.benchmarks import load

    return load(args.benchmark, Path(args.problems) if args.problems else None)


# --- pairs ---


def _pairs(args: argparse.Namespace) -> int:
    from apr_core.commands.evaluation.sources import demand
    from apr_core.data.pairs import pair, rows
    from apr_core.evaluation.completions import read_completions
    from apr_core.evaluation.result import load_evaluation
    from apr_core.files import digest_bytes

    path = Path(args.result)
    result, completions, benchmark = load_evaluation(path), read_completions(Path(args.completions)), _benchmark(args)
    demand("completions", result.completions.digest, completions.digest)
    demand("problems", result.benchmark.digest, benchmark.digest)
    samples = _samples(result, completions, {problem.task_id: problem for problem in benchmark.problems})
    found = pair(samples, cap=args.per_problem, seed=args.seed, weak=args.weak)
    sources = {
        "result": digest_bytes(path.read_bytes()),
        "completions": completions.digest,
        "benchmark": result.benchmark.name,
        "benchmark_digest": benchmark.digest,
    }
    prompts = {problem.task_id: problem.prompt for problem in benchmark.problems}
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows(found, prompts, sources)]
    write(args.output, "".join(lines), "--output")
    data = {
        "pairs": len(found.pairs), "problems": found.problems, "with_pairs": found.with_pairs, "one_sided": found.one_sided,
        "left_out": found.left_out, "capped": found.capped, "per_problem": args.per_problem, "seed": args.seed,
        "output": args.output, **sources,
    }  # fmt: skip
    emit(args, lambda: _pairs_text(found, args.output), data)
    return DONE


def _samples(result: Evaluation, completions: Completions, problems: dict[str, Problem]) -> dict[str, list[Sample]]:
    """The judged samples with their texts and programs."""
    from apr_core.commands.evaluation.sources import program_of
    from apr_core.data.pairs import Sample

    written = {(one.task_id, one.sample): one for one in completions.items}
    found: dict[str, list[Sample]] = {}
    for problem in result.problems:
        for one in problem.samples:
            completion = written[problem.task_id, one.sample]
            program = program_of(result, one, problems[problem.task_id], completion)
            sample = Sample(one.sample, completion.text, program, one.passed, one.class_, one.integrity == "weak")
            found.setdefault(problem.task_id, []).append(sample)
    return found


def _pairs_text(found: Pairs, output: str) -> str:
    lines = [f"{len(found.pairs)} pairs of {found.with_pairs} of {found.problems} problems in {output}"]
    if found.one_sided:
        lines.append("problems without a pair: " + ", ".join(f"{n} {why}" for why, n in found.one_sided.items()))
    if found.left_out:
        lines.append("samples left out: " + ", ".join(f"{n} {why}" for why, n in found.left_out.items()))
    if found.capped:
        lines.append(f"pairs left out by the cap: {found.capped}")
    return "\n".join(lines)


# --- decontaminate ---


def _decontaminate(args: argparse.Namespace) -> int:
    from apr_core.data.decontaminate import (
        Index,
        benchmark_texts,
        check_file,
        count_samples,
        in_window,
        limit,
        write_clean,
    )

    limit(args.rule, args.threshold)
    benchmark = _benchmark(args)
    problems = in_window(benchmark.problems, args.since, args.until)
    index = Index(benchmark_texts(problems), args.n, args.words)
    train = Path(args.train)
    with progress("samples", count_samples(train)) as bar:
        report = check_file(train, index, args.rule, args.threshold, args.field, bar.step)
    data = _report_data(args, benchmark, len(problems), index, report)
    if args.output:
        data["kept"] = write_clean(train, report, Path(args.output))
    emit(args, lambda: _report_text(data), data)
    if args.evidence:
        _write_evidence(args, data)
    return TOO_MUCH if args.fail_above is not None and report.share > args.fail_above else DONE


def _report_data(
    args: argparse.Namespace, benchmark: Benchmark, problems: int, index: Index, report: Report
) -> dict[str, Any]:
    from apr_core.data.decontaminate import limit

    return {
        "train": args.train, "train_digest": report.digest,
        "benchmark": benchmark.name, "benchmark_digest": benchmark.digest,
        "since": args.since and args.since.isoformat(), "until": args.until and args.until.isoformat(),
        "n": args.n, "words": args.words, "rule": args.rule, "threshold": limit(args.rule, args.threshold) or None,
        "problems": problems, "problems_too_short": index.too_short,
        "samples": report.samples, "samples_too_short": report.too_short,
        "overlapping": len(report.hits), "share": report.share,
        "problems_found": len({match.task_id for hit in report.hits for match in hit.matches}),
        "hits": [
            {"line": hit.line, "sample_share": hit.sample_share, "matches": [match._asdict() for match in hit.matches]}
            for hit in report.hits
        ],
    }  # fmt: skip


def _report_text(data: dict[str, Any]) -> str:
    rule = data["rule"] if data["threshold"] is None else f"{data['rule']} from {data['threshold']:g}"
    lines = [
        f"{data['overlapping']} of {data['samples']} samples overlap {data['benchmark']} in {data['n']}-grams "
        f"({100 * data['share']:.2f} %), with {data['problems_found']} of {data['problems']} problems; rule: {rule}",
    ]
    for key, what in (("samples_too_short", "sample"), ("problems_too_short", "problem")):
        count = data[key] if isinstance(data[key], int) else len(data[key])
        if count:
            lines.append(f"not comparable for want of {data['n']} words: {count} {what}{'s' if count > 1 else ''}")
    for hit in data["hits"][:SHOWN]:
        match = hit["matches"][0]
        more = f" and {len(hit['matches']) - 1} more" if len(hit["matches"]) > 1 else ""
        lines.append(
            f"  line {hit['line']}: {match['task_id']} ({match['problem_share']:.0%} of it){more}: {match['ngram']}"
        )
    if len(data["hits"]) > SHOWN:
        lines.append(f"  and {len(data['hits']) - SHOWN} more; --json has them all")
    if "kept" in data:
        lines.append(f"{data['kept']} samples kept")
    return "\n".join(lines)


def _write_evidence(args: argparse.Namespace, data: dict[str, Any]) -> None:
    import sys
    from datetime import UTC, datetime

    from apr_core import __version__
    from apr_core.commands.arguments import passed_and_default
    from apr_core.evidence import record as of
    from apr_core.evidence.ledger import Ledger
    from apr_core.report.revision import revision

    state = revision(Path.cwd())
    passed, default = ({name: _plain(value) for name, value in part.items()} for part in passed_and_default(args))
    record = of.Record(
        subject=of.Subject(model=args.model or Path(args.train).name, digest=data["train_digest"], role=args.role),
        protocol=of.Protocol(benchmark=f"overlap-{data['n']}gram", benchmark_digest=data["benchmark_digest"]),
        environment=of.Environment(commit=state.commit or of.UNKNOWN, dirty=state.dirty),
        arguments=of.Arguments(passed=passed, default=default),
        source=of.Source(
            kind="measured", tool="apr data decontaminate", tool_version=__version__, file=Path(args.train).name,
            file_digest=data["train_digest"], note=f"against {data['benchmark']}",
        ),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        observed={"samples": float(data["samples"]), "overlapping": float(data["overlapping"])},
        outcome=of.ScalarOutcome(value=data["share"], unit="fraction"),
    )  # fmt: skip
    ledger = Ledger([Path(args.evidence)])
    ledger.append(record)
    print(f"evidence: {ledger.path(record)}", file=sys.stderr)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {"pairs": _pairs, "decontaminate": _decontaminate}
