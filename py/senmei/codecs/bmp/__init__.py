"""BMP files and the bitmaps within icons, read."""
