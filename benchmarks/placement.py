"""`python -m benchmarks.placement`: ResNets as spiking networks on meshes, beside a naive layout.

The naive layout fills cores with neurons in the order of their numbers and takes cores row by row.
Every neuron is taken to fire in one of ten steps.
"""

from __future__ import annotations

import argparse
import time

from eventvision.devices.manycore import Mesh, MeshLayer, MeshPlacement, place, place_naively

_RATE = 0.1
_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
MESHES = {
    "small cores": Mesh(width=32, height=32, core_neurons=8192, core_weights_kib=64),
    "large cores": Mesh(width=16, height=16, core_neurons=32768, core_weights_kib=256),
}


def resnet(depth: int, side: int = 224) -> tuple[MeshLayer, ...]:
    """Return the layers of a ResNet of 18 or 34 layers, for pictures of a size."""
    height = side // 2
    layers = [_layer("stem", (64, height, height), 2, 7, ())]
    height //= 2
    before: tuple[str, ...] = ("stem",)
    channels_before = 64
    for stage, blocks in enumerate(_BLOCKS[depth]):
        channels = 64 << stage
        for block in range(blocks):
            is_first = stage > 0 and block == 0
            height //= 2 if is_first else 1
            shape, name = (channels, height, height), f"stage{stage + 1}.{block}"
            layers.append(_layer(f"{name}.a", shape, channels_before, 3, before))
            layers.append(_layer(f"{name}.b", shape, channels, 3, (f"{name}.a",)))
            shortcut = before
            if is_first:
                layers.append(_layer(f"{name}.shortcut", shape, channels_before, 1, before))
                shortcut = (f"{name}.shortcut",)
            before, channels_before = (f"{name}.b", *shortcut[:1]), channels
    last = MeshLayer(
        name="classes", shape=(1000, 1, 1), channel_weights=channels_before, sources=before,
        spikes=1000 * _RATE, is_whole=True,
    )  # fmt: skip
    return (*layers, last)


def _layer(
    name: str, shape: tuple[int, int, int], ins: int, kernel: int, sources: tuple[str, ...]
) -> MeshLayer:
    channels, height, width = shape
    return MeshLayer(
        name=name, shape=shape, channel_weights=ins * kernel * kernel, sources=sources,
        spikes=_RATE * channels * height * width, reach=kernel // 2,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth", type=int, choices=sorted(_BLOCKS), action="append")
    for depth in parser.parse_args().depth or sorted(_BLOCKS):
        for name, mesh in MESHES.items():
            layers = resnet(depth)
            naive = place_naively(layers, mesh)
            start = time.perf_counter()
            ours = place(layers, mesh)
            seconds = time.perf_counter() - start
            same_cut = place_naively(layers, mesh, cut=ours.partition)
            print(f"ResNet-{depth} on {mesh.width}x{mesh.height} {name}, {seconds:.1f} s")
            _show("naive", naive, naive)
            _show("our cut, row by row", same_cut, naive)
            _show("ours", ours, naive)
            print(f"  free of deadlock: {ours.is_deadlock_free}")


def _show(name: str, found: MeshPlacement, beside: MeshPlacement) -> None:
    print(
        f"  {name:20} cores {found.cores:4d} ({found.cores / beside.cores - 1:+.1%})"
        f"  traffic {found.traffic / 1e6:7.2f} M ({found.traffic / beside.traffic - 1:+.1%})"
        f"  hops {found.hops:5.2f}  busiest link {found.busiest_link / 1e3:6.1f} k"
        f"  weights used {found.weights_used:.1%}"
    )


if __name__ == "__main__":
    main()
