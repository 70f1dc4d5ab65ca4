"""What is decided before a model is touched: stop tokens, caps, devices, batches, random streams. No torch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apr_core.errors import UsageError
from apr_core.inference.plan import (
    cap,
    merge_stop_ids,
    plan_batches,
    request_seed,
    resolve_device,
    stream,
    used_device,
)


@pytest.mark.parametrize(
    ("sources", "merged"),
    [
        ((), ()),
        ((None, None), ()),
        ((7,), (7,)),
        (([151645, 151643], 151643, None, [5]), (151645, 151643, 5)),
        ((0, [0]), (0,)),
    ],
)
def test_stop_tokens_of_every_form_are_merged(sources: tuple[object, ...], merged: tuple[int, ...]) -> None:
    assert merge_stop_ids(*sources) == merged  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [["</s>"], [None], [True], "2"])
def test_a_stop_token_that_is_no_id_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="it must be a token id"):
        merge_stop_ids(1, wrong)  # type: ignore[arg-type]


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 5000))
def test_the_cap_is_what_was_asked_or_the_window_and_says_which(prompt: int, asked: int, context: int) -> None:
    allowed, reason = cap(prompt, asked, context)
    assert 0 <= allowed <= asked
    assert reason == ("length" if allowed == asked else "context")
    assert reason == "length" or prompt + allowed >= context
    assert allowed == 0 or prompt + allowed <= context


def test_a_model_without_a_window_has_no_cap() -> None:
    assert cap(10**6, 10**9, None) == (10**9, "length")


@pytest.mark.parametrize(
    ("asked", "devices", "used"),
    [
        ("auto", 0, "cpu"), ("auto", 2, "cuda"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda"), ("cuda:1", 2, "cuda:1"),
    ],
)  # fmt: skip
def test_a_device_is_what_was_asked_for(asked: str, devices: int, used: str) -> None:
    assert resolve_device(asked, devices) == used


@pytest.mark.parametrize(
    ("asked", "devices", "message"),
    [
        ("cuda", 0, "torch sees no CUDA devices"),
        ("cuda:2", 2, "torch sees 2 CUDA devices"),
        ("cuda:1", 1, "torch sees 1 CUDA device here"),
        ("gpu", 1, "allowed are auto, cpu, cuda and cuda:N"),
        ("cuda:-1", 1, "allowed are"),
    ],
)
def test_a_device_that_is_not_there_is_never_replaced(asked: str, devices: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve_device(asked, devices)


def test_the_label_is_where_the_weights_are() -> None:
    assert used_device(["cpu", "cpu"]) == "cpu"
    assert used_device(["cuda:0", "cuda:1"]) == "cuda"
    assert used_device(["cuda:0", "cpu"]) == "cpu+cuda"
    with pytest.raises(UsageError, match="no weights"):
        used_device([])


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 9))
def test_batches_hold_every_prompt_once_longest_first(lengths: list[int], size: int) -> None:
    batches = plan_batches(lengths, size)
    flat = [index for batch in batches for index in batch]
    assert sorted(flat) == list(range(len(lengths)))
    assert [lengths[index] for index in flat] == sorted(lengths, reverse=True)
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert all(batches)


def test_equal_prompts_stand_side_by_side() -> None:
    prompts = ["aa", "bb", "aa", "ccc", "bb", "aa"]
    (batch,) = plan_batches([len(prompt) for prompt in prompts], 8, prompts)
    assert [prompts[index] for index in batch] == ["ccc", "aa", "aa", "aa", "bb", "bb"]


def test_a_batch_holds_at_least_one() -> None:
    with pytest.raises(UsageError, match="the batch size is 0"):
        plan_batches([1], 0)


def test_streams_are_the_same_everywhere_and_differ_between_samples_tasks_and_seeds() -> None:
    def numbers(seed: int, task: str, sample: int) -> list[float]:
        randoms = stream(seed, task, sample)
        return [randoms.random() for _ in range(3)]

    assert numbers(3, "HumanEval/7", 2) == [0.3932189481846142, 0.8135726315875099, 0.08973859569490561]
    keys = [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1), (0, "a,0", 1), (10, "a", 0)]
    assert len({tuple(numbers(*key)) for key in keys}) == len(keys)


def test_a_server_gets_another_seed_for_every_sample() -> None:
    seeds = {request_seed(0, "t", sample) for sample in range(100)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert request_seed(0, "t", 5) == request_seed(0, "t", 5)
