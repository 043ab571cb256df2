"""What views call: one controller for each part of the state."""
