"""Peak memory of one call, counted and not timed: the same on every machine.

The one thing a reader would get wrong: torch allocates outside Python's tracer, so its CPU tensors are counted by watching
every operator's results, while numpy and Python are counted by `tracemalloc`. The two peaks are added, which is exact when one
library does the work and an upper bound when both do.
"""

from __future__ import annotations

import functools
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any


def peak_bytes(run: Callable[[], Any]) -> int:
    """Bytes allocated during `run` at the worst moment, above what was there before."""
    if "torch" not in sys.modules:
        return _traced_peak(run)
    watch = _tensor_watch()
    _warm_up_once()
    with watch:
        python = _traced_peak(run)
    return python + int(watch.peak)


def _traced_peak(run: Callable[[], Any]) -> int:
    nested = tracemalloc.is_tracing()
    if not nested:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run()
        return max(0, tracemalloc.get_traced_memory()[1] - before)
    finally:
        if not nested:
            tracemalloc.stop()


@functools.cache
def _warm_up_once() -> None:
    """The first watched operator makes torch import and build tables, tens of megabytes that are not the subject's."""
    import torch

    with _tensor_watch():
        (torch.zeros(2) + 1).sum()


def _tensor_watch() -> Any:
    from torch import Tensor
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        """Counts the bytes of every storage that an operator brings to life, until it dies."""

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.now = self.peak = 0
            self.alive: set[int] = set()

        def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = operator(*args, **(kwargs or {}))
            known = {
                leaf.untyped_storage().data_ptr() for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)
            }
            for leaf in tree_leaves(result):
                if isinstance(leaf, Tensor) and leaf.untyped_storage().data_ptr() not in known:
                    self.count(leaf.untyped_storage())
            return result

        def count(self, storage: Any) -> None:
            place, size = storage.data_ptr(), storage.nbytes()
            if place in self.alive or size == 0:
                return
            self.alive.add(place)
            self.now += size
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self.forget, place, size)

        def forget(self, place: int, size: int) -> None:
            self.alive.discard(place)
            self.now -= size

    return Watch()
