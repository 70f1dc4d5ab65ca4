"""apr-core: typed claims about language models, and the tests that try to break them."""

__version__ = "0.1.0"
__all__ = ["__version__"]
