"""Prompt strategies from a file of one's own, in YAML or JSON.

The one thing a reader would get wrong: the file is closed. A key that nothing reads is an error with its line and the nearest key
that exists, and so is a value that YAML would read as something other than text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apr_core.errors import Problem, UsageError, did_you_mean
from apr_core.evaluation.prompts.exemplars import Exemplar
from apr_core.evaluation.prompts.strategy import TEMPLATES, Strategy, template_problem
from apr_core.evaluation.prompts.table import STRATEGIES
from apr_core.files import read_text

_ROW = ("name", "does", *TEMPLATES, "system", "exemplars")
_EXEMPLAR = ("entry_point", "sentence", "begun", "rest", "assertions")
_LARGEST = 1 << 20
_TEXT = "tag:yaml.org,2002:str"


def load_strategies(path: Path) -> dict[str, Strategy]:
    """The strategies of a file, by name, in its order.

    The file is a map with the one key `strategies`, a list of rows with the fields of `Strategy`; an exemplar has those of
    `Exemplar`.

    Raises:
        AprError: the file cannot be read.
        UsageError: it is not YAML, or not such rows; every problem is a line `file:line:column: what is wrong`.
    """
    import yaml

    text = read_text(path, _LARGEST)
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UsageError(f"{place}: this is not YAML: {getattr(error, 'problem', None) or error}.") from None
    except RecursionError:
        raise UsageError(f"{path}: lists and maps are nested too deeply to be a file of prompt strategies.") from None
    reader = _Reader(path)
    found = reader.file(root)
    if reader.problems:
        raise UsageError("\n".join(map(str, reader.problems)))
    return found


class _Reader:
    """Reads the nodes of one file and keeps every problem it meets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def report(self, node: Any, message: str) -> None:
        mark = node.start_mark if node is not None else None
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.problems.append(Problem(str(self.path), line, column, message))

    def file(self, root: Any) -> dict[str, Strategy]:
        fields = self.map(root, ("strategies",), "a file of prompt strategies")
        rows = self.items(fields["strategies"], "strategies") if "strategies" in fields else []
        if root is not None and not self.problems and not rows:
            self.report(root, "there is no strategy in it; `strategies` is a list of at least one row.")
        found: dict[str, Strategy] = {}
        for row in rows:
            strategy = self.row(row)
            if strategy is None:
                continue
            if strategy.name in found or strategy.name in STRATEGIES:
                where = "above" if strategy.name in found else "in the table that comes with apr-core"
                self.report(
                    row, f"the strategy {strategy.name!r} is there already, {where}; give this one another name."
                )
            found[strategy.name] = strategy
        return found

    def row(self, node: Any) -> Strategy | None:
        before = len(self.problems)
        fields = self.map(node, _ROW, "a strategy")
        texts = {key: self.text(value, key) for key, value in fields.items() if key != "exemplars"}
        for key in ("name", "does"):
            if isinstance(node.value, list) and key not in fields and len(self.problems) == before:
                self.report(node, f"the strategy has no {key!r}; it needs one.")
        for key in TEMPLATES:
            if texts.get(key) and (wrong := template_problem(texts[key])):
                self.report(fields[key], f"{key}: {wrong}.")
        exemplars = (
            [self.exemplar(one) for one in self.items(fields["exemplars"], "exemplars")]
            if "exemplars" in fields
            else []
        )
        if texts.get("name") in ("", "auto", "unknown"):
            self.report(fields["name"], f"a strategy cannot be named {texts['name']!r}, which means something else.")
        if len(self.problems) > before:
            return None
        try:
            return Strategy(**texts, exemplars=tuple(one for one in exemplars if one is not None))
        except UsageError as error:
            self.report(node, str(error))
            return None

    def exemplar(self, node: Any) -> Exemplar | None:
        before = len(self.problems)
        fields = self.map(node, _EXEMPLAR, "an exemplar")
        texts = {key: self.text(value, key) for key, value in fields.items() if key != "assertions"}
        statements = self.items(fields["assertions"], "assertions") if "assertions" in fields else []
        assertions = tuple(self.text(one, "assertions") for one in statements)
        missing = [key for key in _EXEMPLAR if key not in fields and key != "assertions"]
        if missing and len(self.problems) == before:
            self.report(node, f"the exemplar has no {', '.join(map(repr, missing))}; it needs {', '.join(_EXEMPLAR)}.")
        return Exemplar(**texts, assertions=assertions) if len(self.problems) == before else None

    def map(self, node: Any, allowed: tuple[str, ...], what: str) -> dict[str, Any]:
        """The values of a map by key, unknown and doubled keys reported."""
        if getattr(node, "id", None) != "mapping":
            self.report(node, f"{what} is a map with the keys {', '.join(allowed)}.")
            return {}
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if key.tag == _TEXT else None
            if name not in allowed:
                shown = repr(name) if isinstance(name, str) else "that is not text"
                near = did_you_mean(name, allowed) if isinstance(name, str) else ""
                self.report(key, f"{what} has no key {shown}; allowed are {', '.join(allowed)}.{near}")
            elif name in found:
                self.report(key, f"the key {name!r} is given twice in one map; keep one.")
            else:
                found[name] = value
        return found

    def items(self, node: Any, key: str) -> list[Any]:
        if getattr(node, "id", None) != "sequence":
            self.report(node, f"{key} is a list.")
            return []
        return list(node.value)

    def text(self, node: Any, key: str) -> str:
        if getattr(node, "id", None) != "scalar" or node.tag != _TEXT:
            self.report(node, f"{key} is text; put quotes around a value that YAML reads as something else.")
            return ""
        return str(node.value)
