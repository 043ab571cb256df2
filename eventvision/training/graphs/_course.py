"""What every training of a graph has: an optimiser, a cycle of rates, checkpoints."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ._recipe import GraphRecipe

_LARGEST_SLOPE = 5.0
CHECKPOINT = "checkpoint.pt"


class Course:
    """A training on its way; goes on where a checkpoint was left.

    Args:
        model: What learns.
        recipe: How.
        steps: Steps in an epoch.
        checkpoint: File of the checkpoint, or None for none.
        epochs: How many; None for those of the recipe.

    Attributes:
        epoch: Epochs done.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: GraphRecipe,
        steps: int,
        checkpoint: Path | None,
        *,
        epochs: int | None = None,
    ) -> None:
        self.model, self.epoch = model, 0
        self._path = checkpoint
        self._optimiser = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._rates = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, recipe.learning_rate, total_steps=steps * (epochs or recipe.epochs)
        )
        if self._path is not None and self._path.exists():
            self._resume(self._path)

    def step(self, loss: Tensor) -> None:
        """Go down the slope of a loss."""
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _LARGEST_SLOPE)
        self._optimiser.step()
        self._rates.step()

    def end_epoch(self) -> None:
        """Count an epoch and keep where the training is."""
        self.epoch += 1
        if self._path is not None:
            part = self._path.with_suffix(".part")
            torch.save(
                {
                    "epoch": self.epoch,
                    "model": self.model.state_dict(),
                    "optimiser": self._optimiser.state_dict(),
                    "rates": self._rates.state_dict(),
                },
                part,
            )
            part.replace(self._path)

    def _resume(self, path: Path) -> None:
        kept = torch.load(path, weights_only=True)
        self.epoch = kept["epoch"]
        self.model.load_state_dict(kept["model"])
        self._optimiser.load_state_dict(kept["optimiser"])
        self._rates.load_state_dict(kept["rates"])
