"""Training rules and what goes with them: BPTT, SLTT, OTTT, rate regulariser, checkpointing."""
