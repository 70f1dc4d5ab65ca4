"""The gguf backend where llama-cpp-python is not installed: what is refused, and how. It needs the package to answer."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from apr_core.errors import AprError, UsageError
from apr_core.inference import BACKENDS, open_backend
from apr_core.inference.gguf_backend import gguf_device


@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is not None, reason="llama-cpp-python is installed here")
def test_a_missing_package_is_named_with_both_ways_out(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(
        UsageError, match=r"needs the package llama-cpp-python, .*pip install llama-cpp-python.*or serve the file"
    ):
        open_backend(str(file))


def test_a_file_that_is_none_or_no_gguf_is_refused_before_any_library_opens_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        open_backend(str(tmp_path / "none.gguf"))
    (tmp_path / "zip.gguf").write_bytes(b"PK\x03\x04")
    with pytest.raises(AprError, match="is no GGUF file: it begins with"):
        open_backend(str(tmp_path / "zip.gguf"))


@pytest.mark.parametrize(
    ("asked", "gpu", "used"),
    [("auto", False, "cpu"), ("auto", True, "gpu"), ("cpu", True, "cpu"), ("gpu", True, "gpu"), ("cuda", True, "gpu")],
)
def test_the_device_is_what_the_build_can_do(asked: str, gpu: bool, used: str) -> None:
    assert gguf_device(asked, gpu) == used


@pytest.mark.parametrize("asked", ["gpu", "cuda"])
def test_a_build_without_gpu_is_not_labelled_as_one(asked: str) -> None:
    with pytest.raises(UsageError, match=r"this build of llama.cpp has no GPU support"):
        gguf_device(asked, False)
    with pytest.raises(UsageError, match="allowed for a GGUF file"):
        gguf_device("tpu", True)


@pytest.mark.parametrize(
    ("where", "option", "message"),
    [
        (
            "http://127.0.0.1:9/v1",
            {"device": "cuda"},
            r"backend openai, .* does not take device='cuda'; it takes model,",
        ),
        ("http://127.0.0.1:9/v1", {"dtype": "float32"}, "does not take dtype='float32'"),
        ("model.gguf", {"dtype": "float16"}, "backend gguf, .* does not take dtype='float16'; it takes device"),
        ("folder", {"model": "name"}, "backend transformers, .* does not take model='name'"),
        ("folder", {"batchsize": 3}, "does not take batchsize=3"),
    ],
)
def test_an_option_that_a_backend_does_not_have_is_refused_and_not_ignored(
    where: str, option: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        open_backend(where, **option)


def test_an_unknown_backend_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match=rf"allowed are auto, {', '.join(BACKENDS)}. Did you mean 'transformers'"):
        open_backend("folder", backend="transformer")
