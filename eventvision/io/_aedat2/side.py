"""What DAVIS sends beside contrast events: inertial samples, frames, external events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import IMU_DTYPE, TRIGGER_DTYPE, Damage, Frame, SensorSize
from eventvision.kernels import aedat2 as kernel

from .header import Aedat2Header

_WORDS_PER_SAMPLE = 7
_ACCELEROMETER, _TEMPERATURE, _GYROSCOPE = slice(0, 3), 3, slice(4, 7)
_LSB_PER_DEGREE, _ZERO_DEGREES = 340.0, 35.0
_FALLING = 2
_WHOLE = 0.99
"""Share of its pixels that a frame must have; a lost word here and there does not matter."""

Words = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Side:
    """What a stretch of words held."""

    imu: NDArray[np.void]
    triggers: NDArray[np.void]
    frames: tuple[Frame, ...]
    damage: tuple[Damage, ...]


class DavisSide:
    """Puts together samples and frames from words that come one by one."""

    def __init__(self, header: Aedat2Header, sensor: SensorSize) -> None:
        self._header = header
        self._imu = np.empty((0, 2), np.int64)
        self._frame = _Frame(sensor, header.global_shutter)

    def copy(self) -> Self:
        """Return one in the same state."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._frame = self._frame.copy()
        return twin

    def take(self, words: Words, byte_start: int, byte_end: int) -> Side:
        """Return what is complete after these words, shape (N, 2): time and address."""
        address = words[:, 1]
        is_pixel = (address >> 31 == 1) & ((address >> 10) & 3 < 2)
        is_imu = (address >> 31 == 1) & ((address >> 10) & 3 == 3)
        is_external = address >> 31 == 0
        imu, torn_samples = self._samples(words[is_imu])
        frames, torn_frames = self._frame.take(words[is_pixel])
        found = (
            ("torn-imu", f"{torn_samples} inertial words without their sample", torn_samples),
            ("torn-frame", f"{torn_frames} frames without some of their pixels", torn_frames),
        )
        damage = tuple(
            Damage(kind=kind, message=message, byte_start=byte_start, byte_end=byte_end)
            for kind, message, count in found
            if count
        )
        return Side(imu, external_edges(words[is_external]), tuple(frames), damage)

    def _samples(self, words: Words) -> tuple[NDArray[np.void], int]:
        """Return whole samples and how many words belong to none."""
        words = np.concatenate([self._imu, words])
        codes = (words[:, 1] >> 28) & 7
        begins = np.flatnonzero(codes == 0)
        inside = begins[begins + _WORDS_PER_SAMPLE <= codes.size]
        rows = inside[:, None] + np.arange(_WORDS_PER_SAMPLE)
        whole = rows[(codes[rows] == np.arange(_WORDS_PER_SAMPLE)).all(axis=1)]
        open_from = begins[inside.size] if inside.size < begins.size else codes.size
        tail_is_sound = (codes[open_from:] == np.arange(codes.size - open_from)).all()
        keep_from = open_from if tail_is_sound else codes.size
        self._imu = words[keep_from:].copy()
        return self._scaled(words[whole]), int(keep_from) - whole.size

    def _scaled(self, samples: Words) -> NDArray[np.void]:
        """Return samples, shape (N, 7, 2), in physical units."""
        values = ((samples[:, :, 1] >> 12) & 0xFFFF).astype(np.uint16).view(np.int16)
        out = np.zeros(len(samples), IMU_DTYPE)
        out["t"] = samples[:, 0, 0]
        out["accelerometer"] = values[:, _ACCELEROMETER] / self._header.lsb_per_g
        out["temperature"] = values[:, _TEMPERATURE] / _LSB_PER_DEGREE + _ZERO_DEGREES
        out["gyroscope"] = values[:, _GYROSCOPE] / self._header.lsb_per_deg_s
        return out


class _Frame:
    """The frame being assembled."""

    def __init__(self, sensor: SensorSize, global_shutter: bool) -> None:
        self._global = global_shutter
        self._resets = kernel.new_reads(sensor.width, sensor.height)
        self._pixels = np.zeros(sensor.shape, np.uint8)
        self._state = np.zeros(kernel.FRAME_WORDS, np.int64)

    def copy(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._resets, twin._pixels = self._resets.copy(), self._pixels.copy()
        twin._state = self._state.copy()
        return twin

    def take(self, reads: Words) -> tuple[list[Frame], int]:
        """Return frames completed and how many were torn."""
        frames: list[Frame] = []
        torn, at = 0, 0
        while at < len(reads):
            at = kernel.assemble_frame(reads, at, self._resets, self._pixels, self._state)
            done = int(self._state[kernel.DONE])
            if done < self._pixels.size and not self._state[kernel.TORN]:
                break
            if done >= _WHOLE * self._pixels.size:
                frames.append(self._finished())
            else:
                torn += 1
            self._begin()
        return frames, torn

    def _begin(self) -> None:
        height, width = self._pixels.shape
        self._resets = kernel.new_reads(width, height)
        self._pixels = np.zeros_like(self._pixels)
        self._state = np.zeros_like(self._state)

    def _finished(self) -> Frame:
        done, resets, reset_sum, signal_sum, last_reset, first_signal, _ = self._state.tolist()
        begin_us = last_reset if self._global else reset_sum / resets
        end_us = first_signal if self._global else signal_sum / done
        exposure_us = max(0, round(end_us - begin_us))
        return Frame(round((begin_us + end_us) / 2), exposure_us, self._pixels)


def external_edges(words: Words) -> NDArray[np.void]:
    """Return external events; those that do not say which edge they are count as rising."""
    edges = np.zeros(len(words), TRIGGER_DTYPE)
    edges["t"] = words[:, 0]
    edges["rising"] = words[:, 1] & 7 != _FALLING
    return edges
