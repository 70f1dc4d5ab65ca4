"""Templates as the equivalences they stand for.

The expansion itself is `apr_core.contract.templates`, because the checks of a contract file need it too, and `contract`
must not import `compiler`.
"""

from __future__ import annotations

from apr_core.contract.templates import expand

__all__ = ["expand"]
