"""EVT2, EVT2.1 and EVT3: RAW files of Prophesee, read and written."""
