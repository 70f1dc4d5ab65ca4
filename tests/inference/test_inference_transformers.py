"""The transformers backend on tiny Qwen2 models: what it writes must not depend on how it was batched."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import edit_json, make_checkpoint, make_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from apr_core.errors import AprError, UsageError
from apr_core.inference import Completion, Message, Request, open_backend
from apr_core.inference.text import continuation, stopped

PROMPTS = (
    "def fib(n):",
    "Write a function that returns the sum",
    "for index in",
    "class Point:\n    def __init__(self, x, y):\n        self.x",
    "a",
    "x = 1\n",
)
SAMPLED = {"temperature": 0.9, "top_k": 60, "top_p": 0.95, "seed": 11}


def requests(**settings: Any) -> list[Request]:
    return [Request(prompt, f"task/{number}", max_tokens=24, **settings) for number, prompt in enumerate(PROMPTS)]


def run(backend: Any, asked: list[Request]) -> dict[tuple[str, int], Completion]:
    got = list(backend.generate(asked))
    assert len(got) == len(asked)
    return {completion.key: completion for completion in got}


def tokens(found: dict[tuple[str, int], Completion]) -> dict[tuple[str, int], Any]:
    return {key: completion.tokens for key, completion in found.items()}


def generated(backend: Any, prompt: str, count: int) -> tuple[list[int], float]:
    """What transformers' own `generate` writes greedily for one prompt, and the sum of its log-probabilities."""
    inputs = backend.tokenizer(prompt, return_tensors="pt")
    answer = backend.model.generate(
        **inputs, max_new_tokens=count, do_sample=False, output_logits=True, return_dict_in_generate=True
    )
    ids = answer.sequences[0, inputs["input_ids"].shape[1] :]
    rows = torch.cat(answer.logits).float().log_softmax(-1)
    return ids.tolist(), float(rows.gather(-1, ids[:, None]).sum())


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_greedy_tokens_are_those_of_generate_whatever_the_batch_size(backend: Any, size: int) -> None:
    backend.batch_size = size
    found = run(backend, requests())
    for number, prompt in enumerate(PROMPTS):
        ids, logprob = generated(backend, prompt, 24)
        one = found[f"task/{number}", 0]
        assert list(one.tokens or ()) == ids
        assert one.logprob == pytest.approx(logprob, abs=1e-3)
    assert len({one.tokens for one in found.values()}) == len(PROMPTS), "the prompts must lead to different texts"


@pytest.mark.parametrize("settings", [{}, SAMPLED], ids=["greedy", "sampled"])
def test_order_and_batch_size_change_nothing(backend: Any, settings: dict[str, Any]) -> None:
    asked = [Request(one.prompt, one.task_id, sample, 24, **settings) for one in requests() for sample in range(3)]
    backend.batch_size = 1
    alone = tokens(run(backend, asked))
    backend.batch_size = 7
    assert tokens(run(backend, asked[::-1])) == alone
    different = len(set(alone.values()))
    assert different == (len(asked) if settings else len(PROMPTS)), "samples differ when drawn, and only then"


def test_a_seed_gives_the_same_samples_and_another_seed_others(backend: Any) -> None:
    first = tokens(run(backend, requests(**SAMPLED)))
    assert tokens(run(backend, requests(**SAMPLED))) == first
    other = tokens(run(backend, requests(**SAMPLED | {"seed": 12})))
    assert not any(other[key] == first[key] for key in first)


def test_top_k_of_one_is_greedy_at_any_temperature(backend: Any) -> None:
    assert tokens(run(backend, requests(temperature=5.0, top_k=1))) == tokens(run(backend, requests()))


def test_greedy_and_sampled_rows_share_a_batch(backend: Any) -> None:
    mixed = [
        Request(one.prompt, one.task_id, 0, 24, **(SAMPLED if number % 2 else {}))
        for number, one in enumerate(requests())
    ]
    greedy, sampled = tokens(run(backend, requests())), tokens(run(backend, requests(**SAMPLED)))
    for number, one in enumerate(mixed):
        assert tokens(run(backend, mixed))[one.key] == (sampled if number % 2 else greedy)[one.key]


def test_samples_of_one_prompt_read_it_once(backend: Any) -> None:
    widths: list[tuple[int, ...]] = []
    hook = backend.model.register_forward_pre_hook(
        lambda module, args, kwargs: widths.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    try:
        backend.batch_size = 8
        run(backend, [Request(PROMPTS[0], "one", sample, 3, **SAMPLED) for sample in range(5)])
    finally:
        hook.remove()
    assert widths == [(1, 5), (5, 1), (5, 1)]


def test_finished_rows_leave_the_batch_and_are_given_at_once(backend: Any) -> None:
    sizes: list[int] = []
    hook = backend.model.register_forward_pre_hook(
        lambda module, args, kwargs: sizes.append(kwargs["input_ids"].shape[0]), with_kwargs=True
    )
    asked = [Request("def", f"t{count}", max_tokens=count) for count in (1, 2, 4)]
    try:
        stream = backend.generate(asked)
        order = [(next(stream).task_id, len(sizes)) for _ in asked]
    finally:
        hook.remove()
    assert order == [("t1", 2), ("t2", 3), ("t4", 4)], "a completion waits for nobody"
    assert sizes == [1, 2, 1, 1]


def test_the_cap_is_what_was_asked_for_however_large(backend: Any) -> None:
    (one,) = backend.generate([Request("def", "t", max_tokens=400)])
    assert (one.tokens_generated, one.stop_reason) == (400, "length")
    assert len(one.tokens) == 400


def test_a_full_context_window_is_said_and_never_exceeded(backend: Any) -> None:
    (one,) = backend.generate([Request("def", "t", max_tokens=100_000)])
    prompt = len(backend.tokenizer("def")["input_ids"])
    assert (one.tokens_generated, one.stop_reason) == (512 - prompt, "context")


def test_a_prompt_that_does_not_fit_is_an_empty_completion_that_says_so(backend: Any) -> None:
    found = run(backend, [Request("x " * 600, "long"), Request("def", "short", max_tokens=2)])
    assert (found["long", 0].text, found["long", 0].tokens_generated, found["long", 0].stop_reason) == (
        "",
        0,
        "context",
    )
    assert found["short", 0].stop_reason == "length"


def test_times_and_speeds_belong_together(backend: Any) -> None:
    for one in run(backend, requests()).values():
        assert one.inference_ms > 0
        assert one.tok_per_sec == pytest.approx(1000 * one.tokens_generated / one.inference_ms, rel=0.01)


def test_backend_and_device_are_those_used(backend: Any) -> None:
    facts = backend.describe()
    assert backend.name == facts["backend"] == "transformers/cpu"
    assert {one.backend for one in run(backend, requests()).values()} == {"transformers/cpu"}
    assert (facts["device"], facts["precision"], facts["context_length"]) == ("cpu", "float32", 512)
    assert facts["model"] == "tiny"
    assert facts["versions"]["torch"] == torch.__version__
    assert len(facts["digest"]) == 64


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here, so asking for one is right")
@pytest.mark.parametrize("device", ["cuda", "cuda:3"])
def test_a_gpu_that_is_not_there_is_an_error_and_no_cpu_run(endless: Path, device: str) -> None:
    with pytest.raises(UsageError, match=f"the device is '{device}', and torch sees no CUDA devices here"):
        open_backend(str(endless), device=device)


def test_dtype_is_the_checkpoints_own_or_the_one_asked_for(tmp_path: Path) -> None:
    half = make_checkpoint(tmp_path / "half", dtype="bfloat16")
    with open_backend(str(half)) as backend:
        assert backend.describe()["precision"] == "bfloat16"
    with open_backend(str(half), dtype="float32") as backend:
        assert backend.describe()["precision"] == "float32"
        assert next(backend.generate([Request("def", "t", max_tokens=2)])).tokens_generated == 2
    with pytest.raises(UsageError, match="'int4'; allowed are auto, float32"):
        open_backend(str(half), dtype="int4")


# --- stop tokens and stop strings


def stops_at(folder: Path, prompt: str = PROMPTS[0], **changes: Any) -> Completion:
    with open_backend(str(folder), device="cpu") as backend:
        (one,) = backend.generate([Request(prompt, "t", max_tokens=24, **changes)])
        return one  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def course(opened: Any) -> list[int]:
    """What the endless model writes after the first prompt."""
    ids, _ = generated(opened, PROMPTS[0], 24)
    return ids


@pytest.mark.parametrize("source", ["config", "generation_config", "list", "list, second", "tokenizer"])
def test_a_stop_token_is_heeded_wherever_it_is_named(
    source: str, endless: Path, course: list[int], tmp_path: Path
) -> None:
    place = next(index for index, token in enumerate(course) if index > 3 and token not in course[:index])
    stop = course[place]
    folder = make_checkpoint(tmp_path / "copy", eos=None, tokenizer_eos=None)
    if source == "tokenizer":
        word = make_tokenizer().convert_ids_to_tokens(stop)
        edit_json(folder / "tokenizer_config.json", eos_token=word)
    elif source == "config":
        edit_json(folder / "config.json", eos_token_id=stop)
        (folder / "generation_config.json").unlink()
    else:
        value = {"generation_config": stop, "list": [stop, 2], "list, second": [2, stop]}[source]
        edit_json(folder / "generation_config.json", eos_token_id=value)
    one = stops_at(folder)
    assert one.stop_reason == "stop"
    assert list(one.tokens or ()) == course[: place + 1]


def test_no_stop_token_at_all_is_fine(endless: Path, opened: Any, course: list[int]) -> None:
    assert opened.tokenizer.eos_token_id is None
    assert opened.model.generation_config.eos_token_id is None
    (one,) = opened.generate([Request(PROMPTS[0], "t", max_tokens=24)])
    assert (one.stop_reason, list(one.tokens)) == ("length", course)


def test_a_stop_string_that_is_a_special_token_ends_the_completion(backend: Any) -> None:
    """Special tokens are not in the text, so a search in the text would never find it."""
    backend.batch_size = 20
    asked = [Request("Write", "t", n, 200, temperature=1.5, seed=3) for n in range(20)]
    free = [one for one in run(backend, asked).values() if 2 in (one.tokens or ())]
    assert free, "some sample must draw <|im_end|>"
    cut = run(
        backend, [Request("Write", "t", one.sample, 200, ("<|im_end|>",), temperature=1.5, seed=3) for one in free]
    )
    for one in free:
        assert one.tokens is not None
        got = cut[one.key]
        assert got.tokens == one.tokens[: one.tokens.index(2) + 1]
        assert got.stop_reason == "stop"
        assert one.text.startswith(got.text)


def test_a_stop_string_is_found_across_tokens_and_cut_off(backend: Any, course: list[int]) -> None:
    (free,) = backend.generate([Request(PROMPTS[0], "t", max_tokens=24)])
    for start in range(2, len(free.text) - 3):
        stop = free.text[start : start + 3]
        if "\ufffd" in stop:
            continue
        (one,) = backend.generate([Request(PROMPTS[0], "t", max_tokens=24, stop=("never there", stop))])
        assert one.text == free.text[: free.text.index(stop)]
        assert one.stop_reason == "stop"
        assert one.tokens == free.tokens[: one.tokens_generated]
        assert one.tokens_generated < 24 or free.text.index(stop) + 3 > len(free.text) - 4


# --- text


@pytest.fixture(scope="module")
def spaced() -> Tokenizer:
    """A tokenizer in the way of SentencePiece: a space belongs to the word after it, and the first is dropped."""
    words = ["<unk>", "▁", "▁▁▁▁", "▁return", "▁x", "x", "\n", "é"]
    tokenizer = Tokenizer(models.BPE({word: index for index, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return tokenizer


def test_a_continuation_keeps_its_leading_space(spaced: Tokenizer) -> None:
    assert spaced.decode([3, 4]) == "return x", "this decoder drops the first space, which is the danger"
    assert continuation(spaced.decode, [5, 6], [2, 3, 4]) == "     return x"
    assert stopped(spaced.decode, [5, 6], [2, 3, 4], (" x",)) == "     return"


def test_a_character_of_several_tokens_may_begin_in_the_prompt() -> None:
    tokenizer = make_tokenizer()
    ids = tokenizer("é☃")["input_ids"]
    assert len(ids) == 5
    decode = tokenizer.decode
    assert continuation(decode, ids[:2], ids[2:]) == "☃"
    assert continuation(decode, ids[:3], ids[3:]) == decode(ids[3:])
    for end in range(2, 6):
        assert (stopped(decode, ids[:2], ids[2:end], ("☃",)) is None) == (end < 5)


def test_spaces_of_code_are_not_tidied(backend: Any) -> None:
    ids = backend.tokenizer("a . b , c ' s != d")["input_ids"]
    assert continuation(backend._decode, ids[:1], ids[1:]) == " . b , c ' s != d"


# --- chat


def test_messages_go_through_the_template_of_the_tokenizer(backend: Any) -> None:
    chat = Request((Message("system", "Be brief."), Message("user", "hi")), "chat", max_tokens=8)
    written = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    (one,) = backend.generate([chat])
    (same,) = backend.generate([Request(written, "text", max_tokens=8)])
    assert one.tokens == same.tokens


def test_messages_without_a_template_are_refused_in_words(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "base", chat_template=None)
    with (
        open_backend(str(folder)) as backend,
        pytest.raises(UsageError, match=r"task 'q' has messages, .* no chat template"),
    ):
        list(backend.generate([Request((Message("user", "hi"),), "q")]))


def test_a_template_that_refuses_is_quoted(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "strict", chat_template="{{ raise_exception('only users speak here') }}")
    with open_backend(str(folder)) as backend, pytest.raises(UsageError, match=r"\(system\): only users speak here"):
        list(backend.generate([Request((Message("system", "hi"),), "q")]))


# --- memory


class Allocations:
    """Makes the model run out of memory on batches of more than `room` rows, as a GPU does: by raising in its forward."""

    def __init__(self, backend: Any, room: int) -> None:
        self.sizes: list[int] = []
        self.room = room
        self._hook = backend.model.register_forward_pre_hook(self._forward, with_kwargs=True)

    def _forward(self, module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        rows = kwargs["input_ids"].shape[0]
        self.sizes.append(rows)
        if rows > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    def __enter__(self) -> Allocations:
        return self

    def __exit__(self, *failure: object) -> None:
        self._hook.remove()


@pytest.mark.parametrize("settings", [{}, SAMPLED], ids=["greedy", "sampled"])
def test_out_of_memory_halves_the_batch_says_so_and_loses_nothing(backend: Any, settings: dict[str, Any]) -> None:
    asked = requests(**settings)
    whole = tokens(run(backend, asked))
    notes: list[str] = []
    backend.batch_size, backend._notes = 6, notes.append
    with Allocations(backend, 2):
        assert tokens(run(backend, asked)) == whole
    assert notes == [
        "memory ran out on cpu with 6 completions at a time: going on with 3",
        "memory ran out on cpu with 3 completions at a time: going on with 1",
    ]


def test_out_of_memory_in_the_middle_keeps_what_was_finished(backend: Any) -> None:
    asked = [
        Request(PROMPTS[0], "short", max_tokens=2),
        *[Request(PROMPTS[2], f"t{n}", max_tokens=9) for n in range(3)],
    ]
    whole = tokens(run(backend, asked))
    backend.batch_size = 4
    with Allocations(backend, 99) as memory:
        stream = backend.generate(asked)
        first = next(stream)
        memory.room = 2
        rest = list(stream)
    assert first.task_id == "short"
    assert {one.key: one.tokens for one in [first, *rest]} == whole


def test_memory_of_the_failed_batch_is_free_before_the_next(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from apr_core.inference import transformers_backend

    caches: list[weakref.ref[Any]] = []
    alive: list[int] = []
    hook = backend.model.register_forward_pre_hook(
        lambda module, args, kwargs: caches.append(weakref.ref(kwargs["past_key_values"])), with_kwargs=True
    )
    monkeypatch.setattr(
        transformers_backend, "_free", lambda device: alive.append(sum(ref() is not None for ref in caches))
    )
    backend.batch_size = 4
    try:
        with Allocations(backend, 2):
            run(backend, requests()[:4])
    finally:
        hook.remove()
    assert alive == [0], "when memory is given back nothing may hold the cache any more"


def test_one_row_that_does_not_fit_is_an_error_in_words(backend: Any) -> None:
    with (
        Allocations(backend, 0),
        pytest.raises(AprError, match=r"task 'task/3': memory runs out on cpu .*\(\d+ tokens of prompt"),
    ):
        run(backend, requests())


def test_logits_that_are_not_finite_are_an_error_in_words(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "broken")
    with open_backend(str(folder)) as backend:
        with torch.no_grad():
            backend.model.model.norm.weight.fill_(float("nan"))  # type: ignore[attr-defined]
        with pytest.raises(AprError, match=r"task 't': after 0 tokens the model gives logits that are not finite"):
            list(backend.generate([Request("def", "t", temperature=1.0)]))
