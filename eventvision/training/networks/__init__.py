"""The networks that are trained here, as torch modules."""

from ._reconstruction import MULTIPLE, SpikingReconstruction, normalised

__all__ = ["MULTIPLE", "SpikingReconstruction", "normalised"]
