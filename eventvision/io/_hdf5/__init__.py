"""HDF5 in the dialects of Prophesee (read) and DSEC (read and written)."""
