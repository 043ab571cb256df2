"""Which devices there are: our own, and those that other packages bring.

A package brings a device by an entry point in the group `eventvision.devices`: its name is the name
of the device, its object is called to make one. Names are listed without importing anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from eventvision.core import Device, DeviceError, DeviceInfo

GROUP = "eventvision.devices"

_BUILT_IN = {
    "onnx": "_onnx:OnnxDevice",
    "onnx:cuda": "_onnx:OnnxDevice",
    "onnx:tensorrt": "_onnx:OnnxDevice",
    "onnx:openvino": "_onnx:OnnxDevice",
    "onnx:coreml": "_onnx:OnnxDevice",
    "cpu": "_cpu:CpuDevice",
    "cuda": "_cuda:CudaDevice",
    "fpga": "fpga:FpgaDevice",
    "speck": "speck:SpeckDevice",
    "reference": "_reference:ReferenceDevice",
    "null": "_null:NullDevice",
    "process": "_process:ProcessDevice",
    "hybrid": "_hybrid:HybridDevice",
}
"""Module and class by name; the order is that of preference and of listings."""


def device_names() -> tuple[str, ...]:
    """Names of all devices, those of other packages last; nothing is imported for it."""
    return (*_BUILT_IN, *sorted(_plug_ins()))


def find_device(text: str) -> Device:
    """Return a device by what is written in `--device`: `NAME` or `NAME:ARGUMENT`.

    Raises:
        DeviceError: If there is none of that name, or its package cannot be loaded.
    """
    name, _, argument = text.partition(":")
    return _made(text, _factory(name), argument)


def probe_devices() -> tuple[DeviceInfo, ...]:
    """Ask every device about itself; one that cannot be asked is listed as missing, with its error.

    Packages of other devices are imported for it.
    """
    return tuple(_probed(name) for name in device_names())


def _probed(name: str) -> DeviceInfo:
    try:
        return find_device(name).probe()
    except DeviceError as error:
        problem, remedy = error.problem, error.remedy
    except Exception as error:  # whatever a package of somebody else raises
        problem, remedy = f"its probe failed ({_told(error)})", "tell its authors"
    return DeviceInfo(name=name, summary="", formats=(), missing=problem, remedy=remedy)


def _factory(name: str) -> Callable[..., Device]:
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        made: Callable[..., Device] = getattr(import_module(f".{module}", __package__), attribute)
        return made
    found = _plug_ins().get(name, [])
    if not found:
        raise DeviceError(
            name, "there is no such device", f"choose from: {', '.join(device_names())}"
        )
    if len(found) > 1:
        packages = " and ".join(map(_package, found))
        raise DeviceError(name, f"{packages} both bring it", "remove one of them")
    try:
        return _loaded(found[0])
    except (Exception, SystemExit) as error:
        package = _package(found[0])
        problem = f"its package {package} cannot be loaded ({_told(error)})"
        raise DeviceError(name, problem, f"mend or remove {package}") from error


def _loaded(plug_in: EntryPoint) -> Callable[..., Device]:
    made: Any = plug_in.load()
    if not callable(made):
        raise TypeError(f"{plug_in.value} is {type(made).__name__}, not something to call")
    return made  # type: ignore[no-any-return]


def _made(text: str, factory: Callable[..., Device], argument: str) -> Device:
    name = text.partition(":")[0]
    given = (argument,) if argument else ()
    try:
        inspect.signature(factory).bind(*given)
    except TypeError:
        problem = (
            f"takes nothing after the colon, got {argument!r}" if given else "needs a word more"
        )
        remedy = f"write {name}" if given else f"write {name}:WORD"
        raise DeviceError(text, problem, remedy) from None
    return factory(*given)


def _plug_ins() -> dict[str, list[EntryPoint]]:
    """Return the entry points by name; a name that is taken by us brings none."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        if entry.name not in _BUILT_IN:
            found.setdefault(entry.name, []).append(entry)
    return found


def _package(plug_in: EntryPoint) -> str:
    return plug_in.dist.name if plug_in.dist else plug_in.value


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
