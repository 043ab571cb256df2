"""The way to a chip on a board, through sinabs and samna, the makers' packages.

samna comes from the makers' own package index. The package of that name on the public index is a
placeholder that installs something when it is imported, so nothing here imports samna before its
metadata shows compiled code.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError

from ._plan import SENSOR, ChipLayer, ChipPlan

BOARDS = ("speck2edevkit", "speck2fdevkit", "speck2fmodule")
"""Boards as sinabs names them; `:1` behind is the second of a kind."""
REMEDY = "install samna as the makers describe (docs/devices/speck.md), then pip install sinabs"
_COMPILED = (".so", ".pyd", ".dylib")
_LOWEST_POTENTIAL = -(2**15)


def board_missing() -> str:
    """Return why no board can be driven from here; empty if one can. Nothing is imported."""
    for package in ("samna", "sinabs"):
        try:
            found = distribution(package)
        except PackageNotFoundError:
            return f"the package {package} is not installed"
        if package == "samna" and not _is_compiled(found):
            return f"the package samna {found.version} is the placeholder of the public index"
    return ""


def _is_compiled(package: Distribution) -> bool:
    return any(file.name.endswith(_COMPILED) for file in package.files or ())


class BoardNetwork:
    """A model on a board.

    The chip has no steps: what it answers while it is listened to counts for a step. So its spikes
    are close to those of a simulation, and not the same twice.

    Args:
        plan: How the model is laid out; its layers must form a chain.
        board: Such as `speck2fmodule`, with `:1` behind for the second of its kind.
        step_s: How long a step stands for.
        live: Whether the chip's own sensor is the input.

    Raises:
        DeviceError: If a package is missing, the board does not answer, or layers branch.
    """

    def __init__(self, plan: ChipPlan, board: str, step_s: float, *, live: bool = False) -> None:
        if missing := board_missing():
            raise DeviceError(f"speck:{board}", missing, REMEDY)
        self._plan, self._step_s = plan, step_s
        self._board = board if ":" in board else f"{board}:0"
        chain = (SENSOR, *(layer.name for layer in plan.layers))
        if any(layer.source != chain[index] for index, layer in enumerate(plan.layers)):
            raise self._failed("layers branch, only chains are deployed", "use the simulation")
        try:
            self._network = self._deployed(live=live)
        except Exception as error:  # samna and sinabs raise errors of their own
            problem = f"it cannot be set up ({type(error).__name__}: {error})"
            raise self._failed(
                problem, "plug the board in again and see that you may use it"
            ) from error

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.integer]]:
        """Send the events of a step, evenly spread over its time, and count what comes back."""
        counts = np.asarray(inputs[self._plan.input_name]).astype(np.int64)
        return self._counted(self._network(self._spikes(counts)))

    def live(self) -> Iterator[dict[str, NDArray[np.integer]]]:
        """Yield what the chip says to its own sensor, one step after another, without an end."""
        buffer = self._network.samna_output_buffer
        buffer.get_events()
        due = time.monotonic()
        while True:
            due += self._step_s
            time.sleep(max(0.0, due - time.monotonic()))
            yield self._counted(buffer.get_events())

    def reset(self) -> None:
        """Set all potentials to zero."""
        self._network.reset_states()

    def close(self) -> None:
        """Let go of the board; may be called twice."""
        network, self._network = self._network, None
        if network is not None:
            from sinabs.backend.dynapcnn.io import close_device

            network.device_input_graph.stop()
            network.device_output_graph.stop()
            close_device(self._board)

    def _deployed(self, *, live: bool) -> Any:
        from sinabs.backend.dynapcnn import DynapcnnNetwork
        from torch import nn

        parts = [part for layer in self._plan.layers for part in _modules(layer)]
        shape = self._plan.layers[0].input_shape
        network = DynapcnnNetwork(
            nn.Sequential(*parts), input_shape=shape, dvs_input=live, discretize=False
        )
        numbers = [core.number for core in self._plan.cores]
        cores = dict(zip(sorted(network.dynapcnn_layers), numbers, strict=True))
        network.to(device=self._board, layer2core_map=cores, monitor_layers=[-1])
        return network

    def _spikes(self, counts: NDArray[np.int64]) -> list[Any]:
        from sinabs.backend.dynapcnn.chip_factory import ChipFactory

        first = self._plan.layers[0]
        places = np.repeat(np.argwhere(counts), counts[counts > 0], axis=0)
        places[:, 1:] //= first.pool
        inside = np.all(places[:, 1:] < first.input_shape[1:], axis=1)
        table = np.zeros(int(inside.sum()), [(name, np.int64) for name in "xytp"])
        table["p"], table["y"], table["x"] = places[inside].T
        if not len(table):
            return []
        table["t"] = np.arange(len(table)) * int(self._step_s * 1e6) // len(table)
        factory = ChipFactory(self._board)
        core = self._plan.cores[0].number
        events: list[Any] = factory.xytp_to_events(table, layer=core, reset_timestamps=False)
        return events

    def _counted(self, spikes: list[Any]) -> dict[str, NDArray[np.integer]]:
        last, core = self._plan.layers[-1], self._plan.cores[-1].number
        counts = np.zeros(last.shape, np.int64)
        for spike in spikes:
            if getattr(spike, "layer", None) == core:
                counts[spike.feature, spike.y, spike.x] += 1
        return dict.fromkeys(self._plan.outputs, np.minimum(counts, 255).astype(np.uint8))

    def _failed(self, problem: str, remedy: str) -> DeviceError:
        return DeviceError(f"speck:{self._board}", problem, remedy)


def _modules(layer: ChipLayer) -> list[Any]:
    """Return a layer as sinabs takes it; the first one's pool is done here, before sending."""
    import torch
    from sinabs import layers as sinabs_layers
    from torch import nn

    outs, ins, *size = layer.weight.shape
    convolution = nn.Conv2d(
        ins, outs, tuple(size), layer.stride, layer.padding, bias=bool(layer.bias.any())
    )
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(layer.weight.astype(np.float32)))
        if convolution.bias is not None:
            convolution.bias.copy_(torch.from_numpy(layer.bias.astype(np.float32)))
    neurons = sinabs_layers.IAFSqueeze(
        batch_size=1,
        spike_threshold=torch.tensor(float(layer.threshold)),
        min_v_mem=torch.tensor(float(_LOWEST_POTENTIAL)),
    )
    pooled = layer.source != SENSOR and layer.pool > 1
    pool = [sinabs_layers.SumPool2d(layer.pool)] if pooled else []
    return [*pool, convolution, neurons]
