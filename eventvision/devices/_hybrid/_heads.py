"""Which steps of a network belong to its heads, however the network is written down.

A step (a node of a graph) belongs to the encoder if more than one output depends on it, in this
slice or in a later one. What is left are the heads. Then the border may have to move: not every
value can be handed over, so whoever makes one that cannot goes to the heads as well, with all that
read it; and what remembers must lie on one side with all that make its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Steps:
    """A network as steps that read one another.

    Attributes:
        reads: For each step the steps that it reads, those of the slice before included; every
            step that is read is a key.
        outputs: Steps that give an output of the network.
    """

    reads: Mapping[str, Set[str]]
    outputs: Iterable[str]

    def ancestors(self, step: str) -> set[str]:
        """Return all steps on which one depends, itself included."""
        found, left = {step}, [step]
        while left:
            new = self.reads[left.pop()] - found
            found |= new
            left.extend(new)
        return found


def heads_of(steps: Steps, can_cross: Callable[[str], bool]) -> set[str]:
    """Return the steps of the heads; all of them if there is no encoder.

    Args:
        steps: The network.
        can_cross: Whether what a step gives can be handed from one device to another.
    """
    shared: dict[str, int] = dict.fromkeys(steps.reads, 0)
    for output in steps.outputs:
        for step in steps.ancestors(output):
            shared[step] += 1
    heads = {step for step, outputs in shared.items() if outputs < 2}
    while True:
        before = len(heads)
        made = set().union(*(steps.reads[step] for step in heads)) - heads
        heads |= {step for step in made if not can_cross(step)}
        heads |= {step for step, read in steps.reads.items() if read & heads}
        if len(heads) == before:
            return heads
