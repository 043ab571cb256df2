"""Text in columns, read and written."""
