"""What nodes of an ONNX graph are set to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from eventvision.core import DeviceError

Attributes: TypeAlias = Mapping[str, Any]


def refused(what: str) -> DeviceError:
    """Return the error for a form of an operator that is rarely used."""
    return DeviceError("cuda", f"{what} is not known here", "run it on onnx:cuda")


def text(a: Attributes, name: str, default: str) -> str:
    """Return a setting that is a text."""
    value = a.get(name, default)
    return value.decode() if isinstance(value, bytes) else str(value)
