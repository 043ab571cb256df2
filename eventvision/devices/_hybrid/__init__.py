"""A model in two parts on two devices: the encoder that its outputs share, and its heads."""

from ._device import HybridDevice

__all__ = ["HybridDevice"]
