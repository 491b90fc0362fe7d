"""AVIF, HEIC and JPEG XL: their headers, and what Pillow can decode of them."""
