"""Models on ONNX Runtime: one step is one run, the state stays in buffers of the session.

There are two sets of buffers for the state. A run reads one and writes the other, the next run the
other way round, so that no state is ever copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    DeviceError,
    DeviceInfo,
    Fit,
    ModelCard,
    ModelError,
    SessionOptions,
)

from ._artifacts import chosen
from ._tensors import Arrays, shape_of, zeros

NEXT = "next."
"""What the name of a state's output begins with; its input has the name alone."""

FORMATS = ("onnx",)
_REMEDY = "install onnxruntime"
_AGAIN = "export the model again"
_DAMAGE = {"InvalidProtobuf", "InvalidGraph", "NoSuchFile"}
"""What the runtime calls files that no runtime could load."""
_DTYPES = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
    "tensor(bool)": np.bool_, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8,
    "tensor(int16)": np.int16, "tensor(uint16)": np.uint16, "tensor(int32)": np.int32,
    "tensor(uint32)": np.uint32, "tensor(int64)": np.int64, "tensor(uint64)": np.uint64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Provider:
    """A way in which ONNX Runtime runs a graph."""

    title: str
    onnx_name: str
    memory: str
    package: str


PROVIDERS = {
    "": _Provider("the CPU", "CPUExecutionProvider", "cpu", "onnxruntime"),
    "cuda": _Provider("an NVIDIA GPU", "CUDAExecutionProvider", "cuda", "onnxruntime-gpu"),
    "tensorrt": _Provider(
        "an NVIDIA GPU by TensorRT", "TensorrtExecutionProvider", "cuda", "onnxruntime-gpu"
    ),
    "openvino": _Provider(
        "Intel processors by OpenVINO", "OpenVINOExecutionProvider", "cpu", "onnxruntime-openvino"
    ),
    "coreml": _Provider(
        "Apple processors", "CoreMLExecutionProvider", "cpu", "onnxruntime on macOS"
    ),
}
"""By the word behind `onnx:`."""


class OnnxDevice:
    """ONNX Runtime.

    Args:
        provider: Empty for the CPU, or a word of `PROVIDERS`.

    Raises:
        DeviceError: If there is no such provider.
    """

    def __init__(self, provider: str = "") -> None:
        self._name = f"onnx:{provider}" if provider else "onnx"
        if provider not in PROVIDERS:
            known = ", ".join(f"onnx:{word}" for word in PROVIDERS if word)
            raise DeviceError(self._name, "no such provider", f"choose from: onnx, {known}")
        self._provider = PROVIDERS[provider]

    def probe(self) -> DeviceInfo:
        """Look for ONNX Runtime and the provider."""
        missing = ""
        if find_spec("onnxruntime") is None:
            missing = "onnxruntime is not installed"
        elif self._provider.onnx_name not in _runtime(self._name).get_available_providers():
            missing = f"this onnxruntime has no {self._provider.onnx_name}"
        return DeviceInfo(
            name=self._name,
            summary=f"ONNX Runtime on {self._provider.title}",
            formats=FORMATS,
            missing=missing,
            remedy=f"install {self._provider.package}" if missing else "",
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Load the graph, where the runtime is installed."""
        fit = chosen(card, FORMATS)
        if fit.is_yes and self.probe().is_present:
            try:
                self._load(card, options)
            except DeviceError as error:
                return Fit(reason=error.problem, remedy=error.remedy)
        return fit

    def open(self, card: ModelCard, options: SessionOptions) -> OnnxSession:
        """Load the graph and run it once, so that memory is laid out before slices come."""
        return OnnxSession(
            self._name, card, options.sizes, self._load(card, options), self._provider.memory
        )

    def _load(self, card: ModelCard, options: SessionOptions) -> Any:
        runtime = _runtime(self._name)
        settings = runtime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 4
        settings.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
        providers = dict.fromkeys((self._provider.onnx_name, "CPUExecutionProvider"))
        path = card.artifact("onnx")
        try:
            return runtime.InferenceSession(str(path), settings, [*providers])
        except Exception as error:  # the runtime's errors have no common base but this
            if type(error).__name__ in _DAMAGE:
                raise ModelError(card.name, f"{path.name} is damaged ({error})", _AGAIN) from None
            problem = f"cannot run {path.name} of {card.name} ({error})"
            raise DeviceError(self._name, problem, _AGAIN) from None


def _runtime(device: str) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(device, f"onnxruntime cannot be imported ({error})", _REMEDY) from None
    return onnxruntime


class OnnxSession:
    """A graph that runs; see the module for how its state is kept.

    Args:
        device: Name of the device, for messages.
        card: The model.
        sizes: All its free sizes.
        runner: The loaded `onnxruntime.InferenceSession`.
        memory: Where the state lies: `cpu` or `cuda`.

    Raises:
        ModelError: If card and graph disagree.
        DeviceError: If the graph cannot be run.
    """

    def __init__(
        self, device: str, card: ModelCard, sizes: Mapping[str, int], runner: Any, memory: str
    ) -> None:
        self._device, self._runner, self._memory = device, runner, memory
        self._inputs = tuple(card.inputs)
        shapes = _state_shapes(card, sizes, runner)
        _check_names(card, runner, shapes)
        self._states = [self._buffers(shapes) for _ in range(2)]
        self._turn = 0
        self._bindings = [self._bound(turn) for turn in range(2)]
        self._outputs = self._first_run(zeros(card.inputs, sizes), tuple(card.outputs))
        self._bind_outputs()
        self.reset()

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Run one step; the arrays that come back belong to the caller."""
        before, after = self._turn, 1 - self._turn
        binding = self._bindings[before]
        for name in self._inputs:
            binding.bind_cpu_input(name, inputs[name])
        self._run(binding)
        self._turn = after
        return {name: values.copy() for name, values in self._outputs.items()}

    def reset(self) -> None:
        """Set the state to zeros."""
        self._turn = 0
        for value, start in self._states[0].values():
            value.update_inplace(start)

    def close(self) -> None:
        """Let go of the graph."""
        self._bindings, self._runner = [], None

    def _buffers(self, shapes: Mapping[str, tuple[tuple[int, ...], Any]]) -> dict[str, Any]:
        """Return for each state its buffer, and the zeros with which it starts."""
        from onnxruntime import OrtValue

        return {
            name: (
                OrtValue.ortvalue_from_shape_and_type(shape, dtype, self._memory, 0),
                np.zeros(shape, dtype),
            )
            for name, (shape, dtype) in shapes.items()
        }

    def _bound(self, turn: int) -> Any:
        """Bind one set of states as the input, the other as the output."""
        binding = self._runner.io_binding()
        for name in self._states[turn]:
            binding.bind_ortvalue_input(name, self._states[turn][name][0])
            binding.bind_ortvalue_output(NEXT + name, self._states[1 - turn][name][0])
        return binding

    def _first_run(self, inputs: Arrays, outputs: tuple[str, ...]) -> dict[str, Any]:
        """Run once, which also tells how large the outputs are, and return buffers for them."""
        self.reset()
        binding = self._bindings[0]
        for name, values in inputs.items():
            binding.bind_cpu_input(name, values)
        for name in outputs:
            binding.bind_output(name, "cpu")
        self._run(binding)
        found = binding.get_outputs()[len(self._states[0]) :]
        return {
            name: np.empty_like(value.numpy()) for name, value in zip(outputs, found, strict=True)
        }

    def _bind_outputs(self) -> None:
        for binding in self._bindings:
            for name, values in self._outputs.items():
                binding.bind_output(name, "cpu", 0, values.dtype, values.shape, values.ctypes.data)

    def _run(self, binding: Any) -> None:
        if self._runner is None:
            raise DeviceError(self._device, "the session is closed", "open it again")
        try:
            self._runner.run_with_iobinding(binding)
        except Exception as error:  # the runtime's errors have no common base but this
            problem = f"a step failed ({error})"
            raise DeviceError(
                self._device, problem, "see whether the input is of its size"
            ) from None


def _check_names(card: ModelCard, runner: Any, states: Mapping[str, Any]) -> None:
    """Check that the graph has the inputs and outputs that the card tells of."""
    for kind, wanted, found in (
        ("inputs", {*card.inputs, *states}, {value.name for value in runner.get_inputs()}),
        (
            "outputs",
            {*card.outputs, *(NEXT + name for name in states)},
            {value.name for value in runner.get_outputs()},
        ),
    ):
        if not wanted <= found or (kind == "inputs" and wanted != found):
            there = f"{card.artifacts['onnx']} has the {kind} {sorted(found)}"
            problem = f"{there}, the card says {sorted(wanted)}"
            raise ModelError(card.name, problem, _AGAIN)


def _state_shapes(
    card: ModelCard, sizes: Mapping[str, int], runner: Any
) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Return shape and type of each state, by the card or else by the graph."""
    graph = {value.name: value for value in runner.get_inputs() if value.name not in card.inputs}
    missing = [name for name in card.states if name not in graph]
    if missing:
        problem = f"{card.artifacts['onnx']} has no state {missing[0]}, as the card says"
        raise ModelError(card.name, problem, _AGAIN)
    shapes = {}
    for name, value in graph.items():
        if name in card.states:
            shape = shape_of(card, f"state {name}", card.states[name], sizes)
        elif all(isinstance(size, int) for size in value.shape):
            shape = tuple(value.shape)
        else:
            problem = f"state {name} of its graph has the shape {value.shape}"
            raise ModelError(card.name, problem, "state its size in the card")
        shapes[name] = (shape, _dtype(card, name, value.type))
    return shapes


def _dtype(card: ModelCard, name: str, text: str) -> Any:
    if text not in _DTYPES:
        raise ModelError(card.name, f"state {name} is {text}", _AGAIN)
    return _DTYPES[text]
