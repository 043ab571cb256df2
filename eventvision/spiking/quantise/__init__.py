"""From trained spiking networks to integers: folding, scales, fine-tuning, pruning."""

from ._network import QuantisedNetwork
from ._prune import channel_scores, prune_channels
from ._quantise import quantise
from ._report import LayerReport, compare

__all__ = [
    "LayerReport",
    "QuantisedNetwork",
    "channel_scores",
    "compare",
    "prune_channels",
    "quantise",
]
