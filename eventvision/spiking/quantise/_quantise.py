"""From a trained spiking network to one of integers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking.convert import one_step
from eventvision.spiking.tracing import traced

from ._build import Builder
from ._calibrate import Sample, calibrate
from ._network import QuantisedNetwork
from ._walk import Wishes
from ._weighted import RANGES


def quantise(
    net: torch_nn.Module,
    samples: Iterable[Sample],
    *,
    bits: int = 8,
    bits_of: Mapping[str, int] | None = None,
    input_exponents: Mapping[str, int] | None = None,
    normalised: Iterable[str] = (),
    leak_terms: int = 2,
    learn_steps: bool = False,
) -> QuantisedNetwork:
    """Quantise a network; fine-tune what comes out, then call its `to_integer`.

    Batch norm is folded; weights get a power of two for each out channel, currents one for each
    layer, shared where they are added; leaks become powers of two; means become sums. A convolution
    whose output goes into another without a neuron is narrowed to eight bits between.

    Args:
        net: Convolutions, linear layers, batch norm, pools, `Upsample` or `interpolate`, shuffled
            pixels, sums, `cat`, ReLU, `Delay`, and the neurons IF, LIF, PLIF, ILIF, BurstIF (soft
            reset) and Readout. Outputs may be flattened to places or go through a sigmoid. It is
            not changed.
        samples: Recordings that show how large values become: sequences (T, N, C, H, W), or one
            for each input by name. Labels are not needed; a few are enough.
        bits: Of weights: 8, 4, or 2 for ternary.
        bits_of: Exceptions, by path of the layer.
        input_exponents: A unit of an input stands for 2 ** this, by name. What is not given is
            chosen: counts stay counts, other values fill eight bits.
        normalised: Names of inputs that the integer model itself divides by the root mean square of
            what is not zero; `net`, `samples` and the quantised network have them so already.
        leak_terms: Most shifts that make up a leak: 1 or 2 for each channel.
        learn_steps: Whether fine-tuning may also change the powers of two of weights.

    Raises:
        ConfigError: If the network has a part that integers do not have, or an option is wrong.
    """
    all_bits = {"": bits, **(bits_of or {})}
    paths = {name for name, _ in net.named_modules()}
    for path, number in all_bits.items():
        if number not in RANGES:
            raise ConfigError(f"bits {path}".strip(), number, "8, 4 or 2")
        if path not in paths:
            raise ConfigError("bits_of", path, "paths of the network's layers")
    if leak_terms not in {1, 2}:
        raise ConfigError("leak_terms", leak_terms, "1 or 2")
    graph = traced(net)
    with one_step(graph):
        ranges = calibrate(graph, samples)
        return Builder(
            graph,
            ranges,
            Wishes(
                bits=all_bits,
                input_exponents=input_exponents or {},
                normalised=frozenset(normalised),
                leak_terms=leak_terms,
                learn_steps=learn_steps,
            ),
        ).build()
