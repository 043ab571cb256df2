"""Which layer goes into which core: exact, by matching in a bipartite graph.

Layers are entered one by one. Where all cores with room are taken, layers that came before move
over along an alternating path, if there is one. If there is none, no assignment of all layers
exists, and the layers met on the way share fewer cores than they are (Hall's theorem), which is
the reason that is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._chip import CORES, Core
from ._plan import ChipLayer, MisfitError

_REMEDY = "make the layer smaller: fewer channels, a larger stride, a pool before it"


def match(layers: Sequence[ChipLayer], cores: Sequence[Core] = CORES) -> tuple[Core, ...]:
    """Return a core for each layer, the smallest first.

    Raises:
        MisfitError: If there is no way to place them all; it names the layer that is too many.
    """
    by_size = sorted(cores, key=lambda core: (core.weights + core.neurons, core.number))
    taken: dict[int, int] = {}
    rooms = [[core.number for core in by_size if layer.fits(core)] for layer in layers]
    for index, layer in enumerate(layers):
        if not rooms[index]:
            raise MisfitError(layer.name, _too_large(layer, cores), _REMEDY)
        met = {index}
        if not _enter(index, rooms, taken, set(), met):
            raise MisfitError(layer.name, _too_many(met, rooms, layers), _REMEDY)
    core_of = {layer: number for number, layer in taken.items()}
    by_number = {core.number: core for core in cores}
    return tuple(by_number[core_of[index]] for index in range(len(layers)))


def _enter(
    layer: int, rooms: list[list[int]], taken: dict[int, int], tried: set[int], met: set[int]
) -> bool:
    """Give a layer a core, moving others over if need be; tell which layers were met."""
    for core in rooms[layer]:
        if core in tried:
            continue
        tried.add(core)
        holder = taken.get(core)
        if holder is not None:
            met.add(holder)
        if holder is None or _enter(holder, rooms, taken, tried, met):
            taken[core] = layer
            return True
    return False


def _too_large(layer: ChipLayer, cores: Sequence[Core]) -> str:
    needs = f"it needs {layer.weights} words of weights and {layer.neurons} of neurons"
    for kind in ("weights", "neurons", "biases"):
        most = max(getattr(core, kind) for core in cores)
        if getattr(layer, kind) > most:
            return f"{needs}; no core has more than {most} for {kind}"
    return f"{needs}; no core has both"


def _too_many(met: set[int], rooms: list[list[int]], layers: Sequence[ChipLayer]) -> str:
    names = ", ".join(layers[index].name for index in sorted(met))
    number = len({core for index in met for core in rooms[index]})
    return f"{names} are {len(met)} layers, and {number} cores have room for one of them"
