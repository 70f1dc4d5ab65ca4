"""`apr power`: how many problems or training runs would decide a claim, before any of them is paid for.

The one thing a reader would get wrong: the answer rests on what is assumed to be true (how many problems flip, by how
much seeds differ). So every answer states its assumptions and shows the same question under others.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from apr_core.commands.output import add_json, emit
from apr_core.commands.project import add_session

DISCORDANCES = (0.01, 0.03, 0.05, 0.1, 0.2)
RATES = (0.5, 0.7, 0.8, 0.9, 0.95)
ENUMERABLE = 20_000
"""Up to so many problems the exact power is computed beside the formula's: beyond, they agree to the digits shown."""


@dataclass(frozen=True)
class Answer:
    """One answer: a headline, what it assumes, and the same question under other assumptions."""

    question: str
    needed: int | float | None
    """None when no number is known."""
    unit: str
    headline: str
    explanation: str
    assumptions: Mapping[str, float | str]
    table: list[dict[str, Any]] = field(default_factory=list)
    """Rows of equal keys; `chosen` marks the row that was asked for."""

    def text(self) -> str:
        """The answer for people."""
        table = _table(self.table)
        return "\n".join(
            [
                textwrap.fill(f"{self.headline} {self.explanation}".strip(), 100, break_on_hyphens=False),
                *([""] if table else []),
                *table,
            ]
        )

    def data(self) -> dict[str, Any]:
        """The answer as JSON data."""
        return {
            "question": self.question, "needed": self.needed, "unit": self.unit, "explanation": self.explanation,
            "assumptions": dict(self.assumptions), "table": self.table,
        }  # fmt: skip


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `power` and its actions."""
    family = subparsers.add_parser(
        "power",
        description="How many problems, samples or training runs a claim needs. Shares are fractions of 1: a margin of 2 points\n"
        "is 0.02; `2%` and `143/164` are understood too.",
    )
    actions = family.add_subparsers(dest="action", required=True)
    claim = actions.add_parser(
        "claim", help="what a claim of this project needs, given its contract and present evidence"
    )
    claim.add_argument(
        "claim", metavar="ID", help="contract::ID, path/to/file.apr.yaml::ID, or a bare ID that is unique"
    )
    add_session(claim)
    add_json(claim)
    for name, (_, text, options) in QUESTIONS.items():
        parser = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        for option in options:
            flag, default, meaning = OPTIONS[option]
            parser.add_argument(
                flag,
                type=_count if option == "n" else _number,
                required=default is None,
                default=default,
                metavar="N" if option == "n" else "X",
                help=meaning if default is None else f"{meaning} (default: {default:g})",
            )
        add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Answers one question. Always 0: how many are needed is not a verdict."""
    if args.action == "claim":
        from apr_core.commands.authoring.claim_power import run as run_claim

        return run_claim(args)
    answer = QUESTIONS[args.action][0](args)
    emit(args, answer.text, answer.data())
    return 0


def _number(text: str) -> float:
    try:
        share = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number; allowed are numbers as 0.02, 2% and 143/164"
        ) from None
    return float(share)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; allowed is a whole number from 1")
    return int(text)


def points(share: float) -> str:
    """A share as points of a hundred: 0.02 is "2 points"."""
    number = f"{100 * share:.3g}"
    return f"{number} point" + ("" if number == "1" else "s")


def percent(share: float, digits: int = 3) -> str:
    """A share in percent: 0.05 is "5 %"."""
    return f"{100 * share:.{digits}g} %"


def _truth(difference: float) -> str:
    if difference == 0:
        return "is truly no worse"
    return f"is truly {points(abs(difference))} {'better' if difference > 0 else 'worse'}"


def _aim(margin: float) -> str:
    if margin > 0:
        return f"loses less than {points(margin)}"
    return "is better" if margin == 0 else f"is better by more than {points(-margin)}"


def _rates(args: argparse.Namespace) -> str:
    return f"with {percent(args.power)} power at one-sided alpha {args.alpha:g}"


def _assumed(args: argparse.Namespace, *names: str) -> dict[str, float | str]:
    return {name: getattr(args, name) for name in (*names, "alpha", "power")}


def _paired(args: argparse.Namespace) -> Answer:
    from apr_core.statistics.power import problems_needed_paired

    def needed(discordance: float) -> int:
        return problems_needed_paired(args.margin, discordance, args.difference, args.alpha, args.power)

    n = needed(args.discordance)
    exact = _exact_power(n, args)
    enumerated = f" By enumeration the power is {percent(exact)}." if exact is not None else ""
    return Answer(
        f"paired: {_aim(args.margin)}", n, "problems",
        f"{n:,} problems show that the candidate {_aim(args.margin)},",
        f"{_rates(args)}, when {percent(args.discordance)} of the problems flip and it {_truth(args.difference)}. Paired: both "
        f"sides solve the same problems; Tango's score test.{enumerated}",
        _assumed(args, "margin", "discordance", "difference"),
        [
            {"discordance": one, "problems": needed(one), "chosen": one == args.discordance}
            for one in _and(DISCORDANCES, args.discordance) if one > abs(args.difference)
        ],
    )  # fmt: skip


def _exact_power(n: int, args: argparse.Namespace) -> float | None:
    """The power by enumeration of every outcome, where that is quick."""
    from apr_core.statistics.paired import tango_power

    if n > ENUMERABLE:
        return None
    lost, gained = (args.discordance - args.difference) / 2, (args.discordance + args.difference) / 2
    return tango_power(n, lost, gained, args.margin, args.alpha)


def _unpaired(args: argparse.Namespace) -> Answer:
    from apr_core.statistics.power import problems_needed_unpaired

    def needed(rate: float) -> int:
        return problems_needed_unpaired(args.margin, rate, args.difference, args.alpha, args.power)

    n = needed(args.p)
    return Answer(
        f"unpaired: {_aim(args.margin)}", n, "problems per arm",
        f"{n:,} problems per arm show that the candidate {_aim(args.margin)},",
        f"{_rates(args)}, when the reference solves {percent(args.p)} and the candidate {_truth(args.difference)}. Unpaired: the "
        "two are only known in total. Paired on the same problems it takes far fewer: see `apr power paired`.",
        _assumed(args, "margin", "p", "difference"),
        [
            {"p": one, "problems per arm": needed(one), "chosen": one == args.p}
            for one in _and(RATES, args.p) if 0 < one + args.difference < 1
        ],
    )  # fmt: skip


def _line(args: argparse.Namespace) -> Answer:
    from apr_core.statistics.power import problems_needed_line

    def needed(rate: float) -> int:
        return problems_needed_line(rate, args.line, args.alpha, args.power)

    n = needed(args.p)
    step = abs(args.p - args.line)
    side = "above" if args.p > args.line else "below"
    near = (args.line + sign * share * step for sign in (-1, 1) for share in (0.5, 1, 1.5, 2, 3))
    rates = sorted(
        {round(rate, 6) for rate in near if 0.001 < rate < 0.999 and (rate > args.line) == (args.p > args.line)}
    )
    return Answer(
        "line", n, "problems",
        f"{n:,} problems show that a rate of {percent(args.p)} lies {side} the line of {percent(args.line)},",
        f"{_rates(args)} (exact binomial test).",
        _assumed(args, "p", "line"),
        [{"true rate": one, "problems": needed(one), "chosen": one == round(args.p, 6)} for one in rates],
    )  # fmt: skip


def _runs(args: argparse.Namespace) -> Answer:
    from apr_core.statistics.power import runs_needed

    def needed(spread: float) -> int:
        return runs_needed(args.difference, spread, args.alpha, args.power)

    n = needed(args.sd)
    spreads = [round(share * args.sd, 9) for share in (0.5, 1, 2, 3)]
    return Answer(
        "runs", n, "training runs per arm",
        f"{n:,} training runs per arm show a difference of {args.difference:g},",
        f"{_rates(args)}, when seeds of one arm differ by a standard deviation of {args.sd:g} (Student's t).",
        _assumed(args, "sd", "difference"),
        [{"sd": one, "runs per arm": needed(one), "chosen": one == round(args.sd, 9)} for one in spreads],
    )  # fmt: skip


def _margin(args: argparse.Namespace) -> Answer:
    from apr_core.statistics.power import detectable_margin_paired

    def margin(discordance: float) -> float:
        return detectable_margin_paired(args.n, discordance, args.difference, args.alpha, args.power)

    least = margin(args.discordance)
    return Answer(
        "margin", least, "share",
        f"A margin of {points(least)} is the smallest that {args.n:,} problems can show,",
        f"{_rates(args)}, when {percent(args.discordance)} of the problems flip and the candidate {_truth(args.difference)} "
        "(paired). A claim with a smaller margin stays UNDERPOWERED on this benchmark most of the time.",
        _assumed(args, "n", "discordance", "difference"),
        [
            {"discordance": one, "margin in points": round(100 * margin(one), 2), "chosen": one == args.discordance}
            for one in _and(DISCORDANCES, args.discordance) if one > abs(args.difference)
        ],
    )  # fmt: skip


def _and(values: Iterable[float], asked: float) -> list[float]:
    return sorted({*values, asked})


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """The rows as aligned text; the row that was asked for has an arrow."""
    if not rows:
        return []
    keys = [key for key in rows[0] if key != "chosen"]
    lines = [keys] + [[_cell(key, row[key]) for key in keys] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(keys))]
    arrows = ["", *(" <- assumed" if row["chosen"] else "" for row in rows)]
    return [
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + arrow
        for line, arrow in zip(lines, arrows, strict=True)
    ]


def _cell(key: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if key in ("discordance", "p", "true rate"):
        return percent(value, 4)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


OPTIONS: dict[str, tuple[str, float | None, str]] = {
    "margin": ("--margin", None, "the loss to exclude; 0 asks for superiority"),
    "discordance": ("--discordance", None, "the share of problems that flip between the two, either way"),
    "p": ("--p", None, "the true pass rate"),
    "line": ("--line", None, "the line to compare with"),
    "sd": ("--sd", None, "the standard deviation between seeds of one arm"),
    "effect": ("--difference", None, "the true difference between the arms"),
    "n": ("--n", None, "the number of problems of the benchmark"),
    "difference": ("--difference", 0.0, "what is true, candidate less reference"),
    "alpha": ("--alpha", 0.05, "the one-sided error rate"),
    "power": ("--power", 0.8, "the chance of a decision when the assumptions hold"),
}
"""Option → flag, default (None: required) and meaning."""

QUESTIONS: dict[str, tuple[Callable[[argparse.Namespace], Answer], str, tuple[str, ...]]] = {
    "paired": (
        _paired,
        "problems to show a loss below the margin, both sides on the same problems",
        ("margin", "discordance", "difference", "alpha", "power"),
    ),
    "unpaired": (
        _unpaired,
        "problems per arm to show a loss below the margin, from totals alone",
        ("margin", "p", "difference", "alpha", "power"),
    ),
    "line": (_line, "problems to show that a rate lies above or below a line", ("p", "line", "alpha", "power")),
    "runs": (
        _runs,
        "training runs per arm to show a difference between techniques",
        ("sd", "effect", "alpha", "power"),
    ),
    "margin": (
        _margin,
        "the smallest margin that a benchmark of n problems can show",
        ("n", "discordance", "difference", "alpha", "power"),
    ),
}
"""Action → how it is answered, what it answers, its options."""
