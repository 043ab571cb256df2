"""Training of the trigger: when a slice should end, learned from what a late end costs.

After SpikeSlicer (Cao et al., NeurIPS 2024): a frozen downstream network scores slices that end
around the present spike, and losses on the membrane move the spike to the best of them.
"""

from ._downstream import Change, Downstream, Reconstruction, open_downstream
from ._feedback import best_ends, costs_of_ends
from ._losses import linear_loss, membrane_loss, potentials, rate_loss
from ._recipe import TriggerRecipe, load_trigger_recipe
from ._streams import CellStream, make_stream, streams_of
from ._train import TriggerProgress, train_trigger
from ._write import write_trigger

__all__ = [
    "CellStream",
    "Change",
    "Downstream",
    "Reconstruction",
    "TriggerProgress",
    "TriggerRecipe",
    "best_ends",
    "costs_of_ends",
    "linear_loss",
    "load_trigger_recipe",
    "make_stream",
    "membrane_loss",
    "open_downstream",
    "potentials",
    "rate_loss",
    "streams_of",
    "train_trigger",
    "write_trigger",
]
