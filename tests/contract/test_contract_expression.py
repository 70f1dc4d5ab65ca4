"""The language of expressions: what it computes, what it refuses, and what the refusal says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apr_core.contract.expression import compile_expression
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import ExpressionError

A = np.arange(6.0).reshape(2, 3)


def value(source: str | float, /, **names: Any) -> Any:
    functions = {name: names.pop(name) for name in list(names) if callable(names[name])}
    compiled = compile_expression(source, names={*names, *CONSTANTS}, functions={*VOCABULARY, *functions})
    return compiled.evaluate(names, functions)


def refusal(source: str, /, **names: Any) -> str:
    with pytest.raises(ExpressionError) as caught:
        value(source, **names)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("7 // 2, 7 % 3, 2 ** 10, -7 // 2", (3, 1, 1024, -4)),
        ("1 < 2 <= 2 != 3", True),
        ("1 < 2 > 5", False),
        ("not 0 and (1 or 1 / 0)", 1),
        ("0 or '' or [] or 'x'", "x"),
        ("'yes' if 2 > 1 else 1 / 0", "yes"),
        ("[x * x for x in range(5) if x % 2 == 0]", [0, 4, 16]),
        ("sum(x for x in [1, 2, 3])", 6),
        ("[a + b for a, b in zip([1, 2], [10, 20])]", [11, 22]),
        ("[i * x for i, x in enumerate([5, 6, 7])]", [0, 6, 14]),
        ("{'a': 1, 2: [3]}['a']", 1),
        ("[1, 2, 3, 4][1:-1]", [2, 3]),
        ("'abc'[::-1] + 'd'", "cbad"),
        ("'b' in 'abc', 3 not in [1, 2], 'k' in {'k': 0}", (True, True, True)),
        ("None is None, 1 is not None", (True, True)),
        ("5 & 3, 5 | 3, 5 ^ 3, ~5, ~True, ~(1 > 2)", (1, 7, 6, -6, False, True)),
        ("True + True", 2),
        ("(2, 3) == [2, 3]", True),
        ("[1, [2, (3, 4)]] == (1, (2, [3, 4]))", True),
        ("{'a': [1]} == {'a': (1,)}", True),
        ("[1, 2] < (1, 3)", True),
        ("b'ab' + b'c'", b"abc"),
        ("quantile(x=[0.0, 1.0], q=0.25)", 0.25),
        ("  1 +\t1  ", 2),
        ("(1\n +\n 1)", 2),
        ("pi > 3.14 and e > 2.71 and -inf < 0", True),
    ],
)
def test_what_an_expression_computes(source: str, expected: Any) -> None:
    found = value(source)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("1 / -0.0", -math.inf),
        ("0 / 0", math.nan),
        ("nan / 0", math.nan),
        ("5 // 0", math.inf),
        ("5 % 0", math.nan),
        ("10.0 ** 400", math.inf),
        ("(-10.0) ** 401", -math.inf),
        ("0 ** -1", math.inf),
        ("(-8) ** (1 / 3)", math.nan),
        ("10 ** 400 / 3", math.inf),
        ("-(10 ** 400) * 1.5", -math.inf),
        ("10 ** 400 // 0", math.inf),
        ("10 ** 400 % 0.0", math.nan),
        ("1e308 * 10", math.inf),
        ("inf - inf", math.nan),
        ("2 ** -2", 0.25),
        ("log(0) + sqrt(-1)", math.nan),
        ("exp(1000)", math.inf),
    ],
)
def test_python_numbers_follow_ieee_754_where_python_would_raise(source: str, expected: float) -> None:
    assert np.array_equal(value(source), expected, equal_nan=True)


def test_integers_stay_exact_and_numpy_integers_do_not_wrap_around() -> None:
    assert value("x * x", x=np.int64(2**62)) == 2**124
    assert value("10 ** 400 // 10 ** 399") == 10
    assert value("10 ** 400 / 10 ** 399") == 10.0


def test_arrays_are_combined_element_by_element_and_keep_their_dtype() -> None:
    x = np.array([1, 2, 3], dtype=np.float32)
    assert value("(x > 1) & ~(x > 2)", x=x).tolist() == [False, True, False]
    assert value("x * 2 + 1", x=x).dtype == np.float32
    assert value("a @ transpose(a)", a=A).tolist() == [[5.0, 14.0], [14.0, 50.0]]
    assert value("a[0, 1:], a[..., 2], a[-1][0], a[None, 0]", a=A)[1].tolist() == [2.0, 5.0]
    assert value("x / 0", x=x).tolist() == [math.inf] * 3
    assert value("x == None", x=x) is False
    assert value("x[0] < x[1] <= 2", x=x) is True, "one number of an array compares as a Python number does"


def test_tensors_behave_as_arrays_do() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor([1.0, 2.0, 4.0], dtype=torch.bfloat16, requires_grad=True)
    assert value("(x > 1) & (x < 3)", x=x).tolist() == [False, True, False]
    assert value("x * 2", x=x).dtype == torch.bfloat16
    assert value("x * y", x=x, y=np.float32(2.0)).tolist() == [2.0, 4.0, 8.0]
    assert value("y * x", x=x, y=np.float64(2.0)).tolist() == [2.0, 4.0, 8.0]
    assert value("y - x", x=torch.tensor(2.0), y=np.array([1.0, 2.0])).tolist() == [-1.0, 0.0]
    assert "both sides must come from one library" in refusal("x + y", x=x, y=np.zeros(3))
    assert "no one truth value" in refusal("x and 1", x=x)
    assert value("1 if x else 2", x=torch.tensor(0.0)) == 2, "a tensor without dimensions is one number"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("a and True", "write `&` instead of `and`"),
        ("False or a > 1", "write `|` instead of `or`"),
        ("not a", "write `~` instead of `not`"),
        ("0 < a < 3", "write (a < b) & (b < c)"),
        ("1 if a else 2", "write where(condition, a, b)"),
        ("[x for x in [1] if a > x]", "reduce it with all(…) or any(…)"),
        ("1 in a", "write any(x == value)"),
        ("a == 'x'", "compare arrays with arrays or numbers"),
        ("a == [a]", "compare arrays with arrays or numbers"),
        ("[a] == [a]", "use equal(a, b)"),
        ("i // 0", "an integer array is divided by zero"),
        ("i % j", "an integer array is divided by zero"),
        ("2 @ 3", "@ is the matrix product"),
        ("a + b", "could not be broadcast together"),
        ("a[7]", "out of bounds"),
        ("a['x']", "in `a['x']`"),
        ("{'k': 1}['j']", "there is no key 'j'; the keys are 'k'"),
        ("'%s' % 1", "% does not format text"),
        ("b'%s' % b'x'", "% does not format text"),
        ("1 + 'x'", "in `1 + 'x'`"),
        ("norm('x')", "in `norm('x')`"),
        ("mean([])", "mean of nothing"),
        ("2 * (3 + (norm(a) + 'x'))", "in `norm(a) + 'x'`"),
        ("[x for x in 3]", "in `3`"),
        ("[x + y for x, y in [1, 2]]", "does not unpack into x, y"),
        ("where(a > 1, missing(), 2)", "there is no function 'missing'"),
    ],
)
def test_what_fails_while_it_is_evaluated_names_the_part_and_the_remedy(source: str, says: str) -> None:
    message = refusal(source, a=A, b=np.ones(4), i=np.arange(3), j=np.arange(3))
    assert says in message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("x.shape", "write shape(x)"),
        ("np.mean(x)", "write mean(x)"),
        ("torch.linalg.norm(x)", "write norm(x)"),
        ("x.sum()", "write sum(x)"),
        ("x.T", "write transpose(x)"),
        ("x.numel()", "write size(x)"),
        ("math.pi", "write pi"),
        ("x.astype('float16')", "write cast(x, 'float16')"),
        ("x.frobnicate()", "declare what computes it in `subjects`"),
        ("nrom(x)", "Did you mean 'norm'?"),
        ("slrep(x)", "Did you mean 'slerp'?"),
        ("weigth", "Did you mean 'weight'?"),
        ("norm", "norm is a function: call it"),
        ("slerp + 1", "slerp is a function: call it"),
        ("x(1)", "x is a value, not a function"),
        ("norm(x)(1)", "only functions can be called"),
        ("(lambda: 1)()", "only functions can be called"),
        ("norm(x, 2)", "norm(x): too many positional arguments"),
        ("clip(x)", "missing a required argument: 'low'"),
        ("mean(x, axis=0)", "unexpected keyword argument 'axis'"),
        ("before(x + 1)", "takes one declared name"),
        ("lambda: 1", "`lambda` is not part of the language"),
        ("f'{x}'", "f-strings are not part"),
        ("(y := 1)", "use `let`"),
        ("{1, 2}", "write set([…])"),
        ("{x for x in [1]}", "write set([… for … in …])"),
        ("{k: 1 for k in [1]}", "write a list comprehension"),
        ("{**x}", "must be literals"),
        ("{x: 1}", "must be literals"),
        ("norm(*x)", "write the arguments out"),
        ("norm(**x)", "write the arguments out"),
        ("max(1, (i for i in [1]))", "a generator stands only as the one argument"),
        ("1 << 3", "shifts are not part"),
        ("1 is 2", "compares with None alone"),
        ("1j", "1j is not part of the language"),
        ("...", "'...' is not part of the language"),
        ("[a for b in [1] for a in [2]]", "a comprehension has one `for`"),
        ("[[a for a in [1]] for b in [2]]", "a comprehension has one `for`"),
        ("[a for a in [b for b in [1]]]", "a comprehension has one `for`"),
        ("[x for x in [1]]", "the loop variable 'x' hides a declared name"),
        ("[1 for norm in [1]]", "the loop variable 'norm' hides"),
        ("[1 for pi in [1]]", "the loop variable 'pi' hides"),
        ("[1 for a, a in [1]]", "each name once"),
        ("[1 for a[0] in [1]]", "a loop variable is a name"),
        ("[i for i in [1]] + [i]", "the name 'i' is not declared"),
        ("_", "`_` is the argument in the fields of a template"),
        ("_private", "names do not begin with _"),
        ("", "the expression is empty"),
        ("   ", "the expression is empty"),
        ("x = 1", "Write `==` to compare"),
        ("x && 1", "Write `and`"),
        ("x || 1", "Write `or`"),
        ("!x", "Write `not`"),
        ("1 +\n 1", "put it in parentheses"),
        ("'\\d'", "invalid escape sequence"),
        ("1or 2", "cannot be read"),
        ("import os", "cannot be read"),
        ("x \x00", "cannot be read"),
        ("x ≤ 1", "Write `<=`"),
        ("ｎorm(x)", "stands outside of quotes"),
        ("x + ﬁ", "stands outside of quotes"),
    ],
)
def test_what_is_not_in_the_language_is_refused_before_anything_runs(source: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, names={"x", "weight"}, functions={*VOCABULARY, "slerp", "before"})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("x + y", 5),
        ("  x + y", 7),
        ("'é' + y", 7),
        ("(x\n  + y)", 8),
        ("norm(x).real", 1),
        ("x + nrom(x)", 5),
        ("[1, 2, lambda: 1]", 8),
    ],
)
def test_a_refusal_knows_its_column(source: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, names={"x"}, functions=VOCABULARY)
    assert caught.value.column == column


def test_what_an_expression_reads_and_calls_is_known() -> None:
    compiled = compile_expression("norm(f(w, k=n)) + [i * m for i in xs][0] + pi", names=None, functions={"norm", "f"})
    assert compiled.names == {"w", "n", "m", "xs", "pi"}
    assert compiled.calls == {"norm", "f"}


def test_a_number_or_truth_value_is_its_own_expression() -> None:
    assert value(0.25) == 0.25
    assert value(True) is True
    assert compile_expression(3, names=(), functions=()).source == "3"


def test_any_name_may_be_read_where_the_names_are_not_known_yet() -> None:
    compiled = compile_expression("cast(result, dtype)", names=None, functions=VOCABULARY)
    assert compiled.evaluate({"result": 0.1, "dtype": "float16"}, {}) == float(np.float16(0.1))


def test_what_a_subject_raises_passes_through_unchanged() -> None:
    def broken(x: Any) -> None:
        raise ExpressionError("its own") if x else ZeroDivisionError("its own")

    with pytest.raises(ZeroDivisionError, match=r"^its own$"):
        value("norm([broken(0)])", broken=broken)
    with pytest.raises(ExpressionError, match=r"^its own$"):
        value("[broken(x) for x in [1]]", broken=broken)


def test_a_value_that_was_not_given_is_named() -> None:
    compiled = compile_expression("x + f(1)", names={"x"}, functions={"f"})
    with pytest.raises(ExpressionError, match="no value was given for 'x'"):
        compiled.evaluate({}, {})
    with pytest.raises(ExpressionError, match="no function was given for 'f'"):
        compiled.evaluate({"x": 1}, {})


def test_a_path_is_joined_below_its_folder_only(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_bytes(b"text")
    assert value("folder / 'a' / 'b.txt'", folder=tmp_path) == tmp_path / "a" / "b.txt"
    assert value("read_text(folder / 'a/b.txt'), size_of(folder), files(folder)", folder=tmp_path) == (
        "text",
        4,
        ["a/b.txt"],
    )
    for name in ("../x", "a/../../x", "/etc/passwd", "..\\\\x"):
        assert "leaves the folder" in refusal(f"folder / '{name}'", folder=tmp_path)
    assert "needs a path" in refusal("read_text('/etc/passwd')")
