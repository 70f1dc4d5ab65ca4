"""Who may import whom, and what is not imported until it is needed. The rules are in ARCHITECTURE.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "apr_core"

JUDGE = {"contract", "compiler", "trial", "report", "verdict"}
JUDGED = {"checkpoint", "stages", "ops", "kernels", "evaluation", "inference", "data", "lab", "gguf"}

FORBIDDEN = {
    "statistics": JUDGE | JUDGED | {"evidence"},
    "contract": JUDGED | {"compiler", "trial", "report", "evidence", "statistics"},
    "compiler": JUDGED | {"trial", "report", "evidence"},
    "trial": JUDGED | {"report"},
    "report": JUDGED | {"compiler"},
    "evidence": JUDGE | JUDGED,
    **dict.fromkeys(JUDGED, JUDGE),
}
"""Sub-package → sub-packages that it must not import."""


def imported(file: Path) -> set[str]:
    """Sub-packages of apr_core and third-party packages that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    parts = {tuple(name.split(".")) for name in names}
    return {part[1] for part in parts if part[0] == "apr_core" and len(part) > 1} | {
        part[0] for part in parts if part[0] != "apr_core"
    }


def files(package: str) -> list[Path]:
    folder = SOURCE / package
    return (
        sorted(folder.rglob("*.py"))
        if folder.is_dir()
        else [path for path in [SOURCE / f"{package}.py"] if path.exists()]
    )


@pytest.mark.parametrize("package", sorted(package for package in FORBIDDEN if files(package)))
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    broken = {
        str(file.relative_to(SOURCE)): sorted(imported(file) & FORBIDDEN[package])
        for file in files(package)
        if imported(file) & FORBIDDEN[package]
    }
    assert not broken


def test_the_contract_package_knows_no_torch_and_no_hypothesis() -> None:
    assert files("contract")
    for file in files("contract"):
        assert not imported(file) & {"torch", "hypothesis", "pytest"}, file


@pytest.mark.parametrize("module", ["apr_core", "apr_core.pytest_plugin", "apr_core.cli"])
def test_importing_costs_nothing_heavy(module: str) -> None:
    heavy = {"torch", "transformers", "scipy", "numpy", "pydantic", "yaml", "hypothesis", "rich"}
    code = f"import sys; import {module}; print(*sorted(set(sys.modules) & {heavy!r}))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_private_pytest_module_is_imported() -> None:
    for file in SOURCE.rglob("*.py"):
        assert "_pytest" not in imported(file), file
