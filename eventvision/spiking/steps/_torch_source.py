"""A step in plain torch: the reference that the fast forms are compared with."""

from __future__ import annotations

from ._expression import Expression, in_order, symbol
from ._step import Traced
from ._surrogates import Surrogate
from ._writing import Dialect, Writer, indented, safe

STRAIGHT = '''class Straight(torch.autograd.Function):
    """Rounding down, with the derivative 1."""

    @staticmethod
    def forward(_, u):
        return torch.floor(u)

    @staticmethod
    def backward(_, g):
        return g


def straight(u):
    return Straight.apply(u) if torch.is_grad_enabled() and u.requires_grad else torch.floor(u)'''

SPIKE = '''class Spike{index}(torch.autograd.Function):
    """Spikes with the derivative of {surrogate}."""

    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return (u >= 0).to(u.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (u_,) = ctx.saved_tensors
        x_ = u_
{lines}
        return g * {result}


def spike{index}(u):
    differentiates = torch.is_grad_enabled() and u.requires_grad
    return Spike{index}.apply(u) if differentiates else (u >= 0).to(u.dtype)'''


def torch_source(step: Traced) -> str:
    """Return a module with the function `step` over tensors: input, states, parameters in order."""
    nodes = list(in_order([step.output, *step.after]))
    surrogates = list(dict.fromkeys(n.detail for n in nodes if n.operation == "spike"))
    dialect = Dialect(
        number=repr,
        calls={
            "neg": "-{0}",
            "exp": "torch.exp({0})",
            "sqrt": "torch.sqrt({0})",
            "abs": "torch.where({0} >= 0, {0}, -{0})",
            "straight": "straight({0})",
            "where": "torch.where({0}, {1}, {2}).to(x_.dtype)",
            "not": "~{0}",
            "real": "{0}.to(x_.dtype)",
            "detach": "{0}.detach()",
        },
        spike=lambda node: f"spike{surrogates.index(node.detail)}({{0}})",
    )
    imports = "import torch"
    if surrogates:
        imports += "\nfrom torch.autograd.function import once_differentiable"
    parts = [f'"""{step.name} in plain torch, made from its step."""\n\n{imports}']
    if any(node.operation == "straight" for node in nodes):
        parts.append(STRAIGHT)
    parts += [_spike(index, surrogate, dialect) for index, surrogate in enumerate(surrogates)]
    parts.append(_step(step, dialect))
    return "\n\n\n".join(parts) + "\n"


def _spike(index: int, surrogate: Surrogate, dialect: Dialect) -> str:
    writer = Writer(dialect)
    (result,) = writer.write([surrogate.derivative(symbol("u"))])
    description = f"{surrogate.name}, slope {surrogate.steepness:g}"
    lines = indented(writer.lines, 2)
    return SPIKE.format(index=index, surrogate=description, lines=lines, result=result)


def _step(step: Traced, dialect: Dialect) -> str:
    names: dict[Expression, str] = {symbol(step.x): "x_"}
    writer = Writer(dialect, names)
    results = writer.write([step.output, *step.after])
    whole = [
        f"torch.full_like(x_, {name})" if node.operation == "number" else name
        for node, name in zip([step.output, *step.after], results, strict=True)
    ]
    arguments = ", ".join(["x_", *map(safe, (*step.states, *step.parameters))])
    lines = [*writer.lines, f"return ({', '.join(whole)},)"]
    return f"def step({arguments}):\n" + indented(lines, 1)
