"""Tiny Qwen2 checkpoints with a tokenizer of their own: real models of 100,000 weights, made in a tenth of a second.

The one thing a reader would get wrong: the weights are random, so what the model writes means nothing; but they are drawn
wide enough for the logits to differ clearly, so a greedy continuation is varied and the same on every machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

THREADS = 1
"""What tests give to `torch.set_num_threads`: a fixed number, since the order of a sum may depend on it."""

END, START, TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIAL = (END, START, TURN)
"""Special tokens; their ids are 0, 1 and 2."""

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The chat template of the Qwen2 family, without its tools."""

CORPUS = (
    "def add(a, b):\n    return a + b\n",
    "def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)\n",
    "for index in range(10):\n    print(index, 'is a number')\n",
    "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\n",
    "Write a function that returns the sum of two numbers.\n",
)
"""What the byte-level BPE tokenizer is trained on. It can write any text: unseen characters become bytes."""


def make_tokenizer(chat_template: str | None = CHATML, *, eos: str | None = END) -> Any:
    """A `Qwen2Tokenizer`: byte-level BPE with 320 tokens, of which every byte is one."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    split = json.loads(Qwen2Tokenizer(vocab={}, merges=[]).backend_tokenizer.to_str())["pre_tokenizer"]
    pattern = Regex(split["pretokenizers"][0]["pattern"]["Regex"])
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pattern, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(CORPUS, trainer)
    model = json.loads(bpe.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=model["vocab"],
        merges=[tuple(pair) for pair in model["merges"]],
        unk_token=None,
        pad_token=END,
        eos_token=eos,
        extra_special_tokens=[START, TURN],
    )
    tokenizer.chat_template = chat_template
    return tokenizer


def make_checkpoint(
    folder: Path,
    *,
    seed: int = 0,
    chat_template: str | None = CHATML,
    eos: int | list[int] | None = 0,
    tokenizer_eos: str | None = END,
    context: int = 512,
    dtype: str = "float32",
    layers: int = 2,
) -> Path:
    """Write a Qwen2 checkpoint (hidden size 64, 4 heads, 2 key-value heads) as safetensors into `folder`, and return it.

    `eos` becomes `eos_token_id` of config.json and generation_config.json: one id, a list, or None for a model that names
    none. `tokenizer_eos` is the end token of the tokenizer, or None. Equal arguments write equal weights.
    """
    import torch
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    tokenizer = make_tokenizer(chat_template, eos=tokenizer_eos)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        initializer_range=0.15,
        tie_word_embeddings=False,
        eos_token_id=eos,
        pad_token_id=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2ForCausalLM(config).to(getattr(torch, dtype))
    model.generation_config = GenerationConfig(eos_token_id=eos, pad_token_id=0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def edit_json(file: Path, **changes: Any) -> None:
    """Change keys of a JSON file; a value of `...` removes the key."""
    data = json.loads(file.read_text(encoding="utf-8"))
    for key, value in changes.items():
        if value is ...:
            data.pop(key, None)
        else:
            data[key] = value
    file.write_text(json.dumps(data, indent=2), encoding="utf-8")
