"""Metadata of every format, gathered, checked, made upright and written."""
