"""Other programs' pages against Senmei's: the same network, picture and machine, PNG to PNG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.browser_bench import Contender
from bench.repeats import interleaved, print_ratio
from drawings import drawing, saved
from models_folder import catalogue

SIZES = [(512, 384), (1024, 768)]


def compete(
    senmei: Contender, rivals: Mapping[str, Contender], model: str, repeats: int, *, goals: Mapping[str, str]
) -> None:
    """Prints for each size and each rival its time ÷ Senmei's, and how far the pixels are apart. goals: by rival."""
    for width, height in SIZES:
        png = saved(drawing(width, height))
        contenders = {"Senmei": senmei, **rivals}
        pictures = {}
        for name, contender in contenders.items():
            contender.hold(png)
            pictures[name] = contender.enlarged()
        medians = interleaved({name: one.job_ms for name, one in contenders.items()}, repeats, warm=False)
        card = catalogue().get(model)
        border = card.overlap * card.scale
        for name in rivals:
            print_ratio(
                f"{name} {width}×{height}",
                medians[name],
                medians["Senmei"],
                goal=goals.get(name, ""),
                note=apart(pictures[name], pictures["Senmei"], border),
            )


def apart(one: NDArray[Any], other: NDArray[Any], border: int) -> str:
    """In words, by how many levels two pictures differ more than `border` pixels inside their border, beyond which each
    program invents pixels of its own."""
    inside = (slice(border, -border), slice(border, -border), slice(0, 3))
    levels = np.abs(one[inside].astype(int) - other[inside])
    return f"pixels apart by at most {levels.max()} levels, {levels.mean():.2f} on average"
