"""Parts the ONNX form of a model; any float tensor can go over.

What follows from weights alone, and whole numbers such as shapes, is computed on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eventvision.core import DeviceError, ModelCard, TensorSpec
from eventvision.devices._onnx import NEXT

from ._heads import Steps, heads_of
from ._parts import ENCODER, FILES, HEADS, Parts, part_card, real_tensor

_HANDED = "handed."


def part_onnx(card: ModelCard, folder: Path) -> Parts | None:
    """Write the parts of a model's ONNX form; None if it has no encoder of its own.

    Shapes of what is handed over are not known yet: they are those of what the encoder gives.

    Args:
        card: The model.
        folder: Gets a folder for each part.

    Raises:
        ModelError: If the model has no ONNX form.
        DeviceError: If it cannot be read.
    """
    graph = _Graph(card)
    heads = graph.heads()
    if all(graph.is_trivial(name) for name in graph.makers if name not in heads):
        return None
    second, crossing = graph.closure(sorted(heads, key=graph.order))
    first = [name for name in graph.makers if name not in heads]
    graph.write(
        folder / ENCODER,
        first,
        [*card.inputs, *graph.states(first)],
        [*(NEXT + state for state in graph.states(first)), *(_HANDED + each for each in crossing)],
        handed=crossing,
    )
    inputs = {
        **{name: card.inputs[name] for name in card.inputs if graph.reads_any(second, name)},
        **dict.fromkeys(crossing, real_tensor((1,))),
    }
    states = graph.states(second)
    outputs = [*card.outputs, *(NEXT + state for state in states)]
    graph.write(folder / HEADS, second, [*inputs, *states], outputs)
    return Parts(
        encoder=part_card(
            card, folder, ENCODER, artifact="onnx", inputs=card.inputs,
            outputs={_HANDED + name: real_tensor((1,)) for name in crossing},
            states=_chosen(card, graph.states(first)),
        ),
        heads=part_card(
            card, folder, HEADS, artifact="onnx", inputs=inputs, outputs=card.outputs,
            states=_chosen(card, states),
        ),
        handed={_HANDED + name: name for name in crossing},
    )  # fmt: skip


class _Graph:
    """A graph whose nodes are known by the first value that each gives."""

    def __init__(self, card: ModelCard) -> None:
        try:
            import onnx
        except ImportError as error:
            problem = f"parting an ONNX model needs onnx ({error})"
            raise DeviceError("hybrid", problem, "pip install onnx") from None
        self._onnx, self._card = onnx, card
        path = card.artifact("onnx")
        try:
            self._model: Any = onnx.shape_inference.infer_shapes(onnx.load(path))
        except Exception as error:  # onnx raises errors of protobuf and its own
            problem = f"cannot read {path.name} of {card.name} ({error})"
            raise DeviceError("hybrid", problem, "export the model again") from None
        graph = self._model.graph
        self.makers: dict[str, Any] = {node.output[0]: node for node in graph.node}
        self._orders = {name: number for number, name in enumerate(self.makers)}
        self._by_value = {
            value: name for name, node in self.makers.items() for value in node.output
        }
        self._weights = {each.name: each for each in graph.initializer}
        inputs = [each.name for each in graph.input if each.name not in self._weights]
        self._states = [name for name in inputs if name not in card.inputs]
        self._types = {
            each.name: each.type.tensor_type.elem_type
            for each in (*graph.value_info, *graph.input, *graph.output)
        }

    def order(self, maker: str) -> int:
        """Return the place of a node in the graph."""
        return self._orders[maker]

    def heads(self) -> set[str]:
        """Return the nodes of the heads."""
        reads = {name: self._read_by(node) for name, node in self.makers.items()}
        for state in self._states:  # what reads a state and what makes the next lie together
            maker = self._by_value.get(NEXT + state)
            readers = [name for name, node in self.makers.items() if state in node.input]
            if maker is not None:
                for reader in readers:
                    reads[reader] = reads[reader] | {maker}
        outputs = [self._by_value[name] for name in self._card.outputs]
        memory = {self._by_value.get(NEXT + state, "") for state in self._states}
        return heads_of(Steps(reads, outputs), lambda name: name not in memory)

    def is_trivial(self, maker: str) -> bool:
        """Say whether a node computes nothing of the inputs but shapes."""
        return not self._is_real(maker) or self._is_constant(maker)

    def closure(self, makers: Iterable[str]) -> tuple[list[str], list[str]]:
        """Add what is computed on both sides; return all nodes, and values that are handed over."""
        chosen, left = set(makers), list(makers)
        crossing: set[str] = set()
        while left:
            for value in self.makers[left.pop()].input:
                maker = self._by_value.get(value)
                if maker is None or maker in chosen:
                    continue
                if self._is_real(value) and not self._is_constant(maker):
                    crossing.add(value)
                else:
                    chosen.add(maker)
                    left.append(maker)
        return sorted(chosen, key=self.order), sorted(crossing)

    def states(self, makers: Iterable[str]) -> list[str]:
        """Return the states whose next value some nodes make."""
        made = {value for name in makers for value in self.makers[name].output}
        return [state for state in self._states if NEXT + state in made]

    def reads_any(self, makers: Iterable[str], value: str) -> bool:
        """Say whether one of some nodes reads a value."""
        return any(value in self.makers[name].input for name in makers)

    def write(
        self,
        folder: Path,
        makers: Iterable[str],
        inputs: Iterable[str],
        outputs: Iterable[str],
        *,
        handed: Iterable[str] = (),
    ) -> None:
        """Write a graph of some nodes; what is handed over gets a name of its own."""
        helper, nodes = self._onnx.helper, [self.makers[name] for name in makers]
        nodes += [helper.make_node("Identity", [each], [_HANDED + each]) for each in handed]
        read = {value for node in nodes for value in node.input}
        made = helper.make_graph(
            nodes,
            folder.name,
            [self._described(name) for name in inputs],
            [self._described(name) for name in outputs],
            [weight for name, weight in self._weights.items() if name in read],
        )
        model = helper.make_model(
            made, opset_imports=self._model.opset_import, functions=self._model.functions,
            ir_version=self._model.ir_version,
        )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self._onnx.save(model, folder / FILES["onnx"])

    def _described(self, name: str) -> Any:
        for each in (*self._model.graph.input, *self._model.graph.output):
            if each.name == name:
                return each
        return self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, None)

    def _read_by(self, node: Any) -> set[str]:
        return {self._by_value[value] for value in node.input if value in self._by_value}

    def _is_real(self, value: str) -> bool:
        real = self._onnx.TensorProto.FLOAT
        return bool(self._types.get(value, real) == real)

    def _is_constant(self, maker: str) -> bool:
        """Say whether a node follows from weights alone."""
        inputs = [value for value in self.makers[maker].input if value]
        return all(
            value in self._weights
            or (value in self._by_value and self._is_constant(self._by_value[value]))
            for value in inputs
        )


def _chosen(card: ModelCard, names: Iterable[str]) -> dict[str, TensorSpec]:
    return {name: card.states[name] for name in names if name in card.states}
