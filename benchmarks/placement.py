"""ResNets as spiking networks on meshes of neuromorphic cores, beside a naive layout.

The naive layout fills cores with neurons in the order of their numbers and takes cores row by row.
Ours cuts for little traffic, or for few cores.
Every neuron is taken to fire in one of ten steps. Traffic is spikes times hops in a step.

    python -m benchmarks.placement [--json]
"""

from __future__ import annotations

from eventvision.devices.manycore import (
    Mesh,
    MeshLayer,
    MeshPlacement,
    packed_partition,
    place,
    place_naively,
    roomy_partition,
)

from ._harness import Options, Row, run_benchmark, tell

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


def compared(depth: int, name: str, mesh: Mesh) -> list[Row]:
    """Place a ResNet, by search and naively."""
    layers = resnet(depth)
    naive = place_naively(layers, mesh)
    rows = []
    for aim, cut in (("little traffic", roomy_partition), ("few cores", packed_partition)):
        ours = place(layers, mesh, cut=cut)
        same_cut = place_naively(layers, mesh, cut=ours.partition)
        label = f"ResNet-{depth}, {mesh.width}x{mesh.height} {name}, {aim}"
        rows += _figures(label, ours, naive, same_cut)
    return rows


def _figures(
    label: str, ours: MeshPlacement, naive: MeshPlacement, same_cut: MeshPlacement
) -> list[Row]:
    deadlock = "free of deadlock" if ours.is_deadlock_free else "can lock up"
    return [
        _row(f"{label}: cores", "cores", ours.cores, naive.cores),
        _row(f"{label}: traffic", "M hops", ours.traffic / 1e6, naive.traffic / 1e6, deadlock),
        Row(
            label=f"{label}: traffic", unit="M hops", ours=ours.traffic / 1e6,
            peer_name="our cut, row by row", peer=same_cut.traffic / 1e6, less_is_better=True,
        ),
        _row(f"{label}: busiest link", "k spikes", ours.busiest_link / 1e3,
             naive.busiest_link / 1e3),
    ]  # fmt: skip


def _row(label: str, unit: str, ours: float, naive: float, remark: str = "") -> Row:
    return Row(
        label=label, unit=unit, ours=ours, peer_name="naive, row by row", peer=naive,
        remark=remark, less_is_better=True,
    )  # fmt: skip


def measure(_: Options) -> list[Row]:
    """Compare two networks on two meshes."""
    rows = []
    for depth in sorted(_BLOCKS):
        for name, mesh in MESHES.items():
            tell(f"ResNet-{depth}, {name}")
            rows += compared(depth, name, mesh)
    return rows


if __name__ == "__main__":
    run_benchmark("placement", __doc__, measure)
