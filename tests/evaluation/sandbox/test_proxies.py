"""Tests use the program's functions, classes and objects as if they were there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apr_core.evaluation.problem import Assertions, CheckFunction, Problem
from apr_core.evaluation.sandbox import spec as specs
from apr_core.evaluation.sandbox.codec import ProtocolError
from apr_core.evaluation.sandbox.proxies import Abandoned, Opaque, describe, describe_call, handle, opaque, update

Converse = Callable[..., list[dict[str, Any]]]

PROGRAM = """
import collections, enum, re

class Node:
    made = 0
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right
        type(self).made += 1
    def __len__(self): return depth(self)
    def __getitem__(self, side): return {"l": self.left, "r": self.right}[side]
    def __str__(self): return f"node {self.value}"
    def __repr__(self): return f"Node({self.value!r})"
    def __enter__(self): self.value = "entered"; return self
    def __exit__(self, *error): self.value = "left"

class Stack(list):
    def push(self, x): self.append(x); return self

class Suit(str, enum.Enum):
    HEARTS = "h"

Point = collections.namedtuple("Point", "x y")

def depth(node): return 0 if node is None else 1 + max(depth(node.left), depth(node.right))
def total(pairs): return sum(p.x * p.y for p in pairs)
def sort(items): items.sort()
def nested(box): box["a"][0].append(3); box["new"] = {1}; return len(box)
def count(n):
    while True:
        yield n
        n += 1
def apply(function, *items): return [function(item) for item in items]
def same(x): return x
def fail(x): raise LookupError("nothing for %s" % x)
def find(text): return re.search("a+", text)
class Strange(Exception): pass
def strange(): raise Strange("so")
"""


def verdict(converse: Converse, *statements: str, setup: str = "", entry_point: str = "depth") -> dict[str, Any]:
    spec = specs.make(Problem("own/1", "", entry_point, PROGRAM, {"base": Assertions(statements, setup)}))
    assert spec["groups"][0]["integrity"] == "strong"
    return converse(PROGRAM, spec)[0]


@pytest.mark.parametrize(
    "statement",
    [
        "assert depth(Node(1, Node(2, Node(3)))) == 3",
        "n = Node(1)\nn.left = Node([2])\nassert n.left.value == [2] and depth(n) == 2",
        "n = Node(1)\nn.left = Node(2)\nassert n.left is n.left and n.left == n.left and not n.left != n.left",
        "n = Node(1, Node(2))\nassert len(n) == 2 and n['l'].value == 2 and n['r'] is None",
        "assert str(Node(1)) == 'node 1' and repr([Node('x')]) == \"[Node('x')]\" and f'{Node(1):>8}' == '  node 1'",
        "n = Node(1)\nwith n as m:\n    assert m.value == 'entered'\nassert n.value == 'left'",
        "n = Node(1)\ndel n.value\nassert not hasattr(n, 'value')",
        "assert isinstance(Node(1), Node) and not isinstance(Node(1), Stack) and not isinstance(3, Node)",
        "assert Node.made == 0\nNode(1)\nassert Node.made == 1",
        "assert total([Point(2, 3), Point(x=4, y=5)]) == 26 and Point(1, 2).y == 2 and Point(1, 2) == (1, 2)",
        "s = Stack([1])\nassert s.push(2) == [1, 2] and [1, 2] == s and s != [1] and s[0] == 1 and len(s) == 2 and 2 in s",
        "s = Stack([1, 2])\ns[0] = 5\ndel s[1]\nassert s == [5] and s < [6] and s >= [5] and list(s) == [5]",
        "assert Stack() == [] and not Stack()",
        "assert Suit.HEARTS == 'h'",
        "x = [3, 1, 2]\nassert sort(x) is None and x == [1, 2, 3]",
        "i = [1]\nb = {'a': [i, 2]}\nassert nested(b) == 2 and b == {'a': [[1, 3], 2], 'new': {1}} and i == [1, 3]",
        "g = count(3)\nassert [next(g), next(g)] == [3, 4]\nassert [n for n, _ in zip(count(0), 'abc')] == [0, 1, 2]",
        "assert apply(lambda n: n * k, 1, 2) == [3, 6]",
        "assert apply(str, 1, 2) == ['1', '2'] and apply(len, 'ab') == [2]",
        "assert apply(lambda node: node.value, Node(7)) == [7] and apply(same, 4) == [4]",
        "assert apply(lambda n: depth(Node(n, Node(n))), 1) == [2]",
        "try:\n    apply(lambda n: 1 // 0, 1)\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False",
        "try:\n    fail(3)\nexcept LookupError as error:\n    assert str(error) == 'nothing for 3'\nelse:\n    assert False",
        "try:\n    strange()\nexcept Exception as error:\n    assert str(error) == 'so'\nelse:\n    assert False",
        "assert find('baab').group() == 'aa' and find('b') is None and find('a')",
        "n = Node(1)\nassert same([n, {'k': n}])[1]['k'] is n and n in [n] and len({n, n}) == 1",
    ],
)
def test_an_object_of_the_program_is_used_as_if_it_were_here(converse: Converse, statement: str) -> None:
    found = verdict(converse, statement, setup="k = 3")
    assert found["outcome"] == "passed", found["detail"]


@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        ("assert depth(Node(1)) == 2", "wrong-answer"),
        ("assert Node(1) == Node(1)", "wrong-answer"),
        ("assert find('a') == 'a'", "wrong-answer"),
        ("assert find('a') != 'a'", "wrong-answer"),
        ("assert count(1) == [1]", "wrong-answer"),
        ("assert Node(1) < Node(2)", "wrong-answer"),
        ("assert abs(Node(1)) + Node(2)", "wrong-answer"),
        ("assert Stack([1]) < 3", "wrong-answer"),
        ("assert fail(3) == 3", "exception"),
        ("assert depth(3) == 3", "exception"),
        ("assert Node(1).nothing", "exception"),
        ("assert apply(fail, 1)", "exception"),
        ("class Own: pass\nassert same(Own())", "wrong-answer"),
    ],
)
def test_what_is_not_so_or_cannot_be_compared_fails(converse: Converse, statement: str, outcome: str) -> None:
    found = verdict(converse, statement)
    assert (found["outcome"], found["detail"] != "") == (outcome, True)


def test_a_check_passes_objects_back_and_forth(converse: Converse) -> None:
    source = (
        "def check(candidate):\n    tree = Node(1)\n    for n in range(50):\n        tree = Node(n, tree)\n"
        "    assert candidate(tree) == 51\n"
    )
    spec = specs.make(Problem("own/1", "", "depth", PROGRAM, {"base": CheckFunction(source)}))
    assert converse(PROGRAM, spec)[0]["outcome"] == "passed"


LYING = """
class Liar:
    def __len__(self): return {length}
    def __iter__(self): return iter({items})
    def __bool__(self): return {truth}
    def __str__(self): return {text}
def f(x):
    return Liar()
"""


@pytest.mark.parametrize(
    ("lie", "statement"),
    [
        ({"length": "-1"}, "assert len(f(1)) == 3"),
        ({"length": "10**30"}, "assert len(f(1)) == 3"),
        ({"length": "10**12"}, "assert list(f(1)) == [3]"),
        ({"truth": "3"}, "assert f(1)"),
        ({"text": "type('str', (str,), {'__eq__': lambda *_: True})('x')"}, "assert str(f(1)) == 'y'"),
        ({"items": "[Liar()]"}, "assert 3 in f(1)"),
        ({"items": "[Liar()]"}, "assert sorted(f(1)) == [3]"),
    ],
)
def test_objects_that_lie_about_themselves_fail(converse: Converse, lie: dict[str, str], statement: str) -> None:
    program = LYING.format(**{"length": "1", "items": "[]", "truth": "True", "text": "''"} | lie)
    spec = specs.make(Problem("own/1", "", "f", "def f(x): pass", {"base": Assertions((statement,))}))
    assert converse(program, spec)[0]["outcome"] in ("wrong-answer", "exception")


def test_an_opaque_answer_equals_nothing_and_differs_from_nothing() -> None:
    value = opaque("handle", [3, "Node", "it is too large"])
    for compare in (
        lambda: value == 3,
        lambda: value != 3,
        lambda: value == 3,
        lambda: [value] == [3],
        lambda: set(value),
    ):
        with pytest.raises(Abandoned) as raised:
            compare()
        assert raised.value.outcome == "wrong-answer"
        assert "Node" in raised.value.detail
        assert "too large" in raised.value.detail


@pytest.mark.parametrize(
    "content", [3, [], [0], [0, "x"], ["0", "x", ""], [0, "x" * 101, ""], [-1, "x", ""], [True, "x", ""]]
)
def test_a_forged_handle_is_refused(content: Any) -> None:
    with pytest.raises(ProtocolError):
        handle("handle", content)


def test_changes_reach_what_is_mutable_and_keep_identity() -> None:
    inner = [1]
    ours: Any = ([inner], {"a": inner}, {1}, bytearray(b"x"), 5)
    update(ours, ([[2]], {"b": 3}, {4}, bytearray(b"y"), 6))
    assert ours == ([[2]], {"b": 3}, {4}, bytearray(b"y"), 5)
    assert ours[0][0] is inner


def test_descriptions_are_short_and_ask_nobody() -> None:
    assert describe(10**5000).startswith("<int of")
    assert len(describe([["a" * 1000] * 1000] * 1000)) <= 160
    assert describe("\ud800") == "'\\ud800'"
    assert describe_call("f", [1, Opaque(0, "Node", "")], {"k": {2}}) == "f(1, <Node>, k={2})"
