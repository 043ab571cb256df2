"""Memory that nobody uses goes back to the system.

The C library keeps what was freed, in an arena for each few threads: after the pre-roll of a
recording, or a run, that can be tens of megabytes, which other threads cannot use.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def give_back_memory() -> None:
    """Ask the C library to let go of whole pages that are free; some cannot be asked."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
