"""The device that opens the encoder of a model on one device and its heads on another."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Device,
    DeviceError,
    DeviceInfo,
    Fit,
    ModelCard,
    Session,
    SessionOptions,
)
from eventvision.devices._facets import EventIntake
from eventvision.devices._tensors import Arrays, unknown_sizes, zeros

from ._integer import example_sizes, part_integer
from ._onnx import part_onnx
from ._parts import Parts, real_tensor

_REMEDY = "write hybrid:ENCODER/HEADS, such as hybrid:cuda/onnx"
_OUT_OF_PROCESS = "process"


class HybridDevice:
    """Two devices that share a model.

    Args:
        pair: Name of the device for the encoder, a slash, and that for the heads; empty for none,
            which only tells what this is.

    Raises:
        DeviceError: If there are not two, or one of them does not exist.
    """

    def __init__(self, pair: str = "") -> None:
        self._name = f"hybrid:{pair}" if pair else "hybrid"
        self._devices: tuple[Device, ...] = ()
        if not pair:
            return
        names = [name.strip() for name in pair.rpartition("/")[::2]]
        for name in names:
            if not name or name.partition(":")[0] in {"hybrid", _OUT_OF_PROCESS}:
                problem = f"{name or 'nothing'} cannot be one of the two"
                raise DeviceError(self._name, problem, _REMEDY)
        from eventvision.devices._registry import find_device

        self._devices = tuple(map(find_device, names))

    def probe(self) -> DeviceInfo:
        """Ask both; what one of them lacks, this lacks."""
        infos = [device.probe() for device in self._devices]
        common = [name for info in infos[:1] for name in info.formats if name in infos[1].formats]
        absent = next((info for info in infos if not info.is_present), None)
        return DeviceInfo(
            name=self._name,
            summary="hybrid:ENCODER/HEADS runs the parts of a model on two devices",
            formats=tuple(name for name in common if name in {"integer", "onnx"}),
            missing=f"{absent.name}: {absent.missing}" if absent else "",
            remedy=absent.remedy if absent else "",
            facets=tuple(dict.fromkeys(name for info in infos for name in info.facets)),
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Part the model and ask both."""
        fit = Fit(reason="it names no devices", remedy=_REMEDY)
        if not self._devices:
            return fit
        formats = self.probe().formats
        for artifact in formats:
            if artifact in card.artifacts:
                with TemporaryDirectory() as folder:
                    fit = self._fit(card, options, artifact, Path(folder))
                if fit.is_yes:
                    return fit
        if not any(artifact in card.artifacts for artifact in formats):
            reason = f"both take {' or '.join(formats) or 'no common form'}"
            return Fit(reason=f"{reason}, {card.name} has {', '.join(card.artifacts)}",
                       remedy="choose two devices that take the same form of it")  # fmt: skip
        return fit

    def open(self, card: ModelCard, options: SessionOptions) -> HybridSession:
        """Part the model and open both parts."""
        fit = self.fits(card, options)
        if not fit.is_yes:
            raise DeviceError(self._name, str(fit), fit.remedy or _REMEDY)
        folder = TemporaryDirectory()
        try:
            parts = _parted(card, fit.artifact, dict(options.sizes), Path(folder.name))
            if parts is None:
                raise DeviceError(self._name, f"{card.name} cannot be parted", _REMEDY)
            return HybridSession(parts, self._devices, options, folder)
        except BaseException:
            folder.cleanup()
            raise

    def _fit(self, card: ModelCard, options: SessionOptions, artifact: str, folder: Path) -> Fit:
        sizes = dict(options.sizes)
        if unknown_sizes(card, sizes):
            sizes = {**example_sizes(card), **sizes}
        try:
            parts = _parted(card, artifact, sizes, folder)
        except ValueError as error:
            return Fit(reason=str(error), remedy="give it inputs of another size")
        if parts is None:
            reason = f"the outputs of {card.name} share no encoder that could lie elsewhere"
            return Fit(reason=reason, remedy="name one device")
        for part, device in zip((parts.encoder, parts.heads), self._devices, strict=True):
            known = {name: size for name, size in sizes.items() if _is_free(part, name)}
            fit = device.fits(part, dataclasses.replace(options, sizes=known))
            if not fit.is_yes:
                reason = f"{part.name} on {device.probe().name}: {fit.reason}"
                return dataclasses.replace(fit, reason=reason)
        return Fit(artifact=artifact)


class HybridSession:
    """A model whose parts are open on two devices.

    Args:
        parts: The parts.
        devices: For the encoder and for the heads.
        options: `sizes` names every free size of the whole model.
        folder: Where the parts lie; deleted at the end.

    Raises:
        DeviceError: If a part cannot be opened.
    """

    def __init__(
        self,
        parts: Parts,
        devices: tuple[Device, ...],
        options: SessionOptions,
        folder: TemporaryDirectory[str],
    ) -> None:
        self._parts, self._folder = parts, folder
        self._encoder: Session = devices[0].open(parts.encoder, options)
        try:
            given = self._encoder.step(zeros(parts.encoder.inputs, options.sizes))
            self._encoder.reset()
            shapes = {inner: given[outer].shape for outer, inner in parts.handed.items()}
            heads = _with_shapes(parts.heads, shapes)
            self._own_inputs = [name for name in heads.inputs if name not in shapes]
            known = {name: size for name, size in options.sizes.items() if _is_free(heads, name)}
            self._heads: Session = devices[1].open(heads, dataclasses.replace(options, sizes=known))
        except BaseException:
            self._encoder.close()
            raise
        self.facets = (*_facets(self._encoder), *_facets(self._heads))

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Run the encoder, hand over, run the heads."""
        found = self._encoder.step(inputs)
        given = {inner: found[outer] for outer, inner in self._parts.handed.items()}
        return self._heads.step(given | {name: inputs[name] for name in self._own_inputs})

    def reset(self) -> None:
        """Set the state of both back."""
        self._encoder.reset()
        self._heads.reset()

    def close(self) -> None:
        """Release both; may be called twice."""
        self._encoder.close()
        self._heads.close()
        self._folder.cleanup()


def _parted(card: ModelCard, artifact: str, sizes: dict[str, int], folder: Path) -> Parts | None:
    if len(card.inputs) != 1:
        return None
    return part_integer(card, sizes, folder) if artifact == "integer" else part_onnx(card, folder)


def _with_shapes(card: ModelCard, shapes: dict[str, tuple[int, ...]]) -> ModelCard:
    inputs = {name: real_tensor(shapes[name]) if name in shapes else spec
              for name, spec in card.inputs.items()}  # fmt: skip
    return dataclasses.replace(card, inputs=inputs)


def _is_free(card: ModelCard, name: str) -> bool:
    return any(name in spec.shape for spec in card.inputs.values())


def _facets(session: Session) -> tuple[object, ...]:
    """Return what a part tells; that it takes events does not hold for the whole."""
    return tuple(
        each for each in getattr(session, "facets", ()) if not isinstance(each, EventIntake)
    )
