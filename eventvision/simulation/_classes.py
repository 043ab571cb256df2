"""What things in a scene are called: surfaces, movers, and the labels of CamVid."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SEGMENTATION_CLASSES = (
    "sky",
    "building",
    "vegetation",
    "road",
    "pavement",
    "vehicle",
    "person",
    "pole",
    "other",
)
"""What a pixel may show; `SceneTruth.class_map` holds indices into this."""

DETECTION_CLASSES = ("vehicle", "pedestrian", "cyclist", "other")
"""What a moving object may be; `SceneTruth.classes` of the named scenes are indices into this."""

CAMVID_CLASSES: Mapping[int, str] = MappingProxyType(
    {
        0: "sky",
        1: "building",
        2: "pole",
        3: "road",
        4: "pavement",
        5: "vegetation",
        6: "pole",  # signs and symbols stand on poles and look like them
        7: "other",  # fences
        8: "vehicle",
        9: "person",
        10: "person",  # the label of bicyclists covers the rider and the bicycle
        11: "other",  # unlabelled
    }
)
"""Values of CamVid's twelve-class label images, and what they are here."""

CAMVID_MOVERS: Mapping[int, str] = MappingProxyType({8: "vehicle", 9: "pedestrian", 10: "cyclist"})
"""Values whose connected regions are objects that move on their own."""
