"""DAT: files of Prophesee, read and written."""
