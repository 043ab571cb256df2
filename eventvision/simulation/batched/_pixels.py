"""The pixels of many event cameras at once, as tensor code that writes counts, not events.

What `EventCamera` does for one camera event by event, this does for a batch of clips sub-step by
sub-step, on any device: while a potential moves from one value to the next, linear in time, it
meets its threshold so and so many times, at times that are evenly spaced. Their number and their
mean time follow from a division; no event is ever stored (the idea of V2V, Lou et al., 2025).

Where it is simpler than the exact path: the answer of the low-pass filters is taken as straight
within a sub-step; a pixel misfires at most once in a sub-step, and its potential starts anew at the
end of it; the noise of a reset is that of the last event of a sub-step. There is no bus and no
jitter: they delay events by less than training can notice on an array of this size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.simulation import PixelModel

from ._characters import DEAD_THRESHOLD, column, draw_characters
from ._crossing import Thresholds, cross

_PER_US = 2 * math.pi * 1e-6
_NO_LIMIT_HZ = 1e12
_BELL_SHIFTS = 1 << 14


@dataclass(frozen=True, slots=True)
class Fired:
    """Events of one sub-step.

    Attributes:
        counts: float32, shape (clips, height, width): number of events, negative for OFF.
        when: Same shape: mean time of these events within the sub-step, 0 to 1.
        misfires: float32, shape (M,): 1 for a random ON event, -1 for OFF, 0 for none.
        places: int64, shape (M,): their pixels in the flattened batch.
        misfired: float32, shape (M,): their times within the sub-step, 0 to 1.
    """

    counts: Tensor
    when: Tensor
    misfires: Tensor
    places: Tensor
    misfired: Tensor


class PixelArray:
    """Pixels of a batch of cameras, each clip with a character of its own.

    Args:
        models: One per clip.
        shape: Height and width of the images.
        random: Draws the misfires.
        generator: Draws what differs from pixel to pixel; its device is where everything happens.
    """

    def __init__(
        self,
        models: Sequence[PixelModel],
        shape: tuple[int, int],
        *,
        random: np.random.Generator,
        generator: torch.Generator,
    ) -> None:
        self._device = device = generator.device
        self._size = (len(models), *shape)
        self._random = random
        pixels = draw_characters(models, shape, generator)
        self._leak_per_us = pixels.leak_per_us
        self._potential = pixels.start
        self._level = self._received = self._followed = torch.zeros(self._size, device=device)
        self._rest_us = torch.zeros(self._size, device=device)
        self._dark = column(models, "dark", device)
        self._corner_per_us = _corner(column(models, "bandwidth_hz", device))
        self._corner_in_dark = column(models, "bandwidth_in_dark", device)
        self._follower_per_us = _corner(column(models, "follower_hz", device))
        noise = column(models, "reset_noise", device) * column(models, "on_threshold", device)
        self._law = Thresholds(
            pixels.on, pixels.off, column(models, "refractory_us", device), noise
        )
        self._dimmed = 1 - column(models, "shot_noise_in_light", device).view(-1)
        self._noise_hz = np.array([model.shot_noise_hz for model in models])
        self._noise_on = np.array([model.shot_noise_on_share for model in models])
        bells = self._potential.numel() + _BELL_SHIFTS
        self._bell = torch.randn(bells, generator=generator, device=device)

    def prime(self, intensity: Tensor) -> None:
        """Let the pixels adapt to a first image, float32, shape (clips, height, width)."""
        self._level = torch.log(intensity + self._dark)
        self._received, self._followed = self._level.clone(), self._level.clone()

    def advance(self, intensity: Tensor, duration_us: NDArray[np.float64]) -> Fired:
        """Show the next image.

        Args:
            intensity: float32, shape (clips, height, width), linear, 0 black to 1 white.
            duration_us: Shape (clips,): time since the image before.
        """
        spans = torch.from_numpy(duration_us.astype(np.float32)).to(self._device)
        span_us = spans.view(-1, 1, 1)
        change = self._see(intensity, span_us)
        first = int(self._random.integers(_BELL_SHIFTS))
        bell = self._bell[first : first + change.numel()].view(self._size)
        counts, when = cross(change, self._potential, self._rest_us, self._law, span_us, bell)
        places, sides, misfired, chance = self._misfires(duration_us)
        light = intensity.reshape(-1)[places].clamp(max=1)
        clip = places // (self._size[1] * self._size[2])
        kept = (chance >= light * self._dimmed[clip]).float()
        kept *= self._law.on.view(-1)[places] < DEAD_THRESHOLD
        flat = self._potential.view(-1)
        flat[places] = flat[places] * (1 - kept)
        return Fired(counts, when, sides * kept, places, misfired)

    def _see(self, intensity: Tensor, span_us: Tensor) -> Tensor:
        """Return the change of what the pixels' circuits see, after both filters, with the leak."""
        level = torch.log(intensity + self._dark)
        share = torch.maximum(intensity, self._corner_in_dark)
        turn = share.mul_(self._corner_per_us * span_us)
        follower_turn = self._follower_per_us * span_us
        before, self._level = self._level, level
        if level.device.type == "cpu":
            return self._see_by_kernel(before, turn, follower_turn, span_us)
        return self._see_tensors(before, turn, follower_turn, span_us)

    def _see_tensors(
        self, before: Tensor, turn: Tensor, follower_turn: Tensor, span_us: Tensor
    ) -> Tensor:
        received = _answer(self._received, before, self._level, turn)
        followed = _answer(self._followed, self._received, received, follower_turn)
        change = followed - self._followed
        self._received, self._followed = received, followed
        return change.addcmul_(self._leak_per_us, span_us)

    def _see_by_kernel(
        self, before: Tensor, turn: Tensor, follower_turn: Tensor, span_us: Tensor
    ) -> Tensor:
        from eventvision.kernels.crossings import follow

        change = torch.empty_like(turn)
        follow(
            before.flatten(1).numpy(),
            self._level.flatten(1).numpy(),
            turn.flatten(1).numpy(),
            torch.exp(-turn).flatten(1).numpy(),
            follower_turn.flatten().numpy(),
            self._leak_per_us.flatten(1).numpy(),
            span_us.flatten().numpy(),
            self._received.flatten(1).numpy(),
            self._followed.flatten(1).numpy(),
            change.flatten(1).numpy(),
        )
        return change

    def _misfires(self, duration_us: NDArray[np.float64]) -> tuple[Tensor, ...]:
        """Draw places, polarities, times and chances of random events, as of pixels in the dark."""
        pixels = self._size[1] * self._size[2]
        numbers = self._random.poisson(self._noise_hz * duration_us * (1e-6 * pixels))
        clip = np.repeat(np.arange(len(numbers)), numbers)
        places = clip * pixels + self._random.integers(0, pixels, clip.size)
        on = self._random.random(clip.size) < self._noise_on[clip]
        sides = np.where(on, np.float32(1), np.float32(-1))
        times = self._random.random(clip.size, np.float32)
        chance = self._random.random(clip.size, np.float32)
        drawn = (places, sides, times, chance)
        return tuple(torch.from_numpy(array).to(self._device) for array in drawn)


def _corner(hz: Tensor) -> Tensor:
    """Return the angular corner per microsecond; no limit is one that is never reached."""
    return (hz + (hz == 0) * _NO_LIMIT_HZ) * _PER_US


def _answer(value: Tensor, start: Tensor, end: Tensor, turn: Tensor) -> Tensor:
    """Return where a low-pass filter is after a ramp from `start` to `end`, if it is at `value`.

    `turn` is its corner times the duration.
    """
    decay = torch.exp(-turn)
    lag = (end - start) * ((1 - decay) / turn)
    return torch.addcmul(end - lag, value - start, decay)
