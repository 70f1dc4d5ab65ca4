"""What is installed: hand-kept lists that must agree with the tree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from apr_core.contract.obligations import TYPES
from apr_core.pytest_plugin import CONTROL_STATUS, STATUS
from apr_core.pytest_plugin import TYPES as MARKERS
from apr_core.trial.control import OUTCOMES as CONTROL_OUTCOMES
from apr_core.trial.result import OUTCOMES

TOP = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_of_the_tree_is_installed() -> None:
    source = TOP / "src"
    found = {str(path.parent.relative_to(source)).replace("/", ".") for path in source.rglob("__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found | {"apr_core.contracts"}


def test_the_plugin_knows_every_obligation_type_and_every_outcome() -> None:
    assert MARKERS == TYPES
    assert set(STATUS) == set(OUTCOMES)
    assert set(CONTROL_STATUS) == set(CONTROL_OUTCOMES)


def test_the_version_is_one() -> None:
    import apr_core

    assert apr_core.__version__ == PROJECT["project"]["version"]


def test_every_dependency_is_constrained_to_a_tested_version() -> None:
    lines = (TOP / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {_name(line.partition("==")[0]) for line in lines if "==" in line}
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(x for x in PROJECT["dependency-groups"]["tests"] if isinstance(x, str)),
    ]
    names = {_name(re.split(r"[><=;\[ ]", line, maxsplit=1)[0]) for line in wanted}
    assert names <= pinned


def _name(text: str) -> str:
    """A package's name as every index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", text.strip()).lower()
