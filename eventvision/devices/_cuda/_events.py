"""Events up to the GPU as they lie in memory, rendered there: sixteen bytes each, and one copy."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.core import ModelCard
from eventvision.kernels.words import as_words

_FIRST_ROOM = 1 << 16


def renders(card: ModelCard) -> bool:
    """Say whether events can be rendered on a GPU for a model: voxel grids and histograms.

    Triton must be installed.
    """
    from importlib.util import find_spec

    ((_, spec),) = card.inputs.items() if len(card.inputs) == 1 else (("", None),)
    kind = card.representation.partition(":")[0]
    fits = spec is not None and len(spec.shape) == 4 and spec.dtype == np.float32
    return fits and kind in {"voxel", "histogram"} and find_spec("triton") is not None


class EventRenderer:
    """Renders slices into the input of a network, on its device.

    Args:
        representation: `voxel:BINS` or `histogram`.
        planes: The input, float32 (1, planes, height, width), contiguous; written over.
    """

    def __init__(self, representation: str, planes: Tensor) -> None:
        self._is_voxel = representation.startswith("voxel")
        self._planes = planes[0]
        self._room(_FIRST_ROOM)

    def render(self, events: NDArray[np.void], t0_us: int, duration_us: int) -> None:
        """Render the events of a slice; returns before that is done."""
        from eventvision.kernels.gpu.scatter import add_counts, add_voxels

        count = len(events)
        if count > len(self._below):
            self._room(1 << (count - 1).bit_length())
        self._below[:count].numpy()[...] = as_words(events).reshape(-1, 2).view(np.int64)
        self._above[:count].copy_(self._below[:count], non_blocking=True)
        self._planes.zero_()
        if self._is_voxel:
            add_voxels(
                self._above[:count], self._planes, t0_us=t0_us, duration_us=max(duration_us, 1)
            )
        else:
            add_counts(self._above[:count], self._planes)

    def _room(self, events: int) -> None:
        """Make room for so many events, on the host and on the device."""
        device = self._planes.device
        self._below = torch.empty((events, 2), dtype=torch.int64, pin_memory=device.type == "cuda")
        self._above = torch.empty((events, 2), dtype=torch.int64, device=device)
