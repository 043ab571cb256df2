"""When a convolution visits spikes only: where that costs less than multiplying everything.

Costs are in nanoseconds of one core, but only their ratios matter; `python -m benchmarks.integer`
measures the crossing.
"""

from __future__ import annotations

from typing import Literal

Sparse = Literal["auto", "always", "never"]

WHOLE = 1024
"""Limits are in so many parts of all words."""
_TILE_DOT = 0.19
"""A product of a word with 16 channels, in a tile."""
_LISTED_DOT = 0.45
"""The same, from a list."""
_LISTED_CHUNK = 3.2
"""Looking at 16 words and listing them."""
_LISTED_PIXEL = 10.0
"""Beginning and ending a list."""
_CHUNK = 16


def sparse_below(sparse: Sparse, runs: int, words: int, vectors: int) -> int:
    """Return below how many active words, of 1024, a row is convolved by its spikes.

    Args:
        sparse: `auto` for where it is quicker; `always`; `never`.
        runs: Rows of a window.
        words: Words of four bytes in a row of a window.
        vectors: Vectors of 16 channels that come out.
    """
    if sparse != "auto":
        return WHOLE + 1 if sparse == "always" else 0
    dense = _TILE_DOT * runs * words * vectors
    listing = _LISTED_PIXEL + _LISTED_CHUNK * runs * -(-words // _CHUNK)
    per_word = _LISTED_DOT * vectors
    return max(0, int(WHOLE * (dense - listing) / (per_word * runs * words)))
