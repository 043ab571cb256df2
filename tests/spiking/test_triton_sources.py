"""Triton kernels without a GPU: they run in its interpreter, and compile for GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eventvision.spiking import nn
from eventvision.spiking.nn import _backends
from eventvision.spiking.steps import (
    FIRE,
    Surrogate,
    load_module,
    parallel_triton_source,
    triton_source,
)

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(not _backends.triton_is_installed(), reason="Triton is not installed")
]
compiles = pytest.mark.skipif(
    _backends.triton_interprets(), reason="Triton's interpreter compiles nothing"
)

WHOLE = {"steps", "count", "inner", "channels"}
NEURONS = {
    "IF": nn.IF(reset="hard", surrogate="rectangle"),
    "LIF": nn.LIF(),
    "PLIF": nn.PLIF(channels=3, surrogate="arctan"),
    "ILIF": nn.ILIF(learn_decay=True),
    "ALIF": nn.ALIF(learn=("strength",), surrogate="piecewise"),
    "ResonateFire": nn.ResonateFire(surrogate="fast-sigmoid"),
    "Readout": nn.Readout(),
    "BurstIF": nn.BurstIF(),
    "SignedIF": nn.SignedIF(),
    "NormedLIF": nn.NormedNeuron(3, nn.LIF()),
}


def compiled(kernel, *, capability, element="fp32"):
    """Compile a kernel for a GPU that need not be there, and return its assembly."""
    import triton
    import triton.language as tl
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kinds, constants, aligned = {}, {}, {}
    for index, parameter in enumerate(kernel.params):
        name = parameter.name
        if parameter.is_constexpr:
            kinds[name] = "constexpr"
            constants[name] = {"REAL": tl.float32, "BLOCK": 512}.get(name, True)
        else:
            in_real = name.startswith(("kept_", "g_weights", "g_thresholds"))
            kinds[name] = "i32" if name in WHOLE else "*fp32" if in_real else f"*{element}"
            if name not in WHOLE - {"count"}:
                aligned[(index,)] = [["tt.divisibility", 16]]
    source = ASTSource(kernel, kinds, constexprs=constants, attrs=aligned)
    options = {"num_warps": 4, "enable_fp_fusion": False}
    result = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
    assert result.asm["cubin"]
    return result.asm["ptx"]


@compiles
@pytest.mark.parametrize(("capability", "ragged"), [(80, True), (90, False)])
@pytest.mark.parametrize("name", [*NEURONS])
def test_every_neuron_compiles(name, capability, ragged):
    neuron = NEURONS[name]
    values = neuron.parameters_of_step().items()
    source = triton_source(
        neuron.traced,
        by_channel=[name for name, value in values if value.ndim],
        by=[name for name, value in values if value.requires_grad],
        chunk=2,
        ragged=ragged,
    )
    module = load_module(source, name=name)
    for kernel in (module.forward, module.backward):
        assert f"sm_{capability}" in compiled(kernel, capability=capability)


@compiles
@pytest.mark.parametrize(("capability", "per_step"), [(80, True), (90, False)])
def test_parallel_neurons_compile(capability, per_step):
    firing = FIRE.trace(options={}, surrogate=Surrogate())
    source = parallel_triton_source(firing, taps=3, per_step=per_step)
    module = load_module(source, name="parallel")
    for kernel in (module.forward, module.backward):
        assert f"sm_{capability}" in compiled(kernel, capability=capability)


@compiles
@pytest.mark.parametrize(("element", "wide"), [("fp32", "v4.b32"), ("fp16", "v2.b32")])
def test_four_neurons_are_loaded_at_once(element, wide):
    module = load_module(triton_source(nn.LIF().traced), name="LIF")
    for kernel in (module.forward, module.backward):
        assert f"ld.global.{wide}" in compiled(kernel, capability=90, element=element)


@pytest.mark.skipif("TRITON_INTERPRET" in os.environ, reason="runs in the interpreter already")
def test_the_tests_for_gpus_pass_in_the_interpreter():
    outcome = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider",
            str(HERE / "test_neuron_kernels.py"),
        ],
        cwd=HERE.parents[1],
        env={**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout[-4000:]
    assert " passed" in outcome.stdout
    assert "skipped" not in outcome.stdout
