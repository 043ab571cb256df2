"""Readers of public data sets in the layout in which they are distributed."""

from ._classification import GESTURES, DvsGesture, NCaltech101, NCars, NMnist
from ._ddd17 import Ddd17Segmentation
from ._dsec import DsecDetection, DsecDisparity, DsecSemantic
from ._frames import EventCameraDataset, HighQualityFrames
from ._mvsec import MvsecDepth
from ._pedro import Pedro
from ._prophesee import Gen1Detection, MegapixelDetection
from ._sample import UNLABELLED, EventDataset, LabelledBoxes, Sample

__all__ = [
    "GESTURES",
    "UNLABELLED",
    "Ddd17Segmentation",
    "DsecDetection",
    "DsecDisparity",
    "DsecSemantic",
    "DvsGesture",
    "EventCameraDataset",
    "EventDataset",
    "Gen1Detection",
    "HighQualityFrames",
    "LabelledBoxes",
    "MegapixelDetection",
    "MvsecDepth",
    "NCaltech101",
    "NCars",
    "NMnist",
    "Pedro",
    "Sample",
]
