"""The three kinds of mutants, in a project of somebody else: what is planted, where, and what must not be affected."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apr_core.trial.control import Control
from apr_core.trial.mutants import try_mutants
from apr_core.trial.session import Session, Settings
from apr_core.trial.workers import Job, Workers, cores, run_jobs

Write = Callable[[dict[str, str]], Path]

SHOP = {
    "src/shopmut/__init__.py": "from shopmut.prices import total\n",
    "src/shopmut/prices.py": '''\
import functools
import inspect
from shopmut import rates

def traced(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args)
    return call

@traced
def total(prices):
    """Net prices with tax."""
    return sum(rates.gross(price) for price in prices)

def source_of_total():
    return inspect.getsource(inspect.unwrap(total))
''',
    "src/shopmut/rates.py": "RATE = 20\n\ndef gross(price):\n    return price + price * RATE // 100\n",
    "contracts/shop.apr.yaml": """\
title: shop
version: 1.0.0
subjects: {total: "shopmut:total", source: "shopmut.prices:source_of_total"}
inputs: {price: {integer: [0, 1000]}}
obligations:
  - {id: TAX, type: holds, claim: Tax is added., check: "total([price * 100]) == price * 120"}
  - {id: NONE, type: holds, claim: Nothing costs nothing., check: "total([price]) == total([price])"}
  - {id: SOURCE, type: holds, claim: The source sums., check: "'sum(' in source() or price < 0"}
mutants:
""",
}


@pytest.fixture(autouse=True)
def _forget_the_project(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a package of the same name in another folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "shopmut"]:
        del sys.modules[name]


def shop(project: Write, *mutants: str) -> Session:
    rows = "".join(f"  - {{{mutant}}}\n" for mutant in mutants) or "  []\n"
    files = SHOP | {"contracts/shop.apr.yaml": SHOP["contracts/shop.apr.yaml"] + rows}
    return Session(project(files), Settings(cases=30))


def tried(session: Session, *, fresh: bool = False) -> dict[str, Control]:
    loaded = session.catalog.load("shop")
    pairs = [(loaded, mutant) for mutant in loaded.model.mutants]
    return {one.id.partition("::")[2]: one for one in try_mutants(session, pairs, workers=2, fresh=fresh)}


HALVED = 'id: halved, kind: source, of: total, in: shopmut.rates, replace: "// 100", by: "// 200", killed_by: [TAX]'
PRODUCT = 'id: product, kind: source, of: total, replace: "return sum(", by: "return max(", killed_by: [SOURCE]'


def test_a_source_mutant_is_planted_in_the_module_that_defines_the_subject_or_in_the_one_it_names(
    project: Write,
) -> None:
    found = tried(shop(project, HALVED, PRODUCT))
    assert {name: control.outcome for name, control in found.items()} == {"halved": "KILLED", "product": "KILLED"}
    assert found["halved"].fault == "- // 100\n+ // 200"
    (cell,) = found["halved"].cells
    assert cell.claim == "shop::TAX" and cell.counterexample is not None and cell.broke == "false"


def test_code_that_reads_its_own_source_sees_the_edit(project: Write) -> None:
    # SOURCE looks at inspect.getsource, as Triton's compiler does: without linecache it would see the file.
    assert tried(shop(project, PRODUCT))["product"].outcome == "KILLED"


def test_a_claim_that_compares_nothing_lets_a_source_mutant_survive(project: Write) -> None:
    session = shop(project, HALVED.replace("[TAX]", "[TAX, NONE]"))
    (control,) = tried(session).values()
    assert [cell.outcome for cell in control.cells] == ["KILLED", "SURVIVED"]
    assert control.outcome == "SURVIVED"
    assert session.judge("shop::TAX").outcome == "HELD"  # the real thing, in this process, is untouched


@pytest.mark.parametrize(
    ("text", "says"), [("// 1000", "does not occur"), ("price", "occurs 3 times")], ids=["gone", "not unique"]
)
def test_an_edit_that_does_not_fit_exactly_once_has_drifted(project: Write, text: str, says: str) -> None:
    mutant = f'id: m, kind: source, of: total, in: shopmut.rates, replace: "{text}", by: x, killed_by: [TAX]'
    (control,) = tried(shop(project, mutant)).values()
    assert control.outcome == "DRIFTED"
    assert says in control.cells[0].reason and repr(text) in control.cells[0].reason


@pytest.mark.parametrize(
    ("by", "says"),
    [
        ("// (", "SyntaxError"),
        ("// 100 + missing_name", "NameError"),
    ],
)
def test_an_edit_that_breaks_the_module_is_not_a_kill_but_one_that_breaks_the_call_is(
    project: Write, by: str, says: str
) -> None:
    mutant = f'id: m, kind: source, of: total, in: shopmut.rates, replace: "// 100", by: "{by}", killed_by: [TAX]'
    (control,) = tried(shop(project, mutant)).values()
    assert control.outcome == ("ERROR" if says == "SyntaxError" else "KILLED")
    assert says in control.cells[0].reason


def test_a_mutant_that_never_ends_is_stopped_and_the_others_go_on(project: Write) -> None:
    session = shop(project)
    loaded = session.catalog.load("shop")
    text = SHOP["src/shopmut/rates.py"]
    endless = text.replace("    return", "    while True: pass\n    return")
    jobs = [
        Job(
            key="endless", contract=loaded.path, obligations=("TAX",), module="shopmut.rates", text=endless, seconds=1.0
        ),
        Job(
            key="dead",
            contract=loaded.path,
            obligations=("TAX",),
            module="shopmut.rates",
            text="import os; os._exit(7)",
        ),
        Job(key="good", contract=loaded.path, obligations=("TAX",), module="shopmut.rates", text=text),
    ]
    session.judge("shop::TAX")
    endless_job, dead, good = run_jobs(session, jobs, workers=2)
    assert endless_job.timed_out and not endless_job.results
    assert dead.error is not None and not dead.timed_out
    assert good.error is None and good.results["TAX"].outcome == "HELD"


def test_an_edit_in_a_module_that_nothing_imports_says_so(project: Write) -> None:
    session = shop(project)
    (session.root / "src/shopmut/unused.py").write_text("x = 1\n")
    loaded = session.catalog.load("shop")
    (done,) = run_jobs(
        session, [Job(key="k", contract=loaded.path, obligations=("TAX",), module="shopmut.unused", text="x = 2\n")]
    )
    assert done.error == "shopmut.unused was never imported, so the edit was not tried"


def test_a_kill_is_known_until_a_source_changes(project: Write) -> None:
    session = shop(project, HALVED)
    assert [control.cached for control in tried(session).values()] == [False]
    again = Session(session.root, Settings(cases=30))
    assert [(control.outcome, control.cached) for control in tried(again).values()] == [("KILLED", True)]
    assert [control.cached for control in tried(again, fresh=True).values()] == [False]
    helper = session.root / "src/shopmut/prices.py"
    helper.write_text(helper.read_text() + "# changed\n")
    assert [control.cached for control in tried(Session(session.root, Settings(cases=30))).values()] == [False]


def test_a_kill_of_a_source_mutant_is_known_until_a_data_file_changes(project: Write) -> None:
    edit = 'of: table, replace: "* 1", by: "+ \'!\'", killed_by: [TABLE]'
    session = late_shop(project, edit)
    assert [(one.outcome, one.cached) for one in tried(session).values()] == [("KILLED", False)]
    assert [one.cached for one in tried(Session(session.root, Settings(cases=30))).values()] == [True]
    (session.root / "src/shopmut/table.txt").write_text("another")
    assert [one.cached for one in tried(Session(session.root, Settings(cases=30))).values()] == [False]


def test_a_survivor_is_never_taken_from_the_store(project: Write) -> None:
    session = shop(project, HALVED.replace("[TAX]", "[NONE]"))
    for _ in range(2):
        assert [(one.outcome, one.cached) for one in tried(session).values()] == [("SURVIVED", False)]


def test_the_killing_case_is_tried_first_the_next_time(project: Write) -> None:
    # One price in a thousand shows the fault: 30 cases alone would hardly find it again.
    rare = 'id: rare, kind: result, of: total, becomes: "result + 1 if prices == [77700] else result", killed_by: [TAX]'
    files = SHOP | {"contracts/shop.apr.yaml": SHOP["contracts/shop.apr.yaml"] + f"  - {{{rare}}}\n"}
    root = project(files)
    (control,) = tried(Session(root, Settings(cases=5000))).values()
    assert control.outcome == "KILLED"
    (control,) = tried(Session(root, Settings(cases=1))).values()
    assert (control.outcome, control.cached) == ("KILLED", False)


def test_the_processes_that_fork_have_one_thread_with_torch_imported_and_used_here(project: Write) -> None:
    torch = pytest.importorskip("torch")
    torch.ones(512, 512) @ torch.ones(512, 512)  # a parallel operation: from here on a fork of this process would hang
    session = shop(project, HALVED)
    session.judge("shop::TAX")
    loaded = session.catalog.load("shop")
    text = "import torch\n" + SHOP["src/shopmut/rates.py"].replace(
        "    return", "    assert float((torch.ones(512, 512) @ torch.ones(512, 512)).sum()) > 0\n    return"
    )
    with Workers(session, 2) as crew:
        jobs = [
            Job(key=str(n), contract=loaded.path, obligations=("TAX",), module="shopmut.rates", text=text)
            for n in range(3)
        ]
        done = list(crew.run(jobs))
        assert [line.threads for line in crew.lines.values()] == [1]
    assert [(one.error, one.results["TAX"].outcome) for one in done] == [(None, "HELD")] * 3


def test_an_installed_package_is_edited_in_memory_alone(tmp_path: Path) -> None:
    """As for somebody who judges a package that pip installed: not editable, sources in site-packages."""
    package = tmp_path / "package"
    for name, text in SHOP.items():
        if name.startswith("src/"):
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            (package / name).write_text(text)
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "shopmut"\nversion = "1"\n'
    )
    site = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(site),
    ]
    subprocess.run([*pip, str(package)], check=True, capture_output=True)
    judged = tmp_path / "judged"
    (judged / "contracts").mkdir(parents=True)
    (judged / "contracts/shop.apr.yaml").write_text(SHOP["contracts/shop.apr.yaml"] + f"  - {{{HALVED}}}\n")
    (judged / "pyproject.toml").write_text(
        '[project]\nname = "judged"\nversion = "1"\n[tool.apr]\nsubjects = ["shopmut"]\n'
    )
    code = (
        "import json; from pathlib import Path; from apr_core.trial.session import *; from apr_core.trial.mutants import *\n"
        "s = Session(Path.cwd(), Settings(cases=20)); c = s.catalog.load('shop')\n"
        "print(json.dumps([x.to_json() for x in try_mutants(s, [(c, m) for m in c.model.mutants])]))"
    )
    before = (site / "shopmut/rates.py").read_bytes()
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=judged, env=environment, capture_output=True, text=True, check=True
    )
    (control,) = json.loads(done.stdout)
    assert control["outcome"] == "KILLED", control
    assert (site / "shopmut/rates.py").read_bytes() == before


def test_an_editable_install_is_edited_in_memory_alone(tmp_path: Path, project: Write) -> None:
    """Through the finder that `pip install -e` puts on sys.meta_path."""
    session = shop(project, HALVED)
    hook = session.root / "finder"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import sys, importlib.util, importlib.machinery\n"
        "class Finder:\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        if name == 'shopmut':\n"
        f"            where = {str(session.root / 'src/shopmut/__init__.py')!r}\n"
        "            return importlib.util.spec_from_file_location(name, where, submodule_search_locations=[where[:-12]])\n"
        "sys.meta_path.append(Finder)\n"
    )
    code = (
        "from pathlib import Path; from apr_core.trial.session import *; from apr_core.trial.mutants import *\n"
        "s = Session(Path.cwd(), Settings(cases=20)); c = s.catalog.load('shop')\n"
        "print([x.outcome for x in try_mutants(s, [(c, m) for m in c.model.mutants])])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=session.root, env=os.environ | {"PYTHONPATH": str(hook)}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "['KILLED']\n"


LATE = {
    "src/shopmut/__init__.py": (
        "from importlib.resources import files\n"
        "from shopmut.prices import total\n"
        "def table():\n    return (files('shopmut') / 'table.txt').read_text() * 1\n"
        "def late(x):\n    from shopmut import slow\n    return slow.f(x)\n"
    ),
    "src/shopmut/table.txt": "a table",
    "src/shopmut/slow.py": (
        "import functools\nimport inspect\n\x0c\ndef f(x):\n    return x + 0\n\n"
        "def source():\n    return inspect.getsource(f)\n\npart = functools.partial(f)\n"
    ),
    "contracts/shop.apr.yaml": """\
title: shop
version: 1.0.0
subjects:
  {table: "shopmut:table", late: "shopmut:late", source: "shopmut.slow:source", part: "shopmut.slow:part"}
inputs: {x: {integer: [0, 9]}}
obligations:
  - {id: TABLE, type: holds, claim: c, check: "table() == 'a table' or x < 0"}
  - {id: LATE, type: holds, claim: c, check: "late(x) == x"}
  - {id: SOURCE, type: holds, claim: c, check: "'def f' in source() or x < 0"}
  - {id: PART, type: holds, claim: c, check: "part(x) == x"}
  - {id: BROKEN, type: holds, claim: c, check: "late(x) == x or x / 0 == 1"}
mutants:
""",
}


def late_shop(project: Write, mutant: str) -> Session:
    text = LATE["contracts/shop.apr.yaml"] + f"  - {{id: m, kind: source, {mutant}}}\n"
    return Session(project(SHOP | LATE | {"contracts/shop.apr.yaml": text}), Settings(cases=30))


@pytest.mark.parametrize(
    ("mutant", "outcome"),
    [
        ('of: table, replace: "* 1", by: "* 1  # the same", killed_by: [TABLE]', "SURVIVED"),
        ('of: source, replace: "x + 0", by: "x + 0  # the same", killed_by: [SOURCE]', "SURVIVED"),
        ('of: late, in: shopmut.slow, replace: "x + 0", by: "x + (", killed_by: [LATE]', "ERROR"),
        ('of: late, in: shopmut.slow, replace: "import inspect", by: "import inspekt", killed_by: [LATE]', "ERROR"),
        ('of: late, in: shopmut.slow, replace: "x + 0", by: "x + 1", killed_by: [LATE]', "KILLED"),
        ('of: part, replace: "x + 0", by: "x + 1", killed_by: [PART]', "KILLED"),
    ],
    ids=["data files", "form feed", "late syntax error", "late import error", "late edit", "partial"],
)
def test_a_claim_falls_by_the_edit_and_not_by_the_way_in_which_it_is_loaded(
    project: Write, mutant: str, outcome: str
) -> None:
    (control,) = tried(late_shop(project, mutant)).values()
    assert control.outcome == outcome, control.cells


@pytest.mark.parametrize("trouble", ["a thread", "the project"])
def test_a_process_that_could_not_fork_safely_imports_nothing(project: Write, trouble: str) -> None:
    """A package that starts a thread when it is imported, and one that imports what is to be edited."""
    session = shop(project, HALVED)
    code = {
        "a thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n",
        "the project": "import shopmut.rates\n",
    }[trouble]
    foreign = session.root / "foreign"
    foreign.mkdir()
    (foreign / "foreignmut.py").write_text(code)
    sys.path.append(str(foreign))
    session.judge("shop::TAX")
    importlib.import_module("foreignmut")
    loaded = session.catalog.load("shop")
    text = SHOP["src/shopmut/rates.py"].replace("// 100", "// 200")
    try:
        with Workers(session, 2) as crew:
            job = Job(key="k", contract=loaded.path, obligations=("TAX",), module="shopmut.rates", text=text)
            (done,) = crew.run([job])
            (line,) = crew.lines.values()
    finally:
        del sys.modules["foreignmut"]
    assert line.threads == 1 and not {"foreignmut", "shopmut.rates", "numpy"} & line.modules
    assert done.error is None and done.results["TAX"].outcome == "FALSIFIED"


def test_a_module_that_pytest_loads_for_a_plugin_can_be_edited(project: Write) -> None:
    """Its loader rewrites assertions, and gives no source."""
    session = shop(project, HALVED)
    session.judge("shop::TAX")
    sys.modules["shopmut.rates"].__spec__.loader = object()  # type: ignore[assignment,union-attr]
    assert tried(session)["halved"].outcome == "KILLED"


def test_no_child_outlives_the_one_who_asked_even_when_that_one_is_killed(project: Write, tmp_path: Path) -> None:
    session = shop(project)
    alive = tmp_path / "alive"
    endless = f"import os, time\nopen({str(alive)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    code = (
        "import json, os, signal, sys; from pathlib import Path; from apr_core.trial.session import *\n"
        "from apr_core.trial.workers import *\n"
        "s = Session(Path.cwd(), Settings(cases=20)); c = s.catalog.load('shop')\n"
        "crew = Workers(s, 2)\n"
        "job = lambda key, text: Job(key=key, contract=c.path, obligations=('TAX',), module='shopmut.rates', text=text)\n"
        "line = crew._line(False)\n"
        "print(crew.folder, flush=True)\n"
        f"jobs = [job('endless', {endless!r}), *(job(str(n), 'import os; os._exit(1)') for n in range(3))]\n"
        "next(crew.run(jobs))\n"
        f"while not (os.path.exists({str(alive)!r}) and os.path.getsize({str(alive)!r})): pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=session.root, capture_output=True, text=True, check=False)
    shutil.rmtree(done.stdout.strip())
    assert done.returncode == -9, done.stderr
    child = int(alive.read_text())
    for _ in range(1000):
        if not Path(f"/proc/{child}").exists():
            return
        threading.Event().wait(0.01)
    pytest.fail(f"process {child} is still there")


def test_an_assertion_that_python_leaves_out_does_not_kill_a_mutant(project: Write) -> None:
    checked = 'replace: "return price +", by: "assert price < 0; return price +", killed_by: [TAX]'
    root = shop(project, f"id: m, kind: source, of: total, in: shopmut.rates, {checked}").root
    code = (
        "from pathlib import Path; from apr_core.trial.session import *; from apr_core.trial.mutants import *\n"
        "s = Session(Path.cwd(), Settings(cases=20)); c = s.catalog.load('shop')\n"
        "print([x.outcome for x in try_mutants(s, [(c, m) for m in c.model.mutants])])"
    )
    for flags, outcome in ([["-O"], "SURVIVED"], [[], "KILLED"], [["-O"], "SURVIVED"]):
        done = subprocess.run(
            [sys.executable, *flags, "-c", code], cwd=root, capture_output=True, text=True, check=True
        )  # fmt: skip
        assert done.stdout == f"['{outcome}']\n"


def test_a_claim_that_breaks_on_the_real_thing_kills_nothing(project: Write) -> None:
    files = SHOP | {
        "src/shopmut/rates.py": "def gross(price):\n    import no_such_scales\n",
        "contracts/shop.apr.yaml": SHOP["contracts/shop.apr.yaml"]
        + "  - {id: m, kind: result, of: total, becomes: '1', killed_by: [TAX]}\n",
    }
    session = Session(project(files), Settings(cases=30))
    real = session.judge("shop::TAX").outcome
    (control,) = tried(session).values()
    assert (real, control.outcome) == ("ERROR", "ERROR")


def test_the_version_of_any_package_counts_for_a_kill() -> None:
    from apr_core.trial.kills import versions

    found = versions()
    assert {"pydantic", "numpy", "python"} <= found.keys()


def test_where_no_process_can_fork_a_source_mutant_is_untested(project: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    session = shop(project, HALVED)
    monkeypatch.delattr(os, "fork")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    (control,) = tried(session).values()
    assert control.outcome == "UNTESTED" and "fork" in control.cells[0].reason
    assert cores() >= 1


EVIDENCE = """\
title: e
version: 1.0.0
evidence:
  new: {model: New, benchmark: toy}
  old: {model: Old, benchmark: toy}
obligations:
  - {id: LINE, type: threshold, claim: c, metric: pass@1, of: new, at_least: 0.5, decide: score}
  - {id: BETTER, type: difference, claim: c, metric: pass@1, candidate: new, reference: old, margin: 0.1, decide: score}
mutants:
"""


def evidence_project(project: Write, *mutants: str) -> Session:
    from apr_core.evidence.record import Record, record_text

    root = project({"contracts/e.apr.yaml": EVIDENCE + "".join(f"  - {{{mutant}}}\n" for mutant in mutants)})
    folder = root / "falsify" / "evidence"
    folder.mkdir(parents=True)
    for model, passing in (("New", 14), ("Old", 10)):
        problems = [{"id": f"t/{n}", "samples": 1, "passes": int(n < passing)} for n in range(20)]
        record = Record.model_validate_json(
            json.dumps(
                {
                    "schema": "apr.evidence/1", "subject": {"model": model}, "protocol": {"benchmark": "toy"},
                    "source": {"kind": "measured"}, "outcome": {"kind": "problems", "problems": problems},
                }
            )
        )  # fmt: skip
        (folder / f"{record.id}.json").write_text(record_text(record))
    return Session(root, Settings())


@pytest.mark.parametrize(
    ("mutant", "outcome"),
    [
        ("of: new, fail: 4, killed_by: [LINE]", "SURVIVED"),
        ("of: new, fail: 5, killed_by: [LINE, BETTER]", "KILLED"),
        ("of: old, pass: 2, killed_by: [BETTER]", "SURVIVED"),
        ("of: old, pass: 3, killed_by: [BETTER]", "KILLED"),
        ("of: new, empty: true, killed_by: [LINE]", "KILLED"),
        ("of: new, fail: 15, killed_by: [LINE]", "ERROR"),  # only 14 pass
        ("of: new, shift: 0.1, killed_by: [LINE]", "ERROR"),  # problems have no values
    ],
)
def test_an_evidence_mutant_is_killed_exactly_where_the_line_is_crossed(
    project: Write, mutant: str, outcome: str
) -> None:
    session = evidence_project(project, f"id: m, kind: evidence, {mutant}")
    loaded = session.catalog.load("e")
    (control,) = try_mutants(session, [(loaded, one) for one in loaded.model.mutants])
    assert control.outcome == outcome, control
    assert session.judge("e::LINE").estimate == 0.7  # the ledger is as it was


def test_a_claim_that_falls_without_the_fault_shows_nothing_about_it(project: Write) -> None:
    session = evidence_project(project, "id: m, kind: evidence, of: new, fail: 1, killed_by: [LINE]")
    path = session.root / "contracts/e.apr.yaml"
    path.write_text(path.read_text().replace("at_least: 0.5", "at_least: 0.9"))
    loaded = session.catalog.load("e")
    (control,) = try_mutants(session, [(loaded, one) for one in loaded.model.mutants])
    assert control.outcome == "ERROR"
    assert "without the fault as well" in control.cells[0].reason
