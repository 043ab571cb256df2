"""Sizes as a model card states them: a number, a name, or products and quotients of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

Size = int | str
"""`3`, `"height"`, `"height/4"`, `"21*height*width/1024"`."""

_TERM = r"(?:[A-Za-z_]\w*|[1-9]\d{0,8})"
_FORM = re.compile(rf"{_TERM}(?:[*/]{_TERM})*")
_FACTOR = re.compile(rf"([*/]?)({_TERM})")
_LONGEST = 100
_KEPT = 1024


def checked_size(size: object) -> Size:
    """Return a size as it was given.

    Raises:
        ValueError: If it is none.
    """
    if type(size) is int and size > 0:
        return size
    if isinstance(size, str) and len(size) <= _LONGEST and _FORM.fullmatch(size):
        return size
    raise ValueError(f"{size!r:.40}; a size is a positive number, a name, or such as height/4")


@lru_cache(_KEPT)
def names_in(size: Size) -> tuple[str, ...]:
    """Return the names that a size is made of.

    >>> names_in("21*height*width/1024"), names_in(3)
    (('height', 'width'), ())
    """
    terms = [] if isinstance(size, int) else re.split(r"[*/]", size)
    return tuple(term for term in terms if not term.isdecimal())


def size_for(size: Size, sizes: Mapping[str, int]) -> int:
    """Return a size with its names filled in, rounded up.

    >>> size_for("height/4", {"height": 261})
    66

    Raises:
        KeyError: If a name is not given.
    """
    if isinstance(size, int):
        return size
    over, under = 1, 1
    for operator, term in _factors(size):
        value = int(term) if term.isdecimal() else sizes[term]
        if operator == "/":
            under *= value
        else:
            over *= value
    return -(-over // under)


@lru_cache(_KEPT)
def _factors(size: str) -> tuple[tuple[str, str], ...]:
    """Return what is multiplied and divided by; kept, as it is asked for in every step."""
    return tuple(_FACTOR.findall(size))
