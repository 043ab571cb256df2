"""The generator of training sequences: batches a second, beside a training step.

Sequences of 12 slices of 112x112, eight a batch, as 5-bin voxel grids with all ground truth, made
in one thread. The training step beside it, in the same thread, is forward and backward through a
recurrent network of 0.2 M parameters over the same batch: the generator must not be slower. With a
CUDA device also sequences of 10 slices of 128x128 made there.

    python -m benchmarks.generator
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

import torch
from torch import nn

from eventvision.training import SequenceGenerator, Sequences, SequenceSettings

from ._harness import Options, Row, race, rows_of, run_benchmark, tell

_WARM = 6
_CPU = SequenceSettings(slices=12, batch=8, height=112, width=112)
_GPU = SequenceSettings(slices=10, batch=64, height=128, width=128)


class _Recurrent(nn.Module):
    """A small U-shaped network with a recurrent middle, of the size that is trained on a CPU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(channels, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 48, 3, 2, 1), nn.ReLU()
        )
        self.state = nn.Conv2d(96, 48, 3, 1, 1)
        self.middle = nn.Sequential(
            nn.Conv2d(48, 64, 3, 1, 1), nn.ReLU(), nn.Conv2d(64, 64, 3, 1, 1), nn.ReLU()
        )
        self.up = nn.Sequential(nn.Conv2d(64, 64, 3, 1, 1), nn.PixelShuffle(4))
        self.out = nn.Conv2d(4, 1, 3, 1, 1)

    def forward(self, events: torch.Tensor) -> torch.Tensor:
        """Return an image per slice; `events` has the shape (T, B, channels, height, width)."""
        kept = torch.zeros_like(self.down(events[0]))
        images = []
        for one in events:
            kept = torch.tanh(self.state(torch.cat([self.down(one), kept], dim=1)))
            images.append(self.out(self.up(self.middle(kept))))
        return torch.stack(images)


def _training_step(batch: Sequences) -> Callable[[], float]:
    network = _Recurrent(batch.events.shape[2])
    count = sum(weights.numel() for weights in network.parameters())
    tell(f"the training step is that of {count} parameters")

    def run() -> float:
        begin = time.perf_counter()
        network.zero_grad()
        (network(batch.events) - batch.intensity).abs().mean().backward()
        return time.perf_counter() - begin

    return run


def _batch_time(generator: SequenceGenerator) -> Callable[[], float]:
    numbers = itertools.count(_WARM)

    def run() -> float:
        begin = time.perf_counter()
        for _ in range(4):
            generator.batch(next(numbers))
        return (time.perf_counter() - begin) / 4

    return run


def _on_cpu(options: Options) -> list[Row]:
    torch.set_num_threads(1)
    generator = SequenceGenerator(_CPU)
    batches = [generator.batch(number) for number in range(_WARM)]
    contestants = {
        "ours": _batch_time(generator),
        "a training step": _training_step(batches[-1]),
    }
    results = race(contestants, repeat=options.repeat, best=min)
    return rows_of(
        "a batch of 8x12 slices of 112x112, one thread", "s", results, less_is_better=True
    )


def _on_gpu(options: Options) -> list[Row]:
    if not torch.cuda.is_available():
        tell("no CUDA device: its row is left out")
        return []
    generator = SequenceGenerator(_GPU, device="cuda")
    for number in range(_WARM):
        generator.batch(number)
    rates = []
    for number in range(_WARM, _WARM + 3 * options.repeat):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        generator.batch(number)
        torch.cuda.synchronize()
        rates.append(_GPU.batch / (time.perf_counter() - begin))
    label = f"sequences of 10 slices of 128x128 on {torch.cuda.get_device_name()}"
    return [Row(label=label, unit="sequences/s", ours=max(rates))]


def measure(options: Options) -> Sequence[Row]:
    """Measure on the CPU and, if there is one, on a GPU."""
    return [*_on_cpu(options), *_on_gpu(options)]


if __name__ == "__main__":
    run_benchmark("generator", __doc__ or "", measure)
