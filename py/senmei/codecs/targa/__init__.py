"""TGA files, read."""
