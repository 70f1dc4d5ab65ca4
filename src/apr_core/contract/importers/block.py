"""Plain data as YAML that people read: block style, wrapped lines, quotes only where they are needed.

The one thing a reader would get wrong: PyYAML writes for readers of YAML 1.1, and contracts are read by the 1.2 core
schema. Text that either of the two would take for a number, a date or a truth value is quoted, and numbers are written so that
both read them.
"""

from __future__ import annotations

from typing import Any

import yaml as pyyaml

from apr_core.contract.scalars import resolve
from apr_core.contract.yaml import REFUSED

WIDTH = 100
"""Columns: the word that crosses them is the last of its line."""

_TEXT = "tag:yaml.org,2002:str"


def block(data: Any) -> str:
    """`data` as a YAML document without markers; ends with a newline. Equal parts are written out, never aliased."""
    return pyyaml.dump(
        data, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, sort_keys=False, width=WIDTH, indent=2
    )


class _Dumper(pyyaml.SafeDumper):
    """Indents lists below their key, and escapes what `contract.yaml` refuses to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        self.allow_unicode = REFUSED.search(text) is None
        super().write_double_quoted(text, split)
        self.allow_unicode = True


def _text(dumper: _Dumper, text: str) -> pyyaml.ScalarNode:
    style = None
    if REFUSED.search(text):
        style = '"'
    elif _is_read_otherwise(text):
        style = "'"
    elif "\n" in text:
        style = "|"  # the emitter quotes where this form cannot hold the text
    return dumper.represent_scalar(_TEXT, text, style)


def _is_read_otherwise(text: str) -> bool:
    """Whether the text without quotes would not be read as text, by the YAML 1.2 core schema."""
    try:
        return type(resolve(text)) is not str
    except ValueError:
        return True


_Dumper.add_representer(str, _text)
