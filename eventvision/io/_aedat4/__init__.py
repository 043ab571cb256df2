"""AEDAT4: files of dv-processing, read and written."""
