"""Any device in a process of its own: a driver that crashes or hangs takes nothing along.

The process is a fresh interpreter that is joined by a socket on this machine. One request is under
way at a time; each has a deadline, and a process that misses it is killed. What starts it again is
the supervision that every session has.
"""

from ._device import ProcessDevice

__all__ = ["ProcessDevice"]
