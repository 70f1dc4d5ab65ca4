"""The documentation builds without a warning, leads nowhere wrong, and needs no network to be read.

The one thing a reader would get wrong: the site is built here in a process of its own and from the tree as it is, so a page
that somebody adds is part of it at once. Links to other sites are not fetched.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docs_blocks import DOCS, TOP
from docs_shared import once

from apr_core.cli import COMMANDS
from apr_core.contract.vocabulary import VOCABULARY

LOADED = {
    ("script", "src"), ("link", "href"), ("img", "src"), ("img", "srcset"), ("source", "src"), ("source", "srcset"),
    ("iframe", "src"), ("object", "data"), ("embed", "src"), ("video", "src"), ("audio", "src"), ("form", "action"),
}  # fmt: skip
"""Tag and attribute through which a browser fetches something by itself, or sends something away."""


class Page(HTMLParser):
    """What a page of the site refers to, and what can be referred to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if (tag, name) in LOADED and value:
                self.loads.append(value)
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    return once(tmp_path_factory, "site", build) / "html"


def build(folder: Path) -> None:
    """Runs the README's command, with every warning an error and folders of its own."""
    found = re.search(
        r"`\.venv/bin/python -m sphinx (docs) build/docs`", (TOP / "README.md").read_text(encoding="utf-8")
    )
    assert found, "README.md does not say how the documentation is built"
    options = ["-W", "--keep-going", "-n", "-q", "-b", "html", "-d", str(folder / "doctrees")]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, found[1], str(folder / "html")],
        cwd=TOP, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    return {str(path.relative_to(site)): Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_page_is_built_and_in_the_navigation(pages: dict[str, Page]) -> None:
    written = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md")}
    assert written <= set(pages)
    listed = {urlsplit(link).path for link in pages["index.html"].links}
    assert written - {"index.html"} <= listed


def internal(page: Page) -> Iterator[tuple[str, Path, str]]:
    """Link, file and anchor of everything that a page refers to on this site."""
    for link in [*page.links, *page.loads]:
        parts = urlsplit(link)
        if not parts.scheme and not parts.netloc:
            yield link, (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path, parts.fragment


def test_every_link_inside_the_site_leads_to_a_page_and_a_place_in_it(site: Path, pages: dict[str, Page]) -> None:
    known = {page.path.resolve(): page for page in pages.values()}
    broken, checked = [], 0
    for page in pages.values():
        for link, file, anchor in internal(page):
            checked += 1
            there = file.is_file() and (not anchor or file not in known or unquote(anchor) in known[file].anchors)
            if not there or site.resolve() not in file.resolve().parents:
                broken.append(f"{page.path.relative_to(site)}: {link}")
    assert not broken
    assert checked > 500


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    remote = re.compile(r"^(?:[a-z]+:)?//", re.IGNORECASE)
    found = [f"{name}: {load}" for name, page in pages.items() for load in page.loads if remote.match(load)]
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        urls = re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", text)
        found += [f"{path.name}: {url}" for pair in urls for url in pair if remote.match(url)]
    for path in site.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        urls = re.findall(r"(?:fetch|importScripts|import)\s*\(\s*['\"`]((?:https?:)?//[^'\"`]+)", text)
        found += [f"{path.name}: {url}" for url in urls]
    assert not found


def test_the_search_finds_what_the_pages_say(site: Path, pages: dict[str, Page]) -> None:
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").rstrip().removesuffix(")"))
    assert {"counterexampl", "underpow"} <= set(index["terms"])
    assert {name for *_, name in index["objects"]["apr_core.statistics"]} >= {"tango_test", "holm"}
    assert any("searchtools.js" in load for load in pages["search.html"].loads)


def test_the_pages_have_a_dark_mode_and_fit_a_phone(site: Path, pages: dict[str, Page]) -> None:
    for page in pages.values():
        views = [attrs.get("content") for tag, attrs in page.tags if tag == "meta" and attrs.get("name") == "viewport"]
        assert "width=device-width" in str(views), page.path
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert "prefers-color-scheme:dark" in styles.replace(" ", "")
    assert any("theme-toggle" in str(attrs.get("class")) for _, attrs in pages["index.html"].tags)


def test_the_reference_has_every_command_and_every_word_of_the_language(site: Path) -> None:
    commands = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for family, row in COMMANDS.items():
        for action in row.actions or ("",):
            anchor = f"apr {family} {action}".strip().replace(" ", "-")
            assert f'id="{anchor}"' in commands, anchor
    words = re.sub(r"<[^>]+>", "", (site / "reference" / "vocabulary.html").read_text(encoding="utf-8"))
    for name in VOCABULARY:
        assert re.search(rf"^{name}\(", words, re.MULTILINE), name


def test_what_builds_the_site_is_constrained_to_tested_versions() -> None:
    pinned = re.findall(r"^([\w.-]+)==", (TOP / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    groups = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert {re.split(r"[><=]", line)[0] for line in groups["docs"]} <= set(pinned)
    assert {"include-group": "docs"} in groups["tests"]
