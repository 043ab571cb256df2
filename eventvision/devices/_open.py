"""Opens a model on a device."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Device,
    DeviceError,
    EventVisionError,
    Fit,
    ModelCard,
    Session,
    SessionOptions,
    load_card,
)

from ._artifacts import chosen
from ._choice import AUTO, split_device
from ._quickest import quickest
from ._registry import find_device
from ._session import DeviceSession
from ._supervised import Candidate, Recovery, Report, SupervisedSession
from ._tensors import Arrays, checked_outputs, unknown_sizes

_LOGGER = logging.getLogger("eventvision.devices")
PREFERRED = ("onnx", "cpu")
"""What `auto` chooses from; the first is taken unless another is clearly faster."""


def open_session(
    card: ModelCard | str | Path,
    device: str = AUTO,
    *,
    threads: int = 1,
    sizes: Mapping[str, int] | None = None,
    recovery: Recovery | None = None,
    report: Report | None = None,
) -> DeviceSession:
    """Open a model on a device.

    >>> import numpy as np
    >>> with open_session("digits-nano", "null") as session:
    ...     session.step({"events": np.zeros((1, 2, 34, 34))})["output"].shape
    (1, 10)

    Args:
        card: The model, or its name or folder as `load_card` takes it.
        device: `NAME`, `NAME:ARGUMENT`, or either with `+FALLBACK` behind it; `auto` is what
            `choose_device` says.
        threads: Most processors that it may keep busy.
        sizes: Free sizes of the card's inputs by name, such as `height`; those left out are
            settled by the first step, which then takes longer.
        recovery: How a device that fails is started again.
        report: Takes one line for every failure, restart and change of the device; they are logged
            as warnings of `eventvision.devices` if not given.

    Raises:
        DeviceError: If the device is absent or the model does not fit it, and no fall-back is
            named, or it is absent too.
        ModelError: If the model is missing or damaged.
        ConfigError: If there is no such device, or `sizes` names what is not free.
        ValueError: If a number is out of its range.
    """
    model = card if isinstance(card, ModelCard) else load_card(card)
    limits = recovery or Recovery()
    options = SessionOptions(
        threads=threads,
        sizes=dict(sizes or {}),
        step_timeout_s=limits.step_timeout_s,
        start_timeout_s=limits.start_timeout_s,
    )
    names = [name for name in split_device(device) if name]
    places = [_place(name, model, options) for name in names]
    places[-1].must_be_here()
    if unknown_sizes(model, options.sizes):
        places[-1].must_fit(options)  # else opening it, which is next, tells

    def opener(known: Mapping[str, int]) -> SupervisedSession:
        settled = dataclasses.replace(options, sizes=known)
        candidates = tuple(place.candidate(settled) for place in places)
        return SupervisedSession(candidates, limits, report or _LOGGER.warning)

    return DeviceSession(places[0].name, model, places[0].artifact, options.sizes, opener)


def choose_device(card: ModelCard, options: SessionOptions) -> str:
    """Return the device that `auto` stands for: of `onnx` and `cpu` the one that is faster here.

    That is measured the first time that a model is opened with given sizes and threads, which takes
    a second or so, and kept. Where sizes are not known yet, or there is nothing to measure with, it
    is `onnx`, or `cpu` if the model does not run there.

    Raises:
        DeviceError: If the model runs on none of them; the reasons are told.
    """
    reasons, fitting = [], []
    for name in PREFERRED:
        device = find_device(name)
        info, fit = device.probe(), device.fits(card, options)
        if info.is_present and fit.is_yes:
            fitting.append(name)
        reasons.append(f"{name}: {info.missing or fit.reason}")
    if not fitting:
        raise DeviceError(AUTO, f"{card.name} runs on none ({'; '.join(reasons)})", "name a device")
    if len(fitting) == 1 or unknown_sizes(card, options.sizes):
        return fitting[0]
    try:
        return quickest(card, fitting, options)
    except (EventVisionError, ValueError) as error:  # a golden sample of other shapes
        _LOGGER.info(
            "device auto: %s is taken, as nothing could be measured: %s", fitting[0], error
        )
        return fitting[0]


@dataclass(frozen=True, slots=True)
class _Place:
    """A device that was asked for, and the model that is to run on it."""

    name: str
    device: Device
    card: ModelCard

    @property
    def artifact(self) -> str:
        """The form of the model that the device takes; empty if it takes none."""
        return chosen(self.card, self.device.probe().formats).artifact

    def must_be_here(self) -> None:
        """Refuse a device that is absent, or that takes none of the model's forms."""
        info = self.device.probe()
        if not info.is_present:
            raise DeviceError(self.name, info.missing, info.remedy)
        self._refuse(chosen(self.card, info.formats))

    def must_fit(self, options: SessionOptions) -> None:
        """Refuse a model that does not fit."""
        self._refuse(self.device.fits(self.card, options))

    def candidate(self, options: SessionOptions) -> Candidate:
        """Return what opens the model, every size being known."""

        def opened() -> Session:
            self.must_be_here()
            return self.device.open(self.card, options)

        def checked(outputs: Arrays) -> dict[str, NDArray[np.generic]]:
            return checked_outputs(self.card, self.name, outputs, options.sizes)

        return Candidate(self.name, self.artifact, opened, checked)

    def _refuse(self, fit: Fit) -> None:
        if not fit.is_yes:
            where = f"layer {fit.layer}: " if fit.layer else ""
            remedy = fit.remedy or "choose another device"
            raise DeviceError(self.name, f"{where}{fit.reason}", remedy)


def _place(name: str, card: ModelCard, options: SessionOptions) -> _Place:
    chosen_name = choose_device(card, options) if name == AUTO else name
    return _Place(chosen_name, find_device(chosen_name), card)
