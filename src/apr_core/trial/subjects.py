"""From an import string in a contract to a callable, or to the reason why not.

A contract may come from anywhere, so a name is imported only when its package is allowed: what lies in the project, the
judged half of apr_core, and what `[tool.apr] subjects` adds. The one thing a reader would get wrong: the check is made twice,
before the import (nothing foreign is ever executed) and on the object's own `__module__` (an allowed module that did
`from os import system` does not lend `system` to a contract).
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apr_core.contract.schema import CommandSubject, PlannedSubject
from apr_core.errors import SubjectError, Untestable, UsageError, did_you_mean

PUBLIC_HALVES = ("statistics", "stages", "ops", "evaluation", "checkpoint", "gguf", "inference", "data", "lab")
"""What a foreign contract may call in apr_core: the judged half and the pure functions."""

EXTRAS = {
    "torch": "models", "safetensors": "models", "transformers": "models", "tokenizers": "models", "gguf": "models",
    "numba": "models", "peft": "train", "trl": "train", "datasets": "train", "optuna": "train", "triton": "kernels",
    "cryptography": "report", "securesystemslib": "report",
}  # fmt: skip
"""Third-party package → the extra of apr-core that installs it."""


@dataclass(frozen=True)
class Policy:
    """Which packages and programs contracts under one root may name."""

    root: Path
    packages: frozenset[str]
    commands: frozenset[str]
    places: tuple[Path, ...]
    """Folders that the project's own modules are imported from."""
    own: frozenset[str]
    """Packages that are allowed because they lie there."""
    name: str
    """Of the project's own distribution, which may be installed and not lie there."""
    prefixes: tuple[str, ...] = tuple(f"apr_core.{half}" for half in PUBLIC_HALVES)

    @classmethod
    def for_root(cls, root: Path, places: tuple[Path, ...] = ()) -> Policy:
        """The policy of the project at `root`: its own packages, and what its pyproject.toml adds under `[tool.apr]`."""
        table = _tool_table(root)
        places = tuple(dict.fromkeys((root / "src", root, *places)))
        own = {name for folder in places for name in _importable(folder)}
        subjects = _strings(table, "subjects", root)
        own -= sys.stdlib_module_names
        commands = _strings(table, "commands", root)
        return cls(root, frozenset(own) | subjects, commands, places, frozenset(own) - subjects, _project_name(root))

    def allows(self, module: str) -> bool:
        """Whether a dotted module name lies in an allowed package."""
        if module.partition(".")[0] in self.packages:
            return True
        return any(module == prefix or module.startswith(prefix + ".") for prefix in self.prefixes)


def _project_name(root: Path) -> str:
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return ""
    return str(project.get("name", ""))


def _tool_table(root: Path) -> dict[str, Any]:
    file = root / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("apr", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file} cannot be read: {error}. Repair it: contracts take their permissions from it."
        ) from None
    allowed = ("subjects", "commands")
    unknown = set(table) - set(allowed)
    if unknown:
        key = min(unknown)
        raise UsageError(
            f"{file}: [tool.apr] has the unknown key {key!r}; allowed are {', '.join(allowed)}.{did_you_mean(key, allowed)}"
        )
    return dict(table)


def _strings(table: dict[str, Any], key: str, root: Path) -> frozenset[str]:
    value = table.get(key, [])
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise UsageError(f"{root / 'pyproject.toml'}: [tool.apr] {key} is {value!r}; it must be a list of names.")
    return frozenset(value)


def _importable(folder: Path) -> set[str]:
    """Names that `import` would find in a folder of sources."""
    if not folder.is_dir():
        return set()
    found = set()
    for entry in folder.iterdir():
        if entry.suffix == ".py" and entry.stem.isidentifier():
            found.add(entry.stem)
        elif entry.name.isidentifier() and entry.is_dir() and next(entry.glob("*.py"), None) is not None:
            found.add(entry.name)
    return found


def add_to_path(policy: Policy) -> None:
    """Make the project's sources importable, after everything that is installed."""
    for folder in policy.places:
        if str(folder) not in sys.path and folder.is_dir():
            sys.path.append(str(folder))


def resolve(reference: str | PlannedSubject | CommandSubject, policy: Policy) -> Callable[..., Any]:
    """The callable that a subject names.

    Raises:
        SubjectError: it does not exist, cannot be imported, is not callable, or is not in an allowed package.
        Untestable: it needs an extra that is not installed, or it is planned and not there yet.
    """
    if isinstance(reference, CommandSubject):
        return _command(reference, policy)
    if isinstance(reference, PlannedSubject):
        try:
            return _imported(reference.import_, policy)
        except SubjectError:
            raise Untestable(f"nothing is bound: {reference.import_} does not exist yet", reference.planned) from None
    return _imported(reference, policy)


def _imported(reference: str, policy: Policy) -> Callable[..., Any]:
    module_name, _, attribute = reference.partition(":")
    _demand(module_name, reference, policy)
    found: Any = _import(module_name, reference, policy)
    for part in attribute.split("."):
        if part.startswith("__") or not hasattr(found, part):
            names = [name for name in dir(found) if not name.startswith("_")]
            raise SubjectError(
                f"subject {reference!r}: {module_name} has no {part!r}.{did_you_mean(part, names)} "
                "Correct the name in `subjects`, or mark the subject as `planned` if it is still to be written."
            )
        found = getattr(found, part)
    return _checked(found, reference, policy)


def _demand(module: str, reference: str, policy: Policy) -> None:
    if policy.allows(module):
        return
    raise SubjectError(
        f"subject {reference!r} is in {module.partition('.')[0]!r}, which contracts here may not call. Allowed are the "
        f"project's own packages ({', '.join(sorted(policy.packages)) or 'none found'}) and the public parts of apr_core; "
        'to allow another, add it to pyproject.toml: [tool.apr] subjects = ["package"].'
    )


def _import(module: str, reference: str, policy: Policy) -> Any:
    add_to_path(policy)
    _demand_own(module.partition(".")[0], reference, policy)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in EXTRAS and missing != module.partition(".")[0]:
            raise Untestable(
                f"{reference} needs {missing}, which is not installed", f"pip install 'apr-core[{EXTRAS[missing]}]'"
            ) from None
        raise SubjectError(
            f"subject {reference!r} cannot be imported: no module named {error.name!r}. Correct the name in `subjects`, "
            "install what is missing, or mark the subject as `planned` if it is still to be written."
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise SubjectError(
            f"subject {reference!r} cannot be imported: {module} raised {type(error).__name__}: {error}. "
            "Repair the module so that importing it has no effect that can fail."
        ) from error


def _demand_own(top: str, reference: str, policy: Policy) -> None:
    """A folder of the project that is named like somebody else's installed package does not open that package."""
    if top not in policy.own:
        return
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return
    origins = (
        [] if spec is None else [*(spec.submodule_search_locations or ()), *([spec.origin] if spec.origin else [])]
    )
    inside = any(
        Path(origin).resolve().is_relative_to(place.resolve()) for origin in origins for place in policy.places
    )
    if not origins or inside or policy.name in importlib.metadata.packages_distributions().get(top, ()):
        return
    raise SubjectError(
        f"subject {reference!r}: {top!r} is a folder of this project, but importing it gives {origins[0]}, the installed "
        "package of that name. Rename the folder, or allow the package in [tool.apr] subjects."
    )


def _checked(found: Any, reference: str, policy: Policy) -> Callable[..., Any]:
    if not callable(found):
        raise SubjectError(
            f"subject {reference!r} is {type(found).__name__}, not a function. Name something that can be called; "
            "put literals into `constants`."
        )
    inner = found
    while isinstance(inner, functools.partial):
        inner = inner.func
    home = getattr(inner, "__module__", None) or getattr(type(inner), "__module__", "builtins")
    if not (isinstance(home, str) and policy.allows(home)):
        raise SubjectError(
            f"subject {reference!r} was defined in {home!r}, which contracts here may not call, though an allowed module "
            "imports it. Wrap it in a function of your own, or allow its package in [tool.apr] subjects."
        )
    return found  # type: ignore[no-any-return]


def _command(subject: CommandSubject, policy: Policy) -> Callable[..., Any]:
    program = subject.command[0]
    if program not in policy.commands:
        raise SubjectError(
            f"subject {subject.command!r} runs the program {program!r}, which contracts here may not run. Allowed are: "
            f"{', '.join(sorted(policy.commands)) or 'none'}. Add it to pyproject.toml: [tool.apr] commands = [{program!r}]."
        )

    def run(*arguments: Any) -> dict[str, Any]:
        line = [*subject.command, *map(str, arguments)]
        try:
            done = subprocess.run(line, capture_output=True, text=True, cwd=policy.root, check=False, timeout=600)
        except FileNotFoundError:
            raise Untestable(f"the program {program!r} is not installed", f"install {program}") from None
        return {"exit": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    return run


def misuse(subject: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Why a call does not fit the subject's signature, or None when it does (or cannot be known)."""
    try:
        inspect.signature(subject).bind(*args, **kwargs)
    except ValueError:
        return None
    except TypeError as error:
        return str(error)
    return None
