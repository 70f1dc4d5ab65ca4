"""The command `apr`: one table of command families, of which only the one that is used gets imported.

Exit codes: 0 done; 1 a claim is falsified, a gate is shut, or a check found problems; 2 wrong use, or something that
the user can mend (a broken contract, a missing file); 3 a defect of apr-core itself; 130 interrupted; 141 the reader
of the output went away.

The one thing a reader would get wrong: an uncaught Python exception would exit with 1, which in this program means
"falsified". That is why everything is caught here, and a crash has a code of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from apr_core import __version__
from apr_core.errors import AprError, Untestable, did_you_mean

DONE, SHUT, MISUSE, DEFECT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141


class Family(NamedTuple):
    """A row of the command table."""

    module: str
    """Has `add_parser(subparsers) -> None` and `run(args) -> int`; imported when the family is used."""
    actions: tuple[str, ...]
    """Its sub-commands, in the order of the help; none when the family is itself the command."""
    help: str
    otherwise: str = ""
    """The action that is meant when the word after the family is none of them; empty when an action must be named."""


COMMANDS: dict[str, Family] = {
    "contract": Family(
        "apr_core.commands.contract",
        ("new", "import", "lint", "explain", "audit", "graph", "diff", "schema"),
        "write, check and explain contracts",
    ),
    "evidence": Family(
        "apr_core.commands.evidence",
        ("import", "list", "show", "compare", "flips", "oracle"),
        "import and compare the records that claims are decided on",
    ),
    "mutate": Family("apr_core.commands.mutate", (), "the faults in the code that no claim would notice"),
    "power": Family(
        "apr_core.commands.power",
        ("claim", "paired", "unpaired", "line", "runs", "margin"),
        "how many problems, samples or runs a claim needs",
    ),
    "report": Family(
        "apr_core.commands.report",
        ("show", "diff", "attest", "verify"),
        "show an earlier run again, compare it with another, attest it",
        otherwise="show",
    ),
    "gate": Family("apr_core.commands.gate", (), "a release decision: open or shut, and what would open it"),
    "eval": Family(
        "apr_core.commands.evaluation",
        ("completions", "model", "perplexity", "samples", "compare", "check-references"),
        "programs and models to results: the programs run in a sandbox",
    ),
    "run": Family("apr_core.commands.run", (), "completions from a checkpoint, a GGUF file or a server"),
    "compare": Family("apr_core.commands.compare", (), "a model in two implementations, or two models, layer by layer"),
    "data": Family(
        "apr_core.commands.data",
        ("pairs", "decontaminate"),
        "preference pairs from an evaluation, and training data without the benchmark",
    ),
}

ALIASES = {"compare-hf": "compare"}
"""Another word for a family → the family."""


class Parser(argparse.ArgumentParser):
    """An argument parser that takes no abbreviations and names the nearest word when it is given an unknown one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **kwargs)
        # Of nested parsers the innermost one that took part wins: it is the one whose usage helps.
        self.set_defaults(parser=self)

    def error(self, message: str) -> NoReturn:
        """Prints usage and message, with the nearest allowed word, and exits with 2."""
        choice = re.search(r"invalid choice: '?([^' ]+)'? \(choose from (.*)\)", message)
        if choice:
            message += "." + did_you_mean(choice[1], re.findall(r"[\w@.-]+", choice[2]))
        super().error(message)

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Exits with 2 over arguments that nothing took."""
        options = re.findall(r"--[\w-]+", self.format_help())
        near = did_you_mean(unknown[0].split("=")[0], options) if unknown[0].startswith("--") else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}" + (f".{near}" if near else ""))


def build_parser(family: str | None) -> Parser:
    """The parser, whole for the family that is used and one line each for all others, which stay unimported."""
    width = max(len(name) for name in COMMANDS)
    listing = "\n".join(f"  {name:<{width}}  {row.help}" for name, row in COMMANDS.items())
    parser = Parser(
        prog="apr",
        usage="apr [-h] [--version] COMMAND ...",
        description="Judge claims: contracts that compile into tests, evidence that decides, gates that open or stay\n"
        "shut. Run the claims of a project with `pytest`; this command is for everything around that.",
        epilog=f"commands:\n{listing}\n\n`apr COMMAND --help` says more.",
    )
    parser.add_argument(
        "--version", action="version", version=f"apr-core {__version__} (Python {sys.version.split()[0]})"
    )
    subparsers = parser.add_subparsers(prog="apr", dest="family", metavar="COMMAND", help=argparse.SUPPRESS)
    for name, row in COMMANDS.items():
        if name == family:
            importlib.import_module(row.module).add_parser(subparsers)
        else:
            subparsers.add_parser(name, add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code; the module's docstring lists the codes."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse leaves this way, for --help as for wrong use
        return stop.code if isinstance(stop.code, int) else DONE
    except KeyboardInterrupt:
        return _say(INTERRUPTED, "interrupted: nothing was decided")
    except BrokenPipeError:
        return _close_stdout()
    except (AprError, Untestable) as error:
        return _say(MISUSE, str(error))
    except OSError as error:
        if error.filename is None:
            return _defect()
        return _say(MISUSE, f"{error.filename}: {error.strerror}")
    except Exception:
        return _defect()


def _dispatch(words: list[str]) -> int:
    """Parses, and runs the family. Only the first word is looked at before the family's module is imported."""
    words = [ALIASES.get(words[0], words[0]), *words[1:]] if words else words
    family = words[0] if words and words[0] in COMMANDS else None
    if family and COMMANDS[family].otherwise and not {*words[1:2]} & {*COMMANDS[family].actions, "-h", "--help"}:
        words = [family, COMMANDS[family].otherwise, *words[1:]]
    parser = build_parser(family)
    args, unknown = parser.parse_known_args(words)
    if unknown:
        args.parser.refuse(unknown)
    if args.family is None:
        parser.print_help()
        return MISUSE
    code: int = importlib.import_module(COMMANDS[args.family].module).run(args)
    return code


def _say(code: int, message: str) -> int:
    print(f"apr: {message}", file=sys.stderr)
    return code


def _defect() -> int:
    import traceback

    traceback.print_exc()
    return _say(DEFECT, "this is a defect of apr-core, not a verdict: please report the lines above")


def _close_stdout() -> int:
    """After a broken pipe. Python flushes stdout once more at exit, which would complain: give it somewhere to go."""
    with contextlib.suppress(OSError, ValueError):  # stdout is not a file, as under a test's capture
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED


if __name__ == "__main__":
    sys.exit(main())
