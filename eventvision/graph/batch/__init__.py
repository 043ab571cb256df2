"""The batch twin of event graphs, in torch: for training, and for whole recordings at once."""

from ._edges import TensorEdges
from ._functions import fire, largest, message_sums, messages, row_sums
from ._gpu import run_on_gpu
from ._model import GraphModel, GraphShape
from ._runs import Runs

__all__ = [
    "GraphModel",
    "GraphShape",
    "Runs",
    "TensorEdges",
    "fire",
    "largest",
    "message_sums",
    "messages",
    "row_sums",
    "run_on_gpu",
]
