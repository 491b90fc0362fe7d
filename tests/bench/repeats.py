"""Repeats that take turns, so that what else the machine does falls on all sides alike, and how ratios are printed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from statistics import median
from typing import TypeVar

Side = TypeVar("Side", bound=Hashable)


def interleaved(sides: Mapping[Side, Callable[[], float]], repeats: int, *, warm: bool = True) -> dict[Side, float]:
    """The median of what each side measures. Every other round goes the other way about.

    warm: one more round goes before, whose figures are dropped: it starts sessions and compiles.
    """
    measured: dict[Side, list[float]] = {side: [] for side in sides}
    for turn in range(repeats + warm):
        for side in list(sides) if turn % 2 else reversed(list(sides)):
            figure = sides[side]()
            if turn >= warm:
                measured[side].append(figure)
    return {side: median(figures) for side, figures in measured.items()}


def print_ratio(name: str, over_ms: float, under_ms: float, *, goal: str = "", note: str = "") -> None:
    """One line: `name`, both times, their ratio, the goal of the ratio, and what else is to be known."""
    figures = f"{over_ms:7.0f} ÷ {under_ms:7.0f} ms = {over_ms / under_ms:.3f}"
    print(f"  {name:48} {figures}{f'  (goal {goal})' if goal else ''}{f'   {note}' if note else ''}", flush=True)
