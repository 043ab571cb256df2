"""Opens a model on a device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eventvision.core import Device, DeviceError, Fit, ModelCard, Session, SessionOptions, load_card

from ._registry import find_device
from ._session import DeviceSession

AUTO = "auto"
PREFERRED = ("onnx", "cpu", "reference")
"""What `auto` tries in turn."""


def open_session(
    card: ModelCard | str | Path,
    device: str = AUTO,
    *,
    threads: int = 1,
    sizes: Mapping[str, int] | None = None,
) -> DeviceSession:
    """Open a model on a device.

    >>> import numpy as np
    >>> with open_session("digits-nano", "null") as session:
    ...     session.step({"events": np.zeros((1, 2, 34, 34))})["output"].shape
    (1, 10)

    Args:
        card: The model, or its name or folder as `load_card` takes it.
        device: `NAME` or `NAME:ARGUMENT`; `auto` is the first of `onnx`, `cpu` and `reference` that
            is here and that the model fits.
        threads: Most processors that it may keep busy.
        sizes: Free sizes of the card's inputs by name, such as `height`; those left out are
            settled by the first step, which then takes longer.

    Raises:
        DeviceError: If the device is absent or the model does not fit it.
        ModelError: If the model is missing or damaged.
        ConfigError: If `sizes` names what is not free.
        ValueError: If a number is out of its range.
    """
    model = card if isinstance(card, ModelCard) else load_card(card)
    options = SessionOptions(threads=threads, sizes=dict(sizes or {}))
    name = choose_device(model, options) if device == AUTO else device
    found = find_device(name)
    artifact = _must_run(name, found, model, options).artifact

    def opener(known: Mapping[str, int]) -> Session:
        return found.open(model, SessionOptions(threads=threads, sizes=known))

    return DeviceSession(name, model, artifact, options.sizes, opener)


def choose_device(card: ModelCard, options: SessionOptions) -> str:
    """Return the device that `auto` stands for.

    Raises:
        DeviceError: If the model runs on none of them; the reasons are told.
    """
    reasons = []
    for name in PREFERRED:
        device = find_device(name)
        info, fit = device.probe(), device.fits(card, options)
        if info.is_present and fit.is_yes:
            return name
        reasons.append(f"{name}: {info.missing or fit.reason}")
    raise DeviceError(AUTO, f"{card.name} runs on none ({'; '.join(reasons)})", "name a device")


def _must_run(name: str, device: Device, card: ModelCard, options: SessionOptions) -> Fit:
    info = device.probe()
    if not info.is_present:
        raise DeviceError(name, info.missing, info.remedy)
    fit = device.fits(card, options)
    if not fit.is_yes:
        where = f"layer {fit.layer}: " if fit.layer else ""
        raise DeviceError(name, f"{where}{fit.reason}", fit.remedy or "choose another device")
    return fit
