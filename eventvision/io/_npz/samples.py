"""Collections: many short recordings in one file, each beginning at time 0 again.

`offsets` says where they lie: sample i is the events `[offsets[i], offsets[i + 1])`; `label`, if
present, names the class of each. Laid end to end they make one stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError

from .arrays import READ_ERRORS, StoredArray

SAMPLE_GAP_US = 100_000
"""Quiet time put between two samples, so that no filter or surface joins them."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Where the samples of a collection lie.

    Attributes:
        offsets: Shape (samples + 1,), int64, never decreasing.
        labels: One text per sample; empty where the file has none.
    """

    offsets: NDArray[np.int64]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return self.offsets.size - 1


def find_samples(path: Path, arrays: Mapping[str, StoredArray], rows: int) -> Samples | None:
    """Return the samples of a collection, None for a plain recording.

    Raises:
        FormatError: If there are offsets but they make no sense.
    """
    if "offsets" not in arrays:
        return None
    try:
        offsets = arrays["offsets"].load()
        labels = arrays["label"].load() if "label" in arrays else np.empty(0)
    except (*READ_ERRORS, ValueError) as error:
        raise FormatError(path, f"its sample list is damaged ({error})", "copy it again") from error
    is_list = offsets.ndim == 1 and offsets.size > 1 and offsets.dtype.kind in "iu"
    whole = offsets.astype(np.int64) if is_list else np.array([-1])
    if whole[0] < 0 or whole[-1] > rows or (np.diff(whole) < 0).any():
        raise FormatError(path, f"its offsets do not divide {rows} events", "export it again")
    texts = tuple(str(label) for label in labels.ravel())
    return Samples(whole, texts if len(texts) == whole.size - 1 else ())


class EndToEnd:
    """Shifts the times of consecutive samples so that each follows the one before."""

    def __init__(self, samples: Samples) -> None:
        self._offsets = samples.offsets
        self._shift_us = 0
        self._end_us: int | None = None

    def lay(self, t: NDArray[np.int64], row: int) -> NDArray[np.int64]:
        """Return the times on the common clock.

        Args:
            t: Times of consecutive rows, each on the clock of its own sample.
            row: Number of the first of them in the file.
        """
        out = t.copy()
        inside = slice(*np.searchsorted(self._offsets, (row, row + t.size)))
        starts = [int(offset) - row for offset in np.unique(self._offsets[inside])]
        stops = [*starts, t.size]
        self._shift(out[: stops[0]])
        for start, stop in zip(starts, stops[1:], strict=True):
            if self._end_us is not None:
                self._shift_us = self._end_us + SAMPLE_GAP_US - int(t[start])
            self._shift(out[start:stop])
        return out

    def _shift(self, part: NDArray[np.int64]) -> None:
        part += self._shift_us
        if part.size:
            latest = int(part.max())
            self._end_us = latest if self._end_us is None else max(self._end_us, latest)
