"""A pen for flat drawings with clean outlines: SVG-like paths on a Pillow canvas larger than the finished picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]
Translucent = tuple[int, int, int, int]

INK: Colour = (58, 30, 44)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` (0..1) of the way from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def flatten(path: str, *, steps: int = 24) -> list[Point]:
    """Points along an SVG path of absolute M, L, C and Q commands, in the path's own units.

    Raises ValueError for another command.
    """
    words = path.replace(",", " ").split()
    points: list[Point] = []
    at = 0
    command = ""
    while at < len(words):
        if words[at].isalpha():
            command = words[at]
            at += 1
        count = {"M": 1, "L": 1, "Q": 2, "C": 3}.get(command)
        if count is None:
            raise ValueError(f"A path here is made of M, L, C and Q; {command!r} is none of them.")
        numbers = [float(word) for word in words[at : at + 2 * count]]
        at += 2 * count
        controls: list[Point] = list(zip(numbers[0::2], numbers[1::2], strict=True))
        if count == 1:
            points.append(controls[0])
        else:
            start = points[-1]
            points += [bezier([start, *controls], step / steps) for step in range(1, steps + 1)]
    return points


def bezier(controls: Sequence[Point], t: float) -> Point:
    """The point at t (0..1) of the Bézier curve with these control points, by de Casteljau's construction."""
    while len(controls) > 1:
        controls = [(ax + (bx - ax) * t, ay + (by - ay) * t) for (ax, ay), (bx, by) in pairwise(controls)]
    return controls[0]


def mirrored(points: Iterable[Point], axis_x: float) -> list[Point]:
    """The points reflected at the upright line x = axis_x."""
    return [(2 * axis_x - x, y) for x, y in points]


@dataclass(frozen=True)
class Pen:
    """Draws in units of the finished picture on a canvas `supersampling` times as large."""

    draw: ImageDraw.ImageDraw
    supersampling: int

    def fill(self, points: Sequence[Point], colour: Colour) -> None:
        self.draw.polygon([(x * self.supersampling, y * self.supersampling) for x, y in points], fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        scaled = [(x * self.supersampling, y * self.supersampling) for x, y in points]
        self.draw.line(scaled, fill=colour, width=round(width * self.supersampling), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc((x, y), width / 2, colour)

    def shape(self, points: Sequence[Point], colour: Colour, *, width: float = 1.3, ink: Colour = INK) -> None:
        """A filled shape with its outline."""
        self.fill(points, colour)
        self.line([*points, points[0]], ink, width)

    def disc(self, centre: Point, radius: float, colour: Colour | Translucent) -> None:
        self.oval(centre, radius, radius, colour)

    def oval(self, centre: Point, radius_x: float, radius_y: float, colour: Colour | Translucent) -> None:
        x, y = centre
        box = (x - radius_x, y - radius_y, x + radius_x, y + radius_y)
        self.draw.ellipse([value * self.supersampling for value in box], fill=colour)
