"""GIF files, read and written."""
