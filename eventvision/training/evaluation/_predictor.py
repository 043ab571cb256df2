"""What can be evaluated: anything that takes voxel grids one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ModelCard
from eventvision.devices import DeviceSession, open_session

if TYPE_CHECKING:
    from torch import Tensor
    from torch import nn as torch_nn

Outputs = Mapping[str, NDArray[np.float32]]
"""What a network says about one slice, by name."""


class Predictor(Protocol):
    """A network, whatever runs it.

    `reset` is called before each sequence; only then may the size of the voxel grids change.
    """

    def reset(self) -> None:
        """Forget the stream seen so far."""

    def step(self, events: NDArray[np.float32]) -> Outputs:
        """Return the outputs after a slice, each with a first axis of one.

        Args:
            events: Voxel grid of the slice, shape (1, 5, height, width), not normalised, padded at
                the bottom and on the right with zeros to multiples of 32.
        """


class SessionPredictor:
    """A model on a device.

    Args:
        card: The model.
        device: Where it runs, as `open_session` takes it.
        threads: Most processors that it may keep busy.

    Raises:
        DeviceError: If the device is absent or the model does not fit it.
    """

    def __init__(self, card: ModelCard, device: str = "auto", *, threads: int = 1) -> None:
        self._open: Callable[[], DeviceSession] = lambda: open_session(
            card, device, threads=threads
        )
        (self._input,) = card.inputs
        self._session = self._open()
        self._shape: tuple[int, ...] = ()

    @property
    def device(self) -> str:
        """Name of the device that was found."""
        return self._session.device

    @property
    def artifact(self) -> str:
        """Format of the file that runs there."""
        return self._session.artifact

    def reset(self) -> None:
        """Set the state back."""
        self._session.reset()

    def step(self, events: NDArray[np.float32]) -> Outputs:
        """Run the network on a slice; see `Predictor`."""
        if self._shape and events.shape != self._shape:
            self._session.close()
            self._session = self._open()
        self._shape = events.shape
        found = self._session.step({self._input: events})
        return {name: np.asarray(value, np.float32) for name, value in found.items()}

    def close(self) -> None:
        """Release the device; may be called twice."""
        self._session.close()


class ModulePredictor:
    """A torch network, as it is trained.

    Args:
        network: Takes (1, 5, height, width) and returns a tensor or tensors by name; keeps its
            state. It is put into evaluation mode.
        output: Name of the output, where the network returns one tensor.
        prepare: What is done to the voxel grid first, such as `networks.normalised`.
    """

    def __init__(
        self,
        network: torch_nn.Module,
        *,
        output: str = "image",
        prepare: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self._network, self._output, self._prepare = network, output, prepare

    def reset(self) -> None:
        """Forget the stream seen so far."""
        from eventvision.spiking import nn

        nn.reset(self._network)

    def step(self, events: NDArray[np.float32]) -> Outputs:
        """Run the network on a slice; see `Predictor`."""
        import torch

        training = self._network.training
        self._network.eval()
        device = next((p.device for p in self._network.parameters()), torch.device("cpu"))
        with torch.no_grad():
            planes = torch.from_numpy(events).to(device)
            found = self._network(planes if self._prepare is None else self._prepare(planes))
        self._network.train(training)
        named = found if isinstance(found, Mapping) else {self._output: found}
        return {name: value.float().cpu().numpy() for name, value in named.items()}
