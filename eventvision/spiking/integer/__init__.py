"""Integer spiking networks: int8 weights, int16 potentials, power-of-two scales, shift leak."""
