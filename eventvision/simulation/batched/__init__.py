"""The fast path: scenes and event cameras as batched tensors, for training."""
