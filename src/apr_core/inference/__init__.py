"""Batched generation and its backends."""

from apr_core.inference.backends import BACKENDS, open_backend
from apr_core.inference.request import STOP_REASONS, Backend, Completion, Message, Request

__all__ = ["BACKENDS", "STOP_REASONS", "Backend", "Completion", "Message", "Request", "open_backend"]
