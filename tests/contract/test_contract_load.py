"""Files become contracts with an id, or problems that an author can act on."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from apr_core.contract import inputs, obligations
from apr_core.contract.load import contract_id, find_files, load_file, load_scale
from apr_core.contract.messages import PATTERNS, schema_problems
from apr_core.contract.schema import Contract, Scale
from apr_core.contract.yaml import parse
from apr_core.errors import ContractError, SelectionError

VALID = """\
title: t
version: 1.0.0
obligations:
  - {id: A, type: holds, claim: c, check: '1 > 0'}
  - {id: B, type: holds, claim: c, check: '2 > 0'}
"""


def write(folder: Path, text: str | bytes, name: str = "x.apr.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(path: Path, root: Path) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load_file(path, root)
    return [str(problem) for problem in caught.value.problems]


def test_a_loaded_contract_knows_where_it_came_from(tmp_path: Path) -> None:
    path = write(tmp_path, VALID, "contracts/merge/slerp.apr.yaml")
    loaded = load_file(path, tmp_path)
    assert loaded.id == "merge/slerp"
    assert loaded.relative == "contracts/merge/slerp.apr.yaml"
    assert loaded.digest == hashlib.sha256(VALID.encode()).hexdigest()
    assert (loaded.line_of("A"), loaded.line_of("B")) == (4, 5)
    assert loaded.calls_of("A") == set()
    assert loaded.model.title == "t"
    with pytest.raises(SelectionError, match="has no obligation or mutant 'C'"):
        loaded.line_of("C")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("contracts/a/b.apr.yaml", "a/b"),
        ("packages/x/contracts/a.apr.yaml", "a"),
        ("contracts/x/contracts/y/a.apr.yaml", "y/a"),
        ("claims/a.apr.yaml", "claims/a"),
        ("a.apr.yaml", "a"),
        ("contracts/a.b.apr.yaml", "a.b"),
        ("../elsewhere/contracts/k/a.apr.yaml", "k/a"),
        ("../elsewhere/a.apr.yaml", "a"),
    ],
)
def test_the_id_is_the_path_below_the_nearest_contracts_folder(path: str, expected: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert contract_id(Path(os.path.normpath(root / path)), root) == expected


def test_a_contracts_folder_above_the_root_does_not_count(tmp_path: Path) -> None:
    root = tmp_path / "contracts" / "project"
    assert contract_id(root / "claims" / "a.apr.yaml", root) == "claims/a"


def test_files_are_found_in_order_hidden_folders_and_links_are_not_entered(tmp_path: Path) -> None:
    for name in (
        "b/z.apr.yaml",
        "b/a.apr.yaml",
        "a.apr.yaml",
        ".hidden/x.apr.yaml",
        "scales/lab.yaml",
        "b/odd.apr.yml",
    ):
        write(tmp_path, "", name)
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in find_files(tmp_path)]
    assert found == ["a.apr.yaml", "b/a.apr.yaml", "b/odd.apr.yml", "b/z.apr.yaml"]
    assert "rename the file" in problems(tmp_path / "b/odd.apr.yml", tmp_path)[0]
    with pytest.raises(ContractError, match="no folder"):
        find_files(tmp_path / "missing")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, VALID, "slerp.apr.yaml")
    (tmp_path / "folder.apr.yaml").mkdir()
    (tmp_path / "loop.apr.yaml").symlink_to(tmp_path / "loop.apr.yaml")
    os.mkfifo(tmp_path / "pipe.apr.yaml")
    cases = {
        "slrep.apr.yaml": "there is no such file. Did you mean 'slerp.apr.yaml'?",
        "nowhere/x.apr.yaml": "there is no such file",
        "folder.apr.yaml": "this is a folder",
        "loop.apr.yaml": "cannot be read",
        "pipe.apr.yaml": "not a regular file",
        "a\0b.apr.yaml": "cannot be read",
        "slerp.yaml": "ends in '.apr.yaml'",
    }
    for name, says in cases.items():
        (problem,) = problems(tmp_path / name, tmp_path)
        assert problem.startswith(f"{name}:1:1: ")
        assert says in problem


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, VALID)

    def refused(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    assert problems(path, tmp_path) == ["x.apr.yaml:1:1: the file cannot be read: Permission denied."]


def test_a_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    path = write(tmp_path, b"#" * (2**20 + 1))
    assert problems(path, tmp_path) == [
        "x.apr.yaml:1:1: the file has 1,048,577 bytes: at most 1,048,576 are read, so split it."
    ]


def test_a_file_that_is_not_utf_8_names_the_byte(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path, b"title: t\nclaim: caf\xe9\n"), tmp_path)
    assert problem == "x.apr.yaml:2:11: the file is not UTF-8: byte 19 (counted from 0) is 0xe9. Save it as UTF-8."


SCHEMA = """\
title: 3
version: 1.0
autor: me
subjects: {f: {command: []}, g: 3, h: {import: x, planed: y}, _k: a:b}
inputs:
  text: {text: [1, [2]], alphabt: x}
  b: {integr: [1, 2]}
  c: {tensor: [n], dtype: 3, draw: {x: 1}}
  d: {near: a, relative: {x: 1}}
  e: {list: {list: {integer: 3}, size: [1, 2]}, size: [1]}
  f: 3
  g: {rows: {integer: {integer: [1]}}, size: [1, 2]}
  h: {boolean: yes}
evidence: {model: {rol: x}, b: {model: x, role: y}}
obligations:
  - {id: A, claim: c, type: bonud}
  - {id: A b, claim: "", type: bound, value: 3, within: [1], limits: {seconds: -1, byts: 3}}
  - {id: A, claim: x, type: equivalence, left: a, right: [b], tolerance: {absolute: -1, cosine: 3, exact: false}}
  - {id: A, claim: x, type: threshold, metric: x, of: e, at_least: 1, decide: scor}
  - {id: A, claim: x, type: threshold, metric: x, of: e, at_least: 1, decide: {alpha: 2, x: 1}}
  - {id: A, claim: x, type: holds, check: f(a, b), where: [1, '']}
  - 3
  - {id: A, type: monotone}
  - {claim: x, template: roundtrp}
  - {claim: x}
  - {id: A, claim: x, type: holds, check: null, expect: held-as-false}
mutants: {}
"""
EXPECTED = [
    "1:8: `title`: expected text, found the number 3. Put it in quotes.",
    "2:10: `version`: expected text, found the number 1.0. Put it in quotes.",
    "3:1: unknown key 'autor'. Allowed here: title, version, criteria",
    "4:25: `command`: needs at least 1 element, found 0.",
    "4:33: `g`: expected text or a mapping, found the number 3.",
    "4:39: `planned` is missing: What is missing, as the report says it.",
    "4:48: `import`: expected an import string: `package.module:function`, found the text 'x'.",
    "4:51: unknown key 'planed'. Did you mean 'planned'? Allowed here: import, planned.",
    "4:63: `_k`: expected a name: a letter, then letters, digits or _, found the text '_k'.",
    "6:20: `text[1]`: expected a number or an expression, found a list of 1.",
    "6:26: unknown key 'alphabt'. Did you mean 'alphabet'? Allowed here: text, alphabet.",
    "7:6: an input of no known kind, found a mapping with the keys integr. Did you mean 'integer'?",
    "8:27: `dtype`: expected text, found the number 3. Put it in quotes.",
    "8:36: `draw`: expected 'normal', 'uniform'",
    "9:26: `relative`: expected a number, an expression or a list, found a mapping with the keys x.",
    "10:30: `integer`: expected a list, found the number 3.",
    "10:55: `size`: needs at least 2 elements, found 1.",
    "11:6: an input is a mapping such as {integer: [1, 8]}, found the number 3.",
    "12:33: `integer`: needs at least 2 elements, found 1.",
    "13:16: `boolean`: expected 'any', found the text 'yes'.",
    "14:20: unknown key 'rol'. Did you mean 'role'? Allowed here: role, model, benchmark",
    "14:32: `b`: evidence is selected by role or by model, not by both.",
    "16:29: no obligation has the type 'bonud'. Did you mean 'bound'? Every type: holds, bound",
    "17:10: `id`: expected an id: a letter",
    "17:22: `claim`: needs at least 1 character, found 0.",
    "17:46: `value`: expected text, found the number 3. Put it in quotes.",
    "17:57: `within`: needs at least 2 elements, found 1.",
    "17:80: `seconds`: must be above 0, found the number -1.",
    "17:84: unknown key 'byts'. Did you mean 'bytes'? Allowed here: seconds, bytes.",
    "18:58: `right`: expected a number or an expression, found a list of 1.",
    "18:85: `absolute`: must be at least 0, found the number -1.",
    "18:97: `cosine`: must be at most 2, found the number 3.",
    "18:107: `exact`: expected true, found false.",
    "19:79: `decide`: expected 'score' or a mapping, found the text 'scor'. Did you mean 'score'?",
    "20:87: `alpha`: must be below 0.5, found the number 2.",
    "20:90: unknown key 'x'. Allowed here: alpha, power.",
    "21:48: unknown key 'b)'. If it belongs to the value before it, put that value in quotes.",
    "21:60: `where[0]`: expected text, found the number 1. Put it in quotes.",
    "21:63: `where[1]`: needs at least 1 character, found 0.",
    "22:5: an obligation is a mapping with `id`, `type` and `claim`, found the number 3.",
    "23:5: `claim` is missing: The statement in a sentence, as a reader of the report sees it.",
    "23:5: `value` is missing: The number that is compared.",
    "23:5: `in` is missing: The input that grows: an integer or a real.",
    "23:5: `direction` is missing: Where the value must go.",
    "24:26: no obligation has the template 'roundtrp'. Did you mean 'roundtrip'?",
    "25:5: an obligation needs a `type` (holds, bound",
    "26:43: `check`: expected text, found nothing (null).",
    "26:57: `expect`: expected 'held' or 'falsified', found the text 'held-as-false'.",
    "27:10: `mutants`: expected a list, found an empty mapping.",
]


def test_every_way_to_miss_the_schema_is_told_at_once_in_plain_words(tmp_path: Path) -> None:
    found = [problem.removeprefix("x.apr.yaml:") for problem in problems(write(tmp_path, SCHEMA), tmp_path)]
    for problem, expected in zip(found, EXPECTED, strict=True):
        assert problem.startswith(expected), (problem, expected)


JARGON = (
    "pydantic",
    "Input should",
    "valid dictionary",
    "union",
    "constrained",
    "literal[",
    "http",
    "validation",
    "NoneType",
)


def test_no_message_speaks_of_the_library_behind_it(tmp_path: Path) -> None:
    text = "\n".join(problems(write(tmp_path, SCHEMA), tmp_path))
    assert not [word for word in JARGON if word.lower() in text.lower()]


def test_one_wrong_value_for_every_field_of_every_model_is_explained() -> None:
    """A new field, or a new kind of constraint, must not fall back to the words of the library."""
    found: list[str] = []
    for model in [*_models(inputs), *_models(obligations), Contract, Scale]:
        for name, field in model.model_fields.items():
            for wrong in (None, {"x": 1}, [{"x": 1}], -1, "", "é", 1.5, True):
                document = parse("k: v", "x")
                try:
                    model.model_validate({field.alias or name: wrong})
                except ValidationError as error:
                    found += [problem.message for problem in schema_problems(error, document, model)]
    assert len(found) > 1_000
    for message in found:
        assert not [word for word in JARGON if word.lower() in message.lower()], message
        assert "another form of text" not in message, message


def _models(module: object) -> list[type[BaseModel]]:
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, inputs.Model) and kind is not inputs.Model
    ]


def test_every_pattern_of_the_schema_has_its_meaning_in_words() -> None:
    patterns = set()
    waiting: list[object] = [Contract.model_json_schema(), Scale.model_json_schema()]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            patterns |= {part["pattern"]} if isinstance(part.get("pattern"), str) else set()
            patterns |= set(part.get("patternProperties", {}))
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    assert patterns == PATTERNS.keys()


def test_problems_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        VALID.replace("'1 > 0'", "one > 0")
        .replace("'2 > 0'", "two > 0")
        .replace("title", "inputs: {u: {real: [0, 1]}}\ntitle")
    )
    lines = [int(problem.split(":")[1]) for problem in problems(write(tmp_path, text), tmp_path)]
    assert lines == [1, 5, 6]


def test_a_scale_is_read_in_the_same_way(tmp_path: Path) -> None:
    path = write(tmp_path, "title: lab\nroles: {base: tiny}\nlines: {h2_line: 0.86}\n", "lab.yaml")
    assert load_scale(path).lines == {"h2_line": 0.86}
    write(tmp_path, "title: lab\nroles: {base: 3}\nline: {}\n", "lab.yaml")
    with pytest.raises(ContractError) as caught:
        load_scale(path)
    assert [(p.line, p.message) for p in caught.value.problems] == [
        (2, "`base`: expected text, found the number 3. Put it in quotes."),
        (3, "unknown key 'line'. Did you mean 'lines'? Allowed here: title, roles, benchmarks, precisions, lines."),
    ]


def test_the_contracts_of_this_repository_load(repository: Path) -> None:
    files = find_files(repository / "contracts")
    assert files
    ids = [load_file(path, repository).id for path in files]
    assert len(ids) == len(set(ids))
