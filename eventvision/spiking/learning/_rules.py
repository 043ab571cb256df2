"""Learning rules: what each remembers of the past is what it costs in memory.

`bptt` remembers everything: exact gradients, memory that grows with the number of steps. `sltt`
(Meng et al., Towards memory- and time-efficient backpropagation for training spiking neural
networks, ICCV 2023) cuts the potential off from the step before, since what flows through it is
small, and goes backward after each step: the memory of one step, whatever their number. `ottt`
(Xiao et al., Online training through time, NeurIPS 2022) does the same but keeps for each weight
layer a fading trace of its input, which puts back the part of the gradient that reaches into the
past through the leak; weights may change while the recording still runs.

All of them leave gradients in `.grad`, the mean over steps, and add to what is there, so that any
optimiser follows. Each begins with a fresh state unless told to go on.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn

from ._steps import AfterStep, StepLoss, stepping
from ._traces import EligibilityTraces


def bptt(net: torch_nn.Module, x: Tensor, loss: StepLoss, *, carry_state: bool = False) -> Tensor:
    """Backpropagate through all steps at once.

    Args:
        net: A network in step mode "m".
        x: Input, shape (T, N, ...).
        loss: The loss of each step.
        carry_state: Whether to go on from the present state, cut off from what made it.

    Returns:
        The mean loss, detached.
    """
    _begin(net, x, carry_state=carry_state)
    total = torch.stack([loss(output, t) for t, output in enumerate(net(x))]).mean()
    total.backward()  # type: ignore[no-untyped-call]
    nn.detach(net)
    return total.detach()


def sltt(
    net: torch_nn.Module,
    x: Tensor,
    loss: StepLoss,
    *,
    carry_state: bool = False,
    backward_steps: int | None = None,
    generator: torch.Generator | None = None,
    after_step: AfterStep | None = None,
) -> Tensor:
    """Go backward after each step, in the memory of one step.

    Args:
        net: The network; its step mode does not matter.
        x: Input, shape (T, N, ...).
        loss: The loss of each step.
        carry_state: Whether to go on from the present state.
        backward_steps: At how many steps to go backward, drawn at random (SLTT-K); all if None.
        generator: Source of that draw.
        after_step: Called after each step that went backward.

    Returns:
        The mean loss of those steps, detached.

    Raises:
        ConfigError: If `backward_steps` is not between 1 and the number of steps.
    """
    _begin(net, x, carry_state=carry_state)
    chosen = _chosen(len(x), backward_steps, generator)
    total = x.new_zeros(())
    with stepping(net):
        for t, current in enumerate(x):
            nn.detach(net)
            if t not in chosen:
                with torch.no_grad():
                    loss(net(current), t)
                continue
            part = loss(net(current), t) / len(chosen)
            total += _backward(part, after_step)
    nn.detach(net)
    return total


def ottt(
    net: torch_nn.Module,
    x: Tensor,
    loss: StepLoss,
    *,
    carry_state: bool = False,
    trace_decay: float | None = None,
    after_step: AfterStep | None = None,
) -> Tensor:
    """Go backward after each step, weights learning from a trace of their input.

    The gradient of convolutions and linear layers takes the trace a[t] = decay * a[t - 1] + x[t]
    in place of x[t]; that of other parameters is as with `sltt`.

    Args:
        net: The network; its step mode does not matter.
        x: Input, shape (T, N, ...).
        loss: The loss of each step.
        carry_state: Whether to go on from the present state; traces begin anew.
        trace_decay: Decay of the traces; that of the neuron behind each layer if None.
        after_step: Called after each step, so that weights can change while x goes on.

    Returns:
        The mean loss, detached.

    Raises:
        ConfigError: If no decay is given and a neuron has none.
    """
    _begin(net, x, carry_state=carry_state)
    total = x.new_zeros(())
    with stepping(net), EligibilityTraces(net, decay=trace_decay) as traces:
        for t, current in enumerate(x):
            nn.detach(net)
            with traces.step():
                output = net(current)
            total += _backward(loss(output, t) / len(x), after_step)
    nn.detach(net)
    return total


def _begin(net: torch_nn.Module, x: Tensor, *, carry_state: bool) -> None:
    if x.ndim < 2 or not len(x):
        raise ValueError(f"input must be (T, N, ...) with T > 0, got shape {tuple(x.shape)}")
    if carry_state:
        nn.detach(net)
    else:
        nn.reset(net)


def _chosen(steps: int, wanted: int | None, generator: torch.Generator | None) -> set[int]:
    if wanted is None:
        return set(range(steps))
    if not 1 <= wanted <= steps:
        raise ConfigError("backward_steps", wanted, f"1 to {steps}, the number of steps")
    return set(torch.randperm(steps, generator=generator)[:wanted].tolist())


def _backward(part: Tensor, after_step: AfterStep | None) -> Tensor:
    part.backward()  # type: ignore[no-untyped-call]
    if after_step is not None:
        after_step()
    return part.detach()
