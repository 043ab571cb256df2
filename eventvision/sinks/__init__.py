"""Results out of the pipeline: JSON lines, arrays."""

from ._arrays import ArraysSink
from ._jsonl import JsonlSink

__all__ = [
    "ArraysSink",
    "JsonlSink",
]
