"""PNG's five row filters, and which one a row gets.

W3C Portable Network Graphics, third edition: chapter 9 (the filters) and section 12.7 (the choice: the smallest sum of
the filtered bytes' absolute values, taken as signed).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_UP = 2


def filtered(rows: Bytes, *, step: int) -> Bytes:
    """(n + 1, step + width) bytes → (n, 1 + width): each row after its filter's number.

    rows: the row above (zeros above the first), then n rows, each after `step` zeros. step: bytes a pixel.
    """
    current, above = rows[1:, step:], rows[:-1, step:]
    result = np.zeros((current.shape[0], 1 + current.shape[1]), np.uint8)
    # Where nothing changes downwards, “up” leaves zeros, which nothing can beat.
    moving = np.flatnonzero((current != above).any(axis=1))
    if len(moving) < current.shape[0]:
        result[:, 0] = _UP
    if len(moving):
        result[moving] = _best(rows, moving, step)
    return result


def _best(rows: Bytes, moving: NDArray[np.intp], step: int) -> Bytes:
    below, above = rows[moving + 1], rows[moving]
    candidates = np.empty((5, len(moving), below.shape[1] - step), np.uint8)
    current, left = below[:, step:], below[:, :-step]
    up, up_left = above[:, step:], above[:, :-step]
    candidates[0] = current
    np.subtract(current, left, out=candidates[1])
    np.subtract(current, up, out=candidates[_UP])
    # The floor of the mean of two bytes, without a wider type.
    np.subtract(current, (left >> 1) + (up >> 1) + (left & up & 1), out=candidates[3])
    np.subtract(current, _paeth(left, up, up_left), out=candidates[4])
    magnitudes = np.abs(candidates.view(np.int8)).view(np.uint8)
    best = magnitudes.sum(axis=2, dtype=np.uint64).argmin(axis=0)
    result = np.empty((len(moving), 1 + current.shape[1]), np.uint8)
    result[:, 0] = best
    result[:, 1:] = candidates[best, np.arange(len(moving))]
    return result


def _paeth(left: Bytes, up: Bytes, up_left: Bytes) -> Bytes:
    """Of the three neighbours the one nearest to left + up − up_left; of equally near ones the first.

    With t = 3 · up_left − left − up this is: the larger of left and up where t is not above their smaller, else the
    smaller where t is not below their larger, else up_left (Fabian Giesen's form, as in stb_image). Choosing by masks
    of all or no bits is several times faster here than numpy.where.
    """
    smaller, larger = np.minimum(left, up), np.maximum(left, up)
    threshold = np.multiply(up_left, 3, dtype=np.int16)
    threshold -= left
    threshold -= up
    result = _chosen(threshold >= larger, smaller, up_left)
    return _chosen(threshold <= smaller, larger, result)


def _chosen(condition: NDArray[np.bool_], yes: Bytes, no: Bytes) -> Bytes:
    mask = np.negative(condition.view(np.uint8))
    return ((yes ^ no) & mask) ^ no
