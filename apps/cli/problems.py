"""What is said about problems that the user can mend; others are told by their traceback."""

from __future__ import annotations

from eventvision.core import EventVisionError

from .installed import remedy_for


def told(error: Exception) -> str | None:
    """Return the line for a problem that the user can mend; None for any other."""
    if isinstance(error, EventVisionError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        remedy = remedy_for(error.name)
        return f"{error.name} is not installed; {remedy}" if remedy else None
    return None
