"""What training makes small."""

from ._dense import distance_loss, surface_loss
from ._detection import (
    Places,
    assign,
    boxes_at,
    detection_loss,
    paired_iou,
    pairwise_iou,
    places_of,
)
from ._pictures import (
    laplacian_distance,
    moved,
    multi_scale_ssim,
    scaled,
    ssim,
    temporal_distance,
)

__all__ = [
    "Places",
    "assign",
    "boxes_at",
    "detection_loss",
    "distance_loss",
    "laplacian_distance",
    "moved",
    "multi_scale_ssim",
    "paired_iou",
    "pairwise_iou",
    "places_of",
    "scaled",
    "ssim",
    "surface_loss",
    "temporal_distance",
]
