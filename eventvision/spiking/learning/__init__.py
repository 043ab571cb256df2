"""Training rules and what goes with them: BPTT, SLTT, OTTT, rate regulariser, checkpointing."""

from ._adapt import Adaptation, LabelledSteps, accuracy, adapt
from ._checkpoint import Checkpointed
from ._packing import packed_spikes
from ._rates import SpikeRates
from ._rules import bptt, ottt, sltt
from ._steps import EvidenceLoss, StepLoss
from ._traces import EligibilityTraces

__all__ = [
    "Adaptation",
    "Checkpointed",
    "EligibilityTraces",
    "EvidenceLoss",
    "LabelledSteps",
    "SpikeRates",
    "StepLoss",
    "accuracy",
    "adapt",
    "bptt",
    "ottt",
    "packed_spikes",
    "sltt",
]
