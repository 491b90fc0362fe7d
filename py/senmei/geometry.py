"""Sizes and regions in whole pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a size needs sides of at least 1 pixel, not {self.width} × {self.height}")

    @property
    def pixels(self) -> int:
        return self.width * self.height

    def scaled(self, factor: int) -> Size:
        return Size(self.width * factor, self.height * factor)

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle: its left top corner (which may be negative, outside the picture) and its sides in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, for indexing an (H, W, …) array. Only for regions inside the array."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def scaled(self, factor: int) -> Region:
        return Region(self.x * factor, self.y * factor, self.width * factor, self.height * factor)

    def shifted(self, x: int, y: int) -> Region:
        return Region(self.x + x, self.y + y, self.width, self.height)

    def within(self, size: Size) -> bool:
        return self.x >= 0 and self.y >= 0 and self.right <= size.width and self.bottom <= size.height
