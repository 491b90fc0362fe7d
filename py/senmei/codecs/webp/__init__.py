"""WebP files, read."""
