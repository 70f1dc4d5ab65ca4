"""Contracts of other registries, written as contracts of ours without losing anything that they say.

The one thing a reader would get wrong: an importer binds nothing. What another registry says in prose stays prose here,
type `unbound`, until a person says by which expression it is to be tried.
"""

from __future__ import annotations

from collections.abc import Callable

from apr_core.contract.importers import provable_contracts
from apr_core.contract.importers.imported import Imported

IMPORTERS: dict[str, Callable[[str, str, str], Imported]] = {"pv": provable_contracts.convert}
"""Word on the command line → the importer, called with the text, the path that messages show, and the name to keep."""
