"""Spiking networks: neurons written once, layers, training rules, integer inference, conversion.

`steps` and `integer` need numpy only; `nn`, `learning` and `convert` need torch and are imported
by name.
"""

__all__: list[str] = []
