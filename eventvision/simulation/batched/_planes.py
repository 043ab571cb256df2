"""Representations filled sub-step by sub-step, with the meaning of `eventvision.representations`.

An interval is the stretch of a slice between two instants of a voxel grid, or one bin of a
histogram. A sub-step never reaches beyond its interval, so the share of an event in a plane is
linear in its time within a sub-step, and the mean time of the events gives the exact sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from eventvision.core import ConfigError, parse_count

from ._pixels import Fired


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sub-step lies in the slices of each clip; all of shape (clips,).

    Attributes:
        slices: int64: number of the slice.
        intervals: int64: number of the interval within the slice.
        start: float32: where in the interval it starts, 0 to 1.
        span: float32: how much of the interval it takes.
    """

    slices: Tensor
    intervals: Tensor
    start: Tensor
    span: Tensor


class Planes(Protocol):
    """A representation of every slice of every clip, being filled."""

    @property
    def values(self) -> Tensor:
        """float32, shape (slices, clips, channels, height, width)."""

    def add(self, fired: Fired, place: Place) -> None:
        """Add the events of a sub-step."""


@dataclass(frozen=True, slots=True)
class PlaneForm:
    """A representation by its text form.

    Attributes:
        text: `voxel:BINS`, `histogram` or `stack:BINS`.
        channels: Planes of a slice.
        intervals: Intervals into which it divides a slice.
    """

    text: str
    channels: int
    intervals: int

    @classmethod
    def parse(cls, text: str) -> PlaneForm:
        """Read the text form.

        `voxel:5` and `histogram` are those of `eventvision.representations`; `stack:5` has five
        histograms of equal stretches of the slice, one after the other, OFF before ON in each.

        Raises:
            ConfigError: If it is not one of these.
        """
        name, _, setting = text.strip().partition(":")
        try:
            bins = parse_count(setting) if setting else 5
        except ValueError as error:
            raise ConfigError("representation", text, _FORMS) from error
        if name == "voxel":
            return cls(text, bins, max(1, bins - 1))
        if name == "stack":
            return cls(text, 2 * bins, bins)
        if name == "histogram" and not setting:
            return cls(text, 2, 1)
        raise ConfigError("representation", text, _FORMS)

    def empty(
        self, slices: int, clips: int, shape: tuple[int, int], device: torch.device
    ) -> Planes:
        """Return the representation of slices without events."""
        size = slices, clips, self.channels, *shape
        values = torch.zeros(size, device=device)
        return _Voxels(values) if self.text.startswith("voxel") else _Counts(values)


_FORMS = "voxel[:BINS], histogram or stack[:BINS]"


class _Voxels:
    """Signed counts, shared between the two nearest instants."""

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self._rows = values.view(-1, values.shape[3] * values.shape[4])

    def add(self, fired: Fired, place: Place) -> None:
        clips, channels = self.values.shape[1:3]
        rows = _rows(place, clips, channels)
        if channels == 1:
            self._rows.index_add_(0, rows, fired.counts.reshape(clips, -1))
            _add_points(self._rows, rows, fired, fired.misfires)
            return
        rows = rows + place.intervals
        self._share(fired, rows, place)
        clip = _clip_of(fired, self._rows.shape[1])
        late = (place.start[clip] + fired.misfired * place.span[clip]) * fired.misfires
        _add_points(self._rows, rows, fired, fired.misfires - late)
        _add_points(self._rows, rows + 1, fired, late)

    def _share(self, fired: Fired, rows: Tensor, place: Place) -> None:
        if rows.device.type != "cpu":
            self._share_tensors(fired, rows, place)
            return
        from eventvision.kernels.crossings import add_signed

        maps = (fired.counts.flatten(1).numpy(), fired.when.flatten(1).numpy())
        places = (rows.numpy(), place.start.numpy(), place.span.numpy())
        add_signed(*maps, *places, self._rows.numpy())

    def _share_tensors(self, fired: Fired, rows: Tensor, place: Place) -> None:
        start, span = place.start.view(-1, 1, 1), place.span.view(-1, 1, 1)
        late = torch.addcmul(start, fired.when, span) * fired.counts
        self._rows.index_add_(0, rows, (fired.counts - late).flatten(1))
        self._rows.index_add_(0, rows + 1, late.flatten(1))


class _Counts:
    """Numbers of events by polarity, in one stretch of the slice or several."""

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self._rows = values.view(-1, values.shape[3] * values.shape[4])

    def add(self, fired: Fired, place: Place) -> None:
        clips, channels = self.values.shape[1:3]
        rows = _rows(place, clips, channels) + 2 * place.intervals.clamp(max=channels // 2 - 1)
        counts = fired.counts.reshape(clips, -1)
        if rows.device.type == "cpu":
            from eventvision.kernels.crossings import add_split

            add_split(counts.numpy(), rows.numpy(), self._rows.numpy())
        else:
            self._rows.index_add_(0, rows, (-counts).clamp_(min=0))
            self._rows.index_add_(0, rows + 1, counts.clamp(min=0))
        _add_points(self._rows, rows, fired, (-fired.misfires).clamp(min=0))
        _add_points(self._rows, rows + 1, fired, fired.misfires.clamp(min=0))


def _rows(place: Place, clips: int, channels: int) -> Tensor:
    """Return the row of the first plane of each clip's slice."""
    clip = torch.arange(clips, device=place.slices.device)
    return (place.slices * clips + clip) * channels


def _clip_of(fired: Fired, pixels: int) -> Tensor:
    return fired.places // pixels


def _add_points(planes: Tensor, rows: Tensor, fired: Fired, amounts: Tensor) -> None:
    """Add to single pixels, given by their place in the batch, of the plane of their clip."""
    pixels = planes.shape[1]
    index = rows[_clip_of(fired, pixels)] * pixels + fired.places % pixels
    planes.view(-1).index_put_((index,), amounts, accumulate=True)
