"""An endless source of simulated training data.

Every batch is a pure function of the seed and its number (on a given kind of device), so a run can
be resumed, a batch looked at again, and a validation set be a list of numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from eventvision.core import ConfigError
from eventvision.simulation.batched import Director, PlaneForm, SceneMix, simulate

from ._sequences import Sequences, sequences_from

_STEPS_PER_SLICE = 6
_DRAWN_SEED = 2026


@dataclass(frozen=True, kw_only=True, slots=True)
class SequenceSettings:
    """What batches of sequences are like.

    Attributes:
        mix: What clips are made of.
        representation: `voxel:BINS`, `histogram`, or `stack:BINS` (histograms of equal stretches
            of the slice, OFF before ON in each).
        slices: Slices in a sequence, T.
        batch: Sequences in a batch, B.
        height: Height of the images.
        width: Width of the images.
        steps_per_slice: Sub-steps simulated per slice in the mean, no fewer than the representation
            has intervals. More of them let clips move farther.
        most_objects: Objects that there are boxes for, N.
        least_pixels: Objects of which less is seen have no box.
        seed: Decides everything, together with the number of the batch.
    """

    mix: SceneMix = field(default_factory=SceneMix)
    representation: str = "voxel:5"
    slices: int = 12
    batch: int = 8
    height: int = 112
    width: int = 112
    steps_per_slice: int = _STEPS_PER_SLICE
    most_objects: int = 20
    least_pixels: int = 12
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("slices", "batch", "steps_per_slice", "most_objects", "least_pixels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if min(self.height, self.width) < 32:
            raise ValueError(f"images are 32x32 or more, got {self.width}x{self.height}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")
        intervals = PlaneForm.parse(self.representation).intervals
        if self.steps_per_slice < intervals:
            raise ConfigError(
                "steps_per_slice",
                self.steps_per_slice,
                f"{intervals} or more for {self.representation}",
            )


class SequenceGenerator(IterableDataset[Sequences]):
    """Endless batches of simulated sequences.

    Iterating yields batches `first`, `first + 1`, and so on; each worker process of a `DataLoader`
    takes its share of the numbers. `batch(number)` makes any one of them.

    Args:
        settings: What batches are like.
        device: Where to simulate: `cpu` or `cuda`. Worker processes can use `cpu` only.
        first: Number of the first batch, where a run goes on.

    Raises:
        ConfigError: If the representation is not known.
        SourceNotFoundError: If a folder of images does not exist or is empty.
    """

    def __init__(
        self,
        settings: SequenceSettings | None = None,
        *,
        device: torch.device | str = "cpu",
        first: int = 0,
    ) -> None:
        self.settings = settings or SequenceSettings()
        self.first = first
        self._device = torch.device(device)
        self._form = PlaneForm.parse(self.settings.representation)
        self._shape = self.settings.height, self.settings.width
        self._steps = self.settings.steps_per_slice * self.settings.slices
        self._director = Director(
            self.settings.mix, self._shape, self.settings.slices, self._steps, _DRAWN_SEED
        )

    @property
    def channels(self) -> int:
        """Planes of the representation."""
        return self._form.channels

    def batch(self, number: int) -> Sequences:
        """Return the batch of a number, always the same."""
        settings = self.settings
        random = np.random.default_rng([settings.seed, number])
        plans = [self._director.plan(part) for part in random.spawn(settings.batch)]
        generator = torch.Generator(self._device)
        generator.manual_seed(int(random.integers(1 << 62)))
        with torch.no_grad():
            simulation = simulate(
                plans,
                form=self._form,
                shape=self._shape,
                slices=settings.slices,
                steps=self._steps,
                random=random,
                generator=generator,
            )
            return sequences_from(
                simulation,
                most_objects=settings.most_objects,
                least_pixels=settings.least_pixels,
            )

    def __iter__(self) -> Iterator[Sequences]:
        worker = get_worker_info()
        start, stride = (0, 1) if worker is None else (worker.id, worker.num_workers)
        number = self.first + start
        while True:
            yield self.batch(number)
            number += stride


def sequence_loader(generator: SequenceGenerator, *, workers: int = 0) -> DataLoader[Sequences]:
    """Return a loader that makes batches in processes of their own, in order.

    Args:
        generator: Where batches come from; on `cpu` if there are workers.
        workers: Number of processes; 0 to make batches when they are asked for.
    """
    return DataLoader(
        generator,
        batch_size=None,
        num_workers=workers,
        worker_init_fn=_one_thread if workers else None,
        persistent_workers=False,
        prefetch_factor=2 if workers else None,
    )


def _one_thread(number: int) -> None:  # noqa: ARG001
    torch.set_num_threads(1)
