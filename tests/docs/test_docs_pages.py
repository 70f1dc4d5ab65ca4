"""Every code block of every page runs, page by page, in an empty project; what a block may be is in `docs_blocks.py`.

The one thing a reader would get wrong: the cookbook and the page about verdicts run in modules of their own, because their
`text` blocks are outputs of one run of the whole page. Here it is only held that they have no block that those do not read.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import docs_commands
import pytest
from docs_blocks import DOCS, Project, blocks_of, demand, page_blocks, with_part

from apr_core.contract.inputs import KIND_KEYS
from apr_core.contract.obligations import TEMPLATES, TYPES

sys.path.insert(0, str(DOCS / "_ext"))
import apr_pages
import apr_schema

PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))

ELSEWHERE = {
    "cookbook.md": {"python", "yaml", "toml", "sh", "text", "diff"},
    "verdicts.md": {"yaml", "text"},
}
"""Page that a module of its own runs → the kinds of block that this module reads."""

NOT_RUN = {
    ("tutorial.md", "it makes a virtual environment and downloads the dependencies"),
    ("evaluation.md", "it needs a model"),
}
"""Every block that nothing runs, and why. A README's commands that set up are run by CI."""


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_runs(page: str) -> None:
    for block in page_blocks(page):
        if page in ELSEWHERE:
            assert block.language in ELSEWHERE[page], (
                f"{block}: nothing runs a block of {block.language!r} on this page"
            )
            assert block.path is not None or block.language in ("sh", "text", "diff"), f"{block}: which file is this?"
        else:
            assert block.kind


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ELSEWHERE and page_blocks(page)])
def test_every_block_of_the_page_runs_and_shows_what_comes(page: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    for block in page_blocks(page):
        project.run(block)


def test_the_blocks_that_do_not_run_are_these() -> None:
    found = {
        (page, block.notes["not run"]) for page in PAGES for block in page_blocks(page) if "not run" in block.notes
    }
    assert found == NOT_RUN
    assert len(NOT_RUN) <= 3


def test_every_file_of_a_page_is_used_by_it() -> None:
    for page in set(PAGES) - set(ELSEWHERE):
        blocks = page_blocks(page)
        for block in blocks:
            if block.path is not None and block.path.endswith((".py", ".sh")):
                word = Path(block.path).stem
                others = [other.text for other in blocks if other is not block]
                runs = any(re.search(rf"\b{word}\b|\bpytest(?: -q)?\n", text) for text in others)
                assert runs, f"{block}: nothing on the page runs or imports {block.path}"


def test_every_type_template_and_kind_of_input_has_an_example_that_runs() -> None:
    missing = [name for name in TYPES if not apr_schema.obligation_example("type", name)]
    missing += [name for name in TEMPLATES if not apr_schema.obligation_example("template", name)]
    missing += [key for key in KIND_KEYS if not apr_schema.input_example(key)]
    assert not missing, f"add to docs/reference/examples.md: {', '.join(missing)}"


def test_what_is_written_from_the_code_shows_only_blocks_that_run_elsewhere() -> None:
    ran = {block.text for block in page_blocks("reference/examples.md")}
    diagrams = ("architecture", "contributing")
    for name, generate in apr_pages.GENERATORS.items():
        for block in blocks_of(generate(), f"_ext ({name})"):
            directive = re.match(r"\{(toctree|py:\w+)\}", block.language)
            quoted = block.language == "yaml" and any(block.text in text for text in ran)
            drawn = name in diagrams and not block.language
            assert directive or quoted or drawn, f"{block}: {block.text}"


def test_a_union_that_the_reference_has_no_words_for_is_refused() -> None:
    with pytest.raises(TypeError, match="WORDS or PLACES"):
        apr_schema.words(object)
    assert apr_schema.words(int | str | None) == "whole number or text"


# The runner itself: a page that is wrong must be found.


def run_text(text: str, folder: Path) -> None:
    project = Project(folder)
    for block in blocks_of(text, "x.md"):
        project.run(block)


CONTRACT = """\
title: T
version: 1.0.0
inputs:
  n: {integer: [1, 3]}
obligations:
  - id: A
    type: holds
    claim: C.
    check: n > 0
"""


def fence(language: str, text: str, note: str = "") -> str:
    return f"{note}\n```{language}\n{text}```\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (fence("console", "$ echo one\ntwo\n"), "x.md:2 shows\ntwo"),
        (fence("console", "$ echo one\n"), "but this came:\none"),
        (fence("console", "$ printf 'a\\nb\\n'\nb\n"), "but this came"),
        (fence("console", "$ false\n"), "ended with 1, not 0"),
        (fence("console", "$ true\n", "<!-- exits: 1 -->"), "ended with 0, not 1"),
        (fence("console", "$ false\n$ true\n", "<!-- exits: 0 -->"), "ended with 1"),
        (fence("console", "echo one\n"), "begins with"),
        (fence("sh", "exit 3\n"), "ended with 3"),
        (fence("python", ">>> 1 + 1\n3\n"), "Expected"),
        (fence("python", "print(1)\n"), "nothing can run"),
        (fence("python", "# a.py\ndef (:\n"), "invalid syntax"),
        (fence("yaml", "a: 1\n"), "nothing can run"),
        (fence("yaml", "# a.apr.yaml\n" + CONTRACT.replace("n > 0", "m > 0")), "'m' is not declared"),
        (fence("rust", "fn main() {}\n"), "nothing can run"),
        (fence("", "?\n"), "no language"),
        (fence("sh", "true\n", "<!-- exit: 1 -->"), "is no note"),
        (fence("json", '{"b": 1}\n', "<!-- shows: a.json -->"), "but this came"),
        (fence("diff", "# a.py\n-b = 1\n+b = 2\n"), "occur 0 times"),
        (fence("diff", "# a.py\n-a = 1\n+a = 2\n-c = 1\n"), "occur 0 times"),
    ],
)
def test_a_page_that_is_wrong_is_found(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}\n', encoding="utf-8")
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    with pytest.raises(Exception, match=re.escape(says)):
        run_text(text, tmp_path)


@pytest.mark.parametrize(
    "command", ["apr contract lint", "apr gate nothing", "python say.py a b", "pytest -q --co t.apr.yaml"]
)
def test_a_command_that_is_forked_does_what_its_console_script_does(command: str, tmp_path: Path) -> None:
    (tmp_path / "t.apr.yaml").write_text(CONTRACT, encoding="utf-8")
    say = "import sys\nprint(sys.argv, __name__, [sys.path[0]], flush=True)\nsys.exit('no')\n"
    (tmp_path / "say.py").write_text(say, encoding="utf-8")
    environment, words = Project(tmp_path).environment, docs_commands.simple(command)
    assert words is not None
    forked = docs_commands.run(words, tmp_path, environment, tmp_path / "out.txt")
    alone = subprocess.run(
        command,
        shell=True,
        cwd=tmp_path,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    found = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert [untimed(found), forked] == [untimed(alone.stdout), alone.returncode]


def untimed(output: str) -> str:
    return re.sub(r"[\d.]+s\b", "… s", output)


@pytest.mark.parametrize("command", ["apr power | tail -1", "pytest && true", "python -c 1", "cat x", "A=1 apr gate x"])
def test_what_needs_a_shell_gets_one(command: str) -> None:
    assert docs_commands.simple(command) is None


def test_dots_cover_lines_and_parts_of_a_line(tmp_path: Path) -> None:
    text = fence("console", "$ printf 'one\\ntwo\\nthree 3 s\\n'\n…\ntwo\nthree … s\n$ printf 'a\\n'\n…\na\n…\n")
    run_text(text, tmp_path)


def test_a_change_is_applied_and_a_file_is_there_for_the_next_block(tmp_path: Path) -> None:
    text = fence("python", "# a.py\nprint(1)\nprint(3)\nprint(5)\n")
    text += fence("diff", "# a.py\n-print(1)\n+print(2)\n print(3)\n+print(4)\n") + fence(
        "console", "$ python a.py\n2\n3\n4\n5\n"
    )
    text += fence("diff", "# a.py\n-print(2)\n+print(6)\n-print(5)\n+print(7)\n")
    run_text(text + fence("console", "$ python a.py\n6\n3\n4\n7\n"), tmp_path)


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("  - id: B\n    check: n > 1\n", CONTRACT + "  - id: B\n    check: n > 1\n"),
        ("  - id: A\n    check: n > 1\n", CONTRACT.partition("  - id")[0] + "  - id: A\n    check: n > 1\n"),
        ("  - {id: m, kind: result}\n", CONTRACT.rstrip() + "\nmutants:\n  - {id: m, kind: result}\n"),
        ("inputs:\n  n: {integer: [2, 3]}\n", CONTRACT.replace("[1, 3]", "[2, 3]")),
        ("constants:\n  c: 1\n", CONTRACT + "constants:\n  c: 1\n"),
    ],
)
def test_a_part_of_a_contract_goes_where_a_reader_would_put_it(part: str, found: Any) -> None:
    assert with_part(CONTRACT, part) == found


def test_an_output_is_compared_as_a_whole() -> None:
    [block] = blocks_of(fence("console", "$ true\n"), "x.md")
    demand(block, "a …\n", "a b\n")
    with pytest.raises(AssertionError):
        demand(block, "a …\n", "a b\nc\n")
