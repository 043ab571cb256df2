"""AEDAT3.1: files of caer."""
