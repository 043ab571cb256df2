"""Training: data, losses, recipes, evaluation."""

__all__: list[str] = []
