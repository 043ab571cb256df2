"""Training of the trigger: when a slice should end, learned from what a late end costs.

After SpikeSlicer (Cao et al., NeurIPS 2024): a frozen downstream network scores slices that end
around the present spike, or the best way to cut a whole stream is known, and losses on the membrane
move the spike to where it should be.
"""

from ._downstream import Change, Downstream, Several
from ._feedback import best_ends, costs_of_ends
from ._losses import linear_loss, membrane_loss, potentials, rate_loss
from ._networks import Detection, Reconstruction, box_error, open_downstream
from ._recipe import TriggerRecipe, load_trigger_recipe
from ._streams import CellStream, make_stream, streams_of
from ._train import TriggerProgress, train_trigger
from ._whole import ageing, best_lengths, ends_of
from ._write import write_trigger

__all__ = [
    "CellStream",
    "Change",
    "Detection",
    "Downstream",
    "Reconstruction",
    "Several",
    "TriggerProgress",
    "TriggerRecipe",
    "ageing",
    "best_ends",
    "best_lengths",
    "box_error",
    "costs_of_ends",
    "ends_of",
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
