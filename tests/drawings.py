"""Pictures for the tests, drawn by code: edges, curves, thin lines, gradients and texture in one."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw


def drawing(width: int, height: int, *, seed: int = 0, noise: float = 0) -> NDArray[np.uint8]:
    """(height, width, 3): flat shapes with dark outlines over a gradient. noise: deviation of added grain in levels."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    sky = np.dstack((180 + 60 * columns / width, 150 + 80 * rows / height, 235 - 90 * rows / height))
    image = Image.fromarray(np.rint(sky).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(10):
        x, y = rng.integers(0, width), rng.integers(0, height)
        radius = rng.integers(3, 12 + max(width, height) // 6)
        fill = tuple(int(level) for level in rng.integers(0, 256, 3))
        box = (x - radius, y - radius, x + radius, y + radius)
        if rng.random() < 0.6:
            pen.ellipse(box, fill, outline=(25, 20, 40), width=2)
        else:
            pen.rectangle(box, fill, outline=(25, 20, 40))
        pen.line((x, y, *rng.integers(0, max(width, height), 2)), fill=(20, 20, 20))
    pixels = np.asarray(image).astype(np.float64)
    return np.rint(pixels + rng.normal(0, noise, pixels.shape)).clip(0, 255).astype(np.uint8)


def saved(pixels: NDArray[Any] | Image.Image, format: str = "PNG", **options: Any) -> bytes:  # noqa: A002 - Pillow's word
    """The bytes of a file that Pillow writes."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def opened(data: bytes) -> NDArray[Any]:
    """The pixels of a file as Pillow reads them."""
    return np.asarray(Image.open(BytesIO(data)))
