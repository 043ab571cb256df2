"""Zstandard as the standard library has it from Python 3.14 on, or its backport.

It is imported inside the functions that need it, since most recordings do without.
"""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["zstd"]
