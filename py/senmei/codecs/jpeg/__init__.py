"""JPEG files, read."""
