"""The daemon: perception that runs unattended for months; entry in `main`."""
