"""What is true of a batch of scenes at some instants, as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._pictures import UNLABELLED


@dataclass(slots=True)
class Truths:
    """Truth at `times` instants of each clip; all of shape (times, clips, height, width) or so.

    Attributes:
        intensity: float32: linear intensity, 0 black to 1 white.
        classes: uint8: index into `SEGMENTATION_CLASSES`, `UNLABELLED` where nobody knows.
        instances: uint8: id of the object seen within its clip, 0 for background.
        depth_m: float32: distance along the optical axis, 0 where nobody knows; sky is infinite.
        flow_px: float32, shape (times, clips, 2, height, width): by how much what is seen has moved
            since the instant before, columns then rows. Limbs are taken to move with their body.
    """

    intensity: Tensor
    classes: Tensor
    instances: Tensor
    depth_m: Tensor
    flow_px: Tensor

    @classmethod
    def blank(cls, times: int, clips: int, shape: tuple[int, int], device: torch.device) -> Truths:
        """Return what is true of nothing: unlabelled, without objects, at no known distance."""
        size = times, clips, *shape

        def full(value: int) -> Tensor:
            return torch.full(size, value, dtype=torch.uint8, device=device)

        zeros = torch.zeros(size, device=device)
        flow = torch.zeros(times, clips, 2, *shape, device=device)
        return cls(zeros, full(UNLABELLED), full(0), zeros.clone(), flow)
