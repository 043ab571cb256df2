"""The GPU's graph kernels: under Triton's interpreter, compiled ahead, and on a GPU if any."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import Events, SensorSize
from eventvision.graph import GraphLayer, GraphNetwork, GraphRules, Head, run_bulk

torch = pytest.importorskip("torch")
pytest.importorskip("triton", reason="Triton is not installed here")

HERE = Path(__file__).parent

AHEAD = """
import sys
sys.path.insert(0, sys.argv[2])
from eventvision.kernels.gpu import graphs
from ahead import compile_ahead

pointers = {name: "*i32" for name in ("polarity", "order", "starts", "sources", "kinds")}
pointers |= {name: "*i64" for name in ("t_us", "pixels", "shifts", "ages_us")}
pointers |= {
    name: "*fp32" for name in ("table", "bias", "out", "features", "weight", "root")
}
for kernel, constants in (
    (graphs.search_kernel, {"ROUNDS": 12}),
    (graphs.first_layer_kernel, {"IS_MAX": False, "OUTPUTS": 16}),
    (graphs.first_layer_kernel, {"IS_MAX": True, "OUTPUTS": 32}),
    (graphs.later_layer_kernel, {"IS_MAX": False, "INPUTS": 16, "OUTPUTS": 32}),
    (graphs.later_layer_kernel, {"IS_MAX": True, "INPUTS": 16, "OUTPUTS": 16}),
):
    constants = constants | {"BLOCK": graphs.BLOCK}
    types = {
        name: "constexpr" if name in constants else pointers.get(name, "i32")
        for name in kernel.arg_names
    }
    code = compile_ahead(kernel, types, constants, capability=int(sys.argv[1]))
    print(code[:4])
"""

INTERPRETED = """
import sys
import numpy as np
sys.path.insert(0, {folder!r})
import test_gpu_graphs as here
for aggregate, depth in (("sum", 1), ("max", 2)):
    here.check("cpu", aggregate, depth)
print("same")
"""


def drawn(aggregate: str, depth: int) -> tuple[GraphNetwork, Events]:
    random, rules = np.random.default_rng(0), GraphRules(radius_px=1, neighbours=4, depth=depth)
    layers, inputs = [], 2
    for outputs in (12, 20):
        arrays = {
            "weight": random.normal(0, 0.3, (5, inputs, outputs)),
            "place": random.normal(0, 0.3, (5, rules.ages, outputs)),
            "root": random.normal(0, 0.3, (inputs, outputs)),
            "bias": random.normal(0, 0.3, outputs),
        }
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
        layers.append(GraphLayer(**arrays, aggregate=aggregate))
        inputs = outputs
    head = Head(
        convolutions=(),
        weight=np.ones((1, 21), np.float32),
        bias=np.zeros(1, np.float32),
        shows="grid",
        relative_to="cell",
        inputs=21,
    )
    network = GraphNetwork(
        rules=rules, layers=tuple(layers), cell_px=4, memory_us=10_000, head=head
    )
    t = np.sort(random.integers(0, 300_000, 150)) // 9 * 9
    x, y = random.integers(0, 9, 150), random.integers(0, 7, 150)
    events = Events.from_columns(t, x, y, random.random(150) < 0.5, sensor=SensorSize(9, 7))
    return network, events


def check(device: str, aggregate: str, depth: int) -> None:
    from eventvision.graph.batch import run_on_gpu

    network, events = drawn(aggregate, depth)
    found = run_on_gpu(network, events, device).cpu().numpy()
    np.testing.assert_allclose(found, run_bulk(network, events).nodes, rtol=1e-5, atol=1e-5)


def run(code: str, *arguments: str, **environment: str) -> str:
    inherited = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_interpreted_kernels_give_what_numba_gives():
    assert run(INTERPRETED.format(folder=str(HERE)), TRITON_INTERPRET="1").strip() == "same"


@pytest.mark.gpu
@pytest.mark.parametrize(("aggregate", "depth"), [("sum", 1), ("sum", 3), ("max", 2)])
def test_a_gpu_gives_what_numba_gives(aggregate, depth):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    check("cuda", aggregate, depth)


@pytest.mark.parametrize("capability", [80, 90])
def test_kernels_compile_for_gpus_that_are_not_here(capability):
    assert run(AHEAD, str(capability), str(HERE)).split() == [r"b'\x7fELF'"] * 5
