"""A network as one CUDA graph: a whole step is a single launch, its state stays on the GPU.

At the size of a slice a small network is a few hundred kernels of some microseconds each, and most
of the time goes into launching them. A graph records them once and replays them together.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError, DeviceError

from ._stepper import Stepper, one_step

_WARM_UPS = 3
"""Steps before recording: libraries choose their algorithms and allocate in the first ones."""


class CudaGraphStep:
    """Streaming inference, one step at a time, on fixed memory of a GPU.

    Args:
        net: A network of torch layers and spiking neurons, on a CUDA device. Its weights are used
            where they lie, so later changes to them count.
        example: An input of one step, or several by name, on the same device; shapes are fixed.

    Attributes:
        inputs: Tensors on the GPU by name, read by each step; write into them to spare a copy.
        outputs: Tensors on the GPU by name; the next step writes over them.
        states: Likewise; zeros are the state of a fresh start.

    Raises:
        DeviceError: If there is no CUDA device.
        ConfigError: If network and example are not on the same CUDA device.
    """

    def __init__(self, net: torch_nn.Module, example: Tensor | Mapping[str, Tensor]) -> None:
        given = {"input": example} if isinstance(example, Tensor) else dict(example)
        device = _device(net, given)
        with one_step(net), torch.cuda.device(device):
            self._stepper = Stepper(net, given)
            self.inputs = {name: value.detach().clone() for name, value in given.items()}
            self.states = {
                name: torch.zeros(shape, device=device)
                for name, shape in self._stepper.states.items()
            }
            self._warm_up()
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self.outputs = self._advance()
        self.reset()

    def step(self, inputs: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Run one step.

        Args:
            inputs: Values by name, on any device, copied into `self.inputs`; None where they were
                written there already.

        Returns:
            `self.outputs`; clone what must outlive the next step.

        Raises:
            ConfigError: If a name or a shape is not that of the example.
        """
        for name, value in (inputs or {}).items():
            known = self.inputs.get(name)
            if known is None or known.shape != value.shape:
                raise ConfigError("input", f"{name} {tuple(value.shape)}", str(self._wanted()))
            known.copy_(value, non_blocking=True)
        self._graph.replay()
        return self.outputs

    def reset(self) -> None:
        """Set the state back to that of a fresh start."""
        for value in self.states.values():
            value.zero_()

    def _warm_up(self) -> None:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                self._advance()
        torch.cuda.current_stream().wait_stream(side)

    def _advance(self) -> dict[str, Tensor]:
        """Run the step on the fixed tensors, and write the next state over the state."""
        results = self._stepper(*self.inputs.values(), *self.states.values())
        count = len(self._stepper.outputs)
        for state, after in zip(self.states.values(), results[count:], strict=True):
            state.copy_(after)
        return dict(zip(self._stepper.outputs, results[:count], strict=True))

    def _wanted(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(value.shape) for name, value in self.inputs.items()}


def _device(net: torch_nn.Module, given: Mapping[str, Tensor]) -> torch.device:
    if not torch.cuda.is_available():
        raise DeviceError("cuda", "there is no CUDA device", "run on the cpu or onnx device")
    places = {value.device for value in (*net.parameters(), *net.buffers(), *given.values())}
    if len(places) != 1 or next(iter(places)).type != "cuda":
        found = ", ".join(sorted(map(str, places)))
        raise ConfigError("device", found, "network and example on one CUDA device: .to('cuda')")
    return places.pop()
