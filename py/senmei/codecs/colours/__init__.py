"""Colour spaces other than those of the result."""
