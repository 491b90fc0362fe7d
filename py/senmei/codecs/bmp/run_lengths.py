"""BMP's run-length coding of 8 and 4 bits (Microsoft, "Bitmap Compression").

Pillow reads it too, but up to version 10 wrongly where 4-bit literals have an odd number.
"""

from __future__ import annotations

import numpy as np

from ...geometry import Size
from ...picture import Pixels

_NIBBLES = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))


def read_run_lengths(data: bytes, start: int, size: Size, *, is_four_bits: bool) -> tuple[Pixels, int, str]:
    """The (h, w) indices in the file's order of rows, how many rows are done, and what is wrong after those, or "".

    What the file skips has the index 0.
    """
    width, height = size.width, size.height
    indices = bytearray(width * height)
    # An odd row may be coded as if it had one pixel more.
    slack = 1 if is_four_bits else 0
    x = y = 0
    place = start
    fault = ""
    while y < height:
        if place + 2 > len(data):
            fault = f"it ends at byte {len(data)}"
            break
        count, value = data[place], data[place + 1]
        place += 2
        if count:
            run = bytes((value >> 4, value & 15)) * (count // 2 + 1) if is_four_bits else bytes((value,)) * count
        elif value == 0:
            x, y = 0, y + 1
            continue
        elif value == 1:
            # The last row needs no end of its own.
            y += x >= width
            fault = f"its end mark at byte {place - 2} comes early" if y < height else ""
            break
        elif value == 2:
            if place + 2 > len(data):
                fault = f"it ends at byte {len(data)}"
                break
            x, y = x + data[place], y + data[place + 1]
            place += 2
            continue
        else:
            count = value
            length = (count + 1) // 2 if is_four_bits else count
            content = data[place : place + length]
            if len(content) < length:
                fault = f"it ends at byte {len(data)}"
                break
            run = content.hex().encode().translate(_NIBBLES) if is_four_bits else content
            place += length + length % 2
        if x + count > width + slack:
            fault = f"a run at byte {place} reaches beyond its row"
            break
        at, kept = y * width + x, max(0, min(count, width - x))
        indices[at : at + kept] = run[:kept]
        x += count
    return np.frombuffer(indices, np.uint8).reshape(height, width), min(y, height), fault
