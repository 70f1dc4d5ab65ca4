"""Zip files with Zstandard members (method 93), which Python's own zipfile reads since 3.14.

The one thing a reader would get wrong: without `backports.zstd`, older Pythons open such a file and list it. Only reading
a member fails, with a `NotImplementedError`.
"""

from __future__ import annotations

import sys
import zipfile
import zlib
from typing import Any

ZSTANDARD = 93

ZipFile: Any = zipfile.ZipFile
BROKEN: tuple[type[Exception], ...] = (zipfile.BadZipFile, zlib.error, EOFError, OSError)
"""What opening or reading a damaged archive raises."""

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError

    BROKEN += (ZstdError,)
else:
    try:
        from backports.zstd import ZstdError
        from backports.zstd import zipfile as backport
    except ImportError:  # the importer says what to install when it meets such a member
        pass
    else:
        ZipFile = backport.ZipFile
        BROKEN += (backport.BadZipFile, ZstdError)
