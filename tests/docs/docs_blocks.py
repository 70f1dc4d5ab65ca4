"""Runs the code blocks of a page of documentation, in order, in one empty project per page.

    # folder/name.ext         as the first line of a block: the block is that file of the project
    ```console                each line after `$ ` is a command, what follows is all that it prints; a line `…` stands for any
                              lines, `…` in a line for any text; `> ` goes on with a command whose line ends in `\\`
    ```sh                     commands whose output is not shown
    ```python                 a session with `>>>`, if it is not a file
    ```yaml                   a part of a contract, if it is not a file: list items go to the end of its obligations (of its
                              mutants, if they have a `kind`), an item whose id is there takes its place, and so does a key
    ```diff                   a change of the file on its first line

A comment on the line above a block says what its text cannot:

    <!-- in: FILE -->         the file that a part of a contract, or a change, belongs to
    <!-- file: FILE -->       the block is that file, where a first line would not do (JSON)
    <!-- shows: FILE -->      the block quotes that file, which a command wrote; `…` as above
    <!-- exits: N -->         its last command ends with this status and not with 0
    <!-- given: FILE -->      a file or folder of this repository that lies in the project
    <!-- at: repository -->   its commands run in this repository, and only read
    <!-- not run: reason -->  nobody can run it here; `test_docs_pages.py` lists every one of them

The one thing a reader would get wrong: output is compared whole. A line that the page does not show must be covered by `…`.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import docs_commands
import yaml
from markdown_it import MarkdownIt

from apr_core.contract.load import load_file

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"

NOTES = ("in", "file", "shows", "exits", "given", "at", "not run")
_NOTE = re.compile(r"<!-- (?P<key>[a-z ]+): (?P<value>.+?) -->", re.DOTALL)
_LABEL = re.compile(r"# (?P<path>[\w.][\w./-]*\.\w+)\n")


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    """Of its fence, from 1."""
    language: str
    text: str
    notes: dict[str, str]

    @property
    def path(self) -> str | None:
        """The file that it is, if it is one."""
        found = _LABEL.match(self.text) if self.language != "diff" else None
        return self.notes.get("file") or (found["path"] if found else None)

    @property
    def kind(self) -> str:
        """What running it means. Raises AssertionError when nobody can know."""
        unknown = set(self.notes) - set(NOTES)
        assert not unknown, f"{self}: {', '.join(unknown)} is no note; {', '.join(NOTES)} are"
        if "not run" in self.notes:
            return "not run"
        if self.path is not None:
            return "file"
        if "shows" in self.notes:
            return "quote"
        if self.language in ("console", "sh", "diff"):
            return self.language
        if self.language == "python" and self.text.startswith(">>> "):
            return "session"
        if self.language == "yaml" and "in" in self.notes:
            return "part"
        raise AssertionError(
            f"{self}: a block of {self.language or 'no language'} that nothing can run; see docs_blocks.py"
        )

    def __str__(self) -> str:
        return f"docs/{self.page}:{self.line}"


def blocks_of(text: str, page: str) -> list[Block]:
    """Every fenced block of a page with the comments that stand right above it."""
    found: list[Block] = []
    notes: dict[str, str] = {}
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "html_block":
            notes |= {note["key"]: " ".join(note["value"].split()) for note in _NOTE.finditer(token.content)}
        elif token.type == "fence":
            assert token.map is not None
            found.append(Block(page, token.map[0] + 1, token.info.strip(), token.content, notes))
            notes = {}
        else:
            notes = {}
    return found


def page_blocks(page: str) -> list[Block]:
    """Every fenced block of a file below `docs/`."""
    return blocks_of((DOCS / page).read_text(encoding="utf-8"), page)


class Project:
    """The project of one page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {}
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_", "PYTHON"))}
        self.environment = clean | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb",
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
            # A file that a page rewrites within the same second, at the same length, would be loaded from its old byte code.
            "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def run(self, block: Block) -> None:
        """Does what the block says. Raises AssertionError, with its place, when the page is wrong."""
        for name in block.notes.get("given", "").split():
            source, target = TOP / name, self.folder / Path(name).name
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        getattr(self, f"_{block.kind.replace(' ', '_')}")(block)

    def _not_run(self, block: Block) -> None:
        """Nothing."""

    def _file(self, block: Block) -> None:
        path = self.folder / str(block.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        self._check(path)

    def _check(self, path: Path) -> None:
        """A file that can be read wrongly is read at once."""
        if path.name.endswith(".apr.yaml"):
            load_file(path, self.folder)
        elif path.suffix in (".yaml", ".yml"):
            yaml.safe_load(path.read_text(encoding="utf-8"))
        elif path.suffix == ".py":
            compile(path.read_text(encoding="utf-8"), str(path), "exec")

    def _part(self, block: Block) -> None:
        path = self.folder / block.notes["in"]
        path.write_text(with_part(path.read_text(encoding="utf-8"), block.text), encoding="utf-8")
        self._check(path)

    def _diff(self, block: Block) -> None:
        label = _LABEL.match(block.text)
        name = block.notes.get("in") or (label["path"] if label else None)
        assert name, f"{block}: a change that names no file; `# folder/name.ext` belongs on its first line"
        path = self.folder / name
        lines = block.text[label.end() if label else 0 :].splitlines(keepends=True)
        text = path.read_text(encoding="utf-8")
        # A change is one piece of the file; only if it is not, its parts, each of which ends in the lines that it adds.
        for old, new in [sides(lines)] if text.count(sides(lines)[0]) == 1 else map(sides, hunks(lines)):
            assert old and text.count(old) == 1, f"{block}: these lines occur {text.count(old)} times:\n{old}in\n{text}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        self._check(path)

    def _quote(self, block: Block) -> None:
        demand(block, block.text, (self.folder / block.notes["shows"]).read_text(encoding="utf-8"))

    def _sh(self, block: Block) -> None:
        self._command(block, block.text, int(block.notes.get("exits", 0)))

    def _console(self, block: Block) -> None:
        parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        assert not parts[0] and len(parts) > 1, f"{block}: a console begins with `$ ` and a command"
        for index, part in enumerate(parts[1:], 1):
            found = re.match(r"(?P<command>(?:.*\\\n> )*.*\n)(?P<shown>(?:.*\n)*)", part)
            assert found is not None
            status = int(block.notes.get("exits", 0)) if index == len(parts) - 1 else 0
            output = self._command(block, found["command"].replace("\\\n> ", " "), status)
            demand(block, found["shown"], output)

    def _command(self, block: Block, command: str, status: int) -> str:
        folder = TOP if block.notes.get("at") == "repository" else self.folder
        words = docs_commands.simple(command.strip())
        if words is not None:
            output = self.folder.with_name(f"{self.folder.name}.out")
            found, text = docs_commands.run(words, folder, self.environment, output), output.read_text(encoding="utf-8")
        else:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=self.environment, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=docs_commands.SECONDS, check=False,
            )  # fmt: skip
            found, text = done.returncode, done.stdout
        assert found == status, f"{block}: {command}ended with {found}, not {status}:\n{text}"
        return text

    def _session(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(block.text, self.names, str(block), block.page, block.line)
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            runner.run(test, out=said.append, clear_globs=False)
        finally:
            os.chdir(before)
        assert not runner.failures, f"{block}:\n{''.join(said)}"
        self.names = test.globs


def sides(lines: list[str]) -> tuple[str, str]:
    """What a change finds and what it leaves."""
    old, new = ("".join(line[1:] for line in lines if line[0] != sign) for sign in "+-")
    return old, new


def hunks(lines: list[str]) -> list[list[str]]:
    """The parts of a change, each of which ends in the lines that it adds."""
    found: list[list[str]] = [[]]
    for line in lines:
        if found[-1] and found[-1][-1][0] == "+" != line[0]:
            found.append([])
        found[-1].append(line)
    return found


def demand(block: Block, shown: str, found: str) -> None:
    """Raises AssertionError unless the text that a page shows is the text that was found, but for what `…` covers."""
    pattern = ""
    for line in shown.splitlines():
        words = (re.escape(word) for word in line.rstrip().split("…"))
        pattern += r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(words) + r"[ ]*\n"
    if not re.fullmatch(pattern, found.rstrip("\n") + "\n" if found else ""):
        raise AssertionError(f"{block} shows\n{shown}\nbut this came:\n{found}")


def with_part(contract: str, part: str) -> str:
    """A contract's text with a part of it added or replaced; the module's docstring says where it goes."""
    key = re.match(r"(\w+):", part)
    if key is not None:
        old = re.search(rf"^{key[1]}:.*\n(?:[ #\n].*\n?)*", contract, re.MULTILINE)
        return contract.rstrip("\n") + "\n" + part if old is None else contract.replace(old[0], part)
    for item in re.findall(r"^  - .*\n(?:    .*\n)*", part, re.MULTILINE):
        name = re.search(r"\bid: ([\w.-]+)", item)
        assert name is not None, f"an item of a contract without an id:\n{item}"
        section = "mutants" if re.search(r"\bkind: (result|source|evidence)", item) else "obligations"
        contract = _with_item(contract, section, name[1], item)
    return contract


def _with_item(contract: str, section: str, name: str, item: str) -> str:
    same = re.search(rf"^  - (?:{{)?id: {re.escape(name)}\b.*\n(?:    .*\n)*", contract, re.MULTILINE)
    if same is not None:
        return contract.replace(same[0], item)
    held = re.search(rf"^{section}:.*\n(?:(?:  .*)?\n)*", contract, re.MULTILINE)
    if held is None:
        return f"{contract.rstrip()}\n{section}:\n{item}"
    return contract.replace(held[0], held[0].rstrip("\n") + "\n" + item)
