"""The child's side of a source mutant: load one module from an edited text, judge, and write down what came out.

The one thing a reader would get wrong: the edited text must also stand in `linecache`. Whoever reads a function's source at run
time (`inspect`, Triton's compiler) reads it from there, and would otherwise be shown the file on disk, without the fault.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import linecache
import os
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Edited(importlib.abc.MetaPathFinder):
    """Finds one module as everybody else would, and gives it another text."""

    def __init__(self, module: str, text: str) -> None:
        self.module, self.text = module, text
        self.loaded = False
        self.broke: str | None = None
        """What running the edited text raised."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of the other finders, with a loader of our own."""
        if fullname != self.module:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                spec.loader = EditedLoader(self, spec)
                return spec
        return None


class EditedLoader(importlib.abc.InspectLoader):
    """Runs the edited text as if it stood in the module's file."""

    def __init__(self, finder: Edited, spec: importlib.machinery.ModuleSpec) -> None:
        self.finder = finder
        self.origin = spec.origin or f"<{spec.name}>"
        self.package = spec.submodule_search_locations is not None
        self.real = spec.loader

    def __getattr__(self, name: str) -> Any:
        """What else the real loader does: a package that is edited still finds its data files."""
        return getattr(self.__dict__.get("real"), name)

    def is_package(self, fullname: str) -> bool:
        """As the real loader says."""
        return self.package

    def get_source(self, fullname: str) -> str:
        """The edited text."""
        return self.finder.text

    def exec_module(self, module: types.ModuleType) -> None:
        """Compile and run the edited text; byte code of the real one is neither read nor written."""
        text = self.finder.text
        self.finder.loaded = True
        # Lines as a file has them: `splitlines` would also end one at a form feed.
        linecache.cache[self.origin] = (len(text), None, io.StringIO(text).readlines(), self.origin)
        try:
            exec(compile(text, self.origin, "exec", dont_inherit=True), module.__dict__)
        except BaseException as error:
            self.finder.broke = f"{type(error).__name__}: {error}"
            raise


def perform(folder: Path) -> None:
    """Do the job described in `folder/job.json` and write `folder/done.json`."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    finder = None
    if job["module"] is not None:
        if job["module"] in sys.modules:
            raise RuntimeError(f"{job['module']} was imported before its text could be changed")
        finder = Edited(job["module"], job["text"])
        sys.meta_path.insert(0, finder)
    done = _judge(job)
    if finder is not None and not finder.loaded:
        done["error"] = f"{job['module']} was never imported, so the edit was not tried"
    elif finder is not None and finder.broke is not None:  # a subject that imports it late would turn this into a kill
        done["error"] = f"{job['module']} cannot be imported with the edit: {finder.broke}"
    (folder / "done.json").write_text(json.dumps(done), encoding="utf-8")


def _judge(job: dict[str, Any]) -> dict[str, Any]:
    """Judge the obligations in their order, up to the first that falls if that is all that is asked."""
    from apr_core.trial.fault import Fault
    from apr_core.trial.session import Session, Settings
    from apr_core.trial.subjects import add_to_path

    settings = job["settings"] | {"evidence": tuple(map(Path, job["settings"]["evidence"]))}
    real = Session(Path(job["root"]), Settings(**settings), tuple(map(Path, job["places"])))
    add_to_path(real.policy)
    session = real.under(Fault(job["key"], remember=True))
    opened = _opened_below(real.root)
    loaded = session.catalog.load_path(Path(job["contract"]))
    results: dict[str, Any] = {}
    for name in job["obligations"]:
        obligation = loaded.obligation(name)
        result = session.judge_obligation(loaded, obligation)
        results[name] = result.to_json()
        if job["first_kill"] and noticed(result.verdict.value, obligation.expect):
            break
    return {
        "results": results,
        "files": sorted({*_files(session.policy), *filter(os.path.isfile, opened)}),
        "error": None,
    }


def _opened_below(root: Path) -> set[str]:
    """A set that grows by every file of the project that is opened from now on; the verdicts may rest on its content."""
    found: set[str] = set()
    here = Path.cwd()
    tops = tuple(f"{top}{os.sep}" for top in {root.absolute(), root.resolve()})
    stores = tuple(f"{top}.apr{os.sep}" for top in tops)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and arguments[1] in ("r", "rb", None):
            path = str(here / arguments[0])
            if path.startswith(tops) and not path.startswith(stores) and not path.endswith(".pyc"):
                found.add(path)

    sys.addaudithook(hook)
    return found


def noticed(verdict: str, expect: str) -> bool:
    """Whether a verdict under a fault is the opposite of what it is without."""
    return verdict == ("HELD" if expect == "falsified" else "FALSIFIED")


def _files(policy: Any) -> list[str]:
    """Files of the project's own modules that have been loaded, which the verdicts rest on."""
    files = [getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if policy.allows(name)]
    return sorted({file for file in files if file is not None})
