"""A neuron's step: the function that its author wrote, and what was learned by calling it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from eventvision.core import ConfigError

from ._expression import Expression, number_of, symbol
from ._operations import spiking_with
from ._surrogates import Surrogate

Option = bool | str | int
"""A setting that chooses among forms of a step; numbers that neurons differ in are parameters."""


@cache
def _arguments(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(function).parameters.values())


@dataclass(frozen=True, slots=True)
class Step:
    """A step as its author wrote it.

    The function takes the input, then the states, then by keyword the parameters (numbers or
    arrays) and options (true or false, texts, whole numbers). It returns the output and then the
    states after it, in the same order. What it may do with its arrays is + - * /, abs,
    comparisons, and the functions of `eventvision.spiking.steps`.

    Attributes:
        function: The function.
        name: What the neuron is called.
    """

    function: Callable[..., Any]
    name: str

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ConfigError("name", self.name, "letters, digits and underscores")
        if any(p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD} for p in _arguments(self.function)):
            raise ConfigError("step", self.name, "a function that names all of its arguments")
        if not self._positional:
            raise ConfigError("step", self.name, "a function whose first argument is the input")

    @property
    def _positional(self) -> tuple[str, ...]:
        return tuple(p.name for p in _arguments(self.function) if p.kind != p.KEYWORD_ONLY)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states, in order."""
        return self._positional[1:]

    @property
    def keywords(self) -> tuple[str, ...]:
        """Names of parameters and options."""
        return tuple(p.name for p in _arguments(self.function) if p.kind == p.KEYWORD_ONLY)

    def trace(self, *, options: Mapping[str, Option], surrogate: Surrogate) -> Traced:
        """Call the step with symbols.

        Args:
            options: Its options; all other keywords are parameters.
            surrogate: Whose derivative its spikes have.

        Raises:
            ConfigError: If it does not return its output and all of its states.
        """
        parameters = tuple(name for name in self.keywords if name not in options)
        symbols = {name: symbol(name) for name in (*self._positional, *parameters)}
        with spiking_with(surrogate):
            results = self.function(
                *(symbols[name] for name in self._positional),
                **{name: symbols[name] for name in parameters},
                **{name: options[name] for name in self.keywords if name in options},
            )
        results = results if isinstance(results, tuple) else (results,)
        if len(results) != 1 + len(self.states):
            expected = ", ".join(("output", *self.states))
            raise ConfigError("step", self.name, f"a function that returns {expected}")
        output, *after = map(number_of, results)
        return Traced(self.name, self._positional[0], self.states, parameters, output, tuple(after))


@dataclass(frozen=True, slots=True)
class Traced:
    """What a step computes, with its options decided.

    Attributes:
        name: What the neuron is called.
        x: Name of the input.
        states: Names of the states.
        parameters: Names of the parameters.
        output: The output.
        after: The states after the step.
    """

    name: str
    x: str
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    output: Expression
    after: tuple[Expression, ...]
