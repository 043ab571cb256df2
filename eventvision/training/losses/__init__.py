"""What training makes small."""

from ._pictures import (
    laplacian_distance,
    moved,
    multi_scale_ssim,
    scaled,
    ssim,
    temporal_distance,
)

__all__ = [
    "laplacian_distance",
    "moved",
    "multi_scale_ssim",
    "scaled",
    "ssim",
    "temporal_distance",
]
