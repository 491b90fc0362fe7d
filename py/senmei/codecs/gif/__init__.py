"""GIF files, read."""
