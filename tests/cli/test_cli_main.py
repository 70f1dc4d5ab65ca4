"""`apr` itself: exit codes, messages, what is imported, and how it ends when the reader or the user has had enough."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core import __version__
from apr_core.cli import COMMANDS, Family, Parser, build_parser, main
from apr_core.errors import ContractError, Problem, SelectionError, Untestable

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}
HEAVY = ("torch", "scipy", "numpy", "pydantic", "yaml", "hypothesis", "pytest", "rich")


def actions_of(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """The sub-commands of a parser, from its usage line: `apr contract [-h] {new,lint,...} ...`."""
    found = re.search(r"(?<=\s)\{([^}]*)\}\s+\.\.\.", parser.format_usage())
    return tuple(found[1].split(",")) if found else ()


def family_parser(name: str) -> argparse.ArgumentParser:
    subparsers = Parser(prog="apr").add_subparsers(prog="apr")
    importlib.import_module(COMMANDS[name].module).add_parser(subparsers)
    return subparsers.choices[name]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[argparse.Namespace], int]], None]:
    """Makes `apr try-it` run a function of the test's own."""

    def use(run: Callable[[argparse.Namespace], int]) -> None:
        module = types.ModuleType("a_family_of_the_test")
        module.add_parser = lambda subparsers: subparsers.add_parser("try-it").add_argument("--margin")  # type: ignore[attr-defined]
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS, "try-it", Family(module.__name__, (), "of the test"))

    return use


def raising(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


def test_help_lists_every_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name, family in COMMANDS.items():
        assert f"  {name} " in text
        assert family.help in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith(f"apr-core {__version__} (Python 3.")


def test_no_command_is_wrong_use_and_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["contrat"], "'contract'"),
        (["gaet", "x"], "'gate'"),
        (["contract", "lnit"], "'lint'"),
        (["power", "piared"], "'paired'"),
    ],
)
def test_an_unknown_word_names_the_nearest(words: list[str], near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert f"Did you mean {near}?" in capsys.readouterr().err


def test_an_unknown_option_names_the_nearest_of_the_command_in_question(
    install: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    install(lambda args: 0)
    assert main(["try-it", "--marign=3"]) == 2
    text = capsys.readouterr().err
    assert "Did you mean '--margin'?" in text
    assert "usage: apr try-it" in text


def test_options_are_not_abbreviated(install: Callable[..., None]) -> None:
    install(lambda args: 0)
    assert main(["try-it", "--marg", "3"]) == 2


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_code_is_the_familys(install: Callable[..., None], code: int) -> None:
    install(lambda args: code)
    assert main(["try-it"]) == code


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SelectionError("there is no claim 'A-9'"), "apr: there is no claim 'A-9'\n"),
        (Untestable("no torch", "pip install 'apr-core[models]'"), "apr: no torch; pip install 'apr-core[models]'\n"),
        (ContractError([Problem("a.apr.yaml", 3, 5, "unknown key")]), "apr: a.apr.yaml:3:5: unknown key\n"),
        (FileNotFoundError(2, "No such file or directory", "x.yaml"), "apr: x.yaml: No such file or directory\n"),
    ],
)
def test_what_the_user_can_mend_is_one_paragraph_and_exits_with_2(
    install: Callable[..., None], error: BaseException, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install(raising(error))
    assert main(["try-it"]) == 2
    assert capsys.readouterr().err == text


def test_a_crash_never_looks_like_a_verdict(install: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    install(raising(ZeroDivisionError("division by zero")))
    assert main(["try-it"]) == 3
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert "defect of apr-core" in text


def test_an_interrupt_is_one_line(install: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    install(raising(KeyboardInterrupt()))
    assert main(["try-it"]) == 130
    assert capsys.readouterr().err == "apr: interrupted: nothing was decided\n"


def test_a_closed_pipe_is_no_error_text(install: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    install(raising(BrokenPipeError()))
    assert main(["try-it"]) == 141
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_parser_has(name: str) -> None:
    assert actions_of(family_parser(name)) == COMMANDS[name].actions


def test_the_readme_lists_what_there_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"`apr (\w+)(?: ([\w|-]+))?`", readme[readme.index("\nCommands: ") :].split("\n\n")[0])
    assert {family for family, _ in listed} == COMMANDS.keys()
    for family, actions in listed:
        if actions:
            assert tuple(actions.split("|")) == COMMANDS[family].actions


def test_only_the_family_that_is_used_is_imported() -> None:
    script = (
        "import sys; from apr_core.cli import main; main(['--help']); "
        f"heavy = [name for name in {HEAVY} if name in sys.modules]; "
        "own = [name for name in sys.modules if name.startswith('apr_core.commands.')]; "
        "assert not heavy and not own, (heavy, own)"
    )
    subprocess.run([sys.executable, "-c", script], env=ENVIRONMENT, check=True, capture_output=True)


def test_the_parser_imports_nothing_for_other_families() -> None:
    assert build_parser(None).parse_known_args(["--"])[0].family is None


def test_an_interrupt_from_outside_exits_with_130_and_no_traceback() -> None:
    script = (
        "import sys, types, time; from apr_core.cli import COMMANDS, Family, main; "
        "slow = types.ModuleType('slow'); sys.modules['slow'] = slow; "
        "slow.add_parser = lambda subparsers: subparsers.add_parser('slow'); "
        "slow.run = lambda args: print('ready', flush=True) or time.sleep(60); "
        "COMMANDS['slow'] = Family('slow', (), ''); sys.exit(main(['slow']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "apr: interrupted: nothing was decided\n"


def test_a_reader_that_goes_away_leaves_no_traceback() -> None:
    script = (
        "import sys, types; from apr_core.cli import COMMANDS, Family, main; "
        "long = types.ModuleType('long'); sys.modules['long'] = long; "
        "long.add_parser = lambda subparsers: subparsers.add_parser('long'); "
        "long.run = lambda args: print('line\\n' * 1_000_000) or 0; "
        "COMMANDS['long'] = Family('long', (), ''); sys.exit(main(['long']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=20) == 141
    assert errors == ""
