"""Which thread goes first: that of the windows, so that they answer at once under load."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SWITCH_S = 0.0005
"""So long a thread may keep the interpreter while another waits: each thing that the window does
waits for it once, and five times longer would be seen."""

PAINTING_S = 0.02
"""So long the window may keep it while it paints. Were it to hand the interpreter over every half
millisecond, it would wait for other threads ten times in a picture, and those may have been put
aside by the system for longer than they need."""

DRAWING, WORKING, BACKGROUND = 0, 5, 10
"""How far a thread stands back."""


def stand_back(by: int) -> None:
    """Let the calling thread, and those that it begins, give way to others of the process.

    Only where threads have priorities of their own that anybody may lower: on Linux.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), by)


def share_the_interpreter() -> None:
    """Let threads hand the interpreter over sooner than they usually do."""
    sys.setswitchinterval(SWITCH_S)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let the window's thread finish what it paints before others have the interpreter."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(PAINTING_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
