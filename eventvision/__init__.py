"""Real-time perception for event cameras."""
