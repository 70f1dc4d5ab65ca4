"""What reaches the zygote: the modules' text as their loaders give it, and nothing that is not the standard library."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import subprocess
import sys
import types

import pytest
from sandbox_programs import RECORD, Try, program

from apr_core.evaluation.sandbox import Sandbox, sources
from apr_core.evaluation.sandbox.bootstrap import Sources

PACKAGE = "apr_core.evaluation.sandbox"


def test_everything_that_the_zygote_imports_is_sent_along() -> None:
    names = set(sources.closure("zygote", "candidate", "checker"))
    short = {name.removeprefix(f"{PACKAGE}.") for name in names}
    assert {"zygote", "jail", "kernel", "namespaces", "seccomp", "landlock", "candidate", "checker", "codec"} <= short
    assert not {"server", "classify", "outcome", "spec"} & short


@pytest.mark.parametrize("name", sources.closure("zygote", "probe", "candidate", "checker", "bootstrap"))
def test_modules_of_the_zygote_need_the_standard_library_alone(name: str) -> None:
    for node in ast.parse(sources.text_of(name)).body:  # what a function imports is only imported where it runs
        found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for one in found:
            assert one.partition(".")[0] in sys.stdlib_module_names or one.startswith(PACKAGE), one


def test_a_module_that_was_loaded_from_another_text_is_sent_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Edited(importlib.abc.InspectLoader):
        def get_source(self, fullname: str) -> str:
            return "PLANTED = 1\n"

    module = types.ModuleType(f"{PACKAGE}.weak")
    module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, Edited())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert sources.text_of(module.__name__) == "PLANTED = 1\n"


FAULT = """
import importlib.abc, importlib.util, sys
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "apr_core.evaluation.sandbox.oracles":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        spec.loader = Loader(spec.loader)
        return spec
class Loader(importlib.abc.InspectLoader):
    def __init__(self, real):
        self.real = real
    def get_source(self, name):
        return self.real.get_source(name) + "\\ndef agrees(*_): return True\\n"
sys.meta_path.insert(0, Finder())
"""

ONE_EXECUTION = """
import sandbox_programs
from apr_core.evaluation.sandbox import Sandbox
with Sandbox() as sandbox:
    print(sandbox.execute("def f():\\n    return 'wrong'\\n", sandbox_programs.expecting("right")).outcome)
"""


@pytest.mark.parametrize(("fault", "outcome"), [(FAULT, "passed"), ("", "wrong-answer")], ids=["faulty", "as it is"])
def test_a_planted_fault_reaches_the_checker(fault: str, outcome: str, request: pytest.FixtureRequest) -> None:
    done = subprocess.run(
        [sys.executable, "-c", fault + ONE_EXECUTION], cwd=request.path.parent, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.stdout == f"{outcome}\n", done.stderr


def test_the_table_of_sources_is_importable_and_its_packages_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = Sources({"made.up.module": "X = 7\n"})
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    try:
        import made.up.module  # type: ignore[import-not-found]

        assert made.up.module.X == 7
        assert [name for name in vars(made.up) if not name.startswith("_")] == ["module"]
        assert finder.find_spec("made.other") is None
    finally:
        for name in ("made", "made.up", "made.up.module"):
            sys.modules.pop(name, None)


def test_programs_import_from_the_library_and_installed_packages_alone() -> None:
    assert all(path.startswith("/") for path in sources.search_path())
    body = "import sys\nreturn [sys.path, [one for one in sys.meta_path if type(one).__name__ == 'Sources']]"
    with Sandbox() as sandbox:
        (group,) = sandbox.execute(program(Try(body, "passed")), RECORD).groups
    assert group.returned == [[sources.search_path(), []]]
