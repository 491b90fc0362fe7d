"""PNG files, read and written."""
