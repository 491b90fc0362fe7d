import pytest

from senmei.geometry import Region, Size


def test_a_size_has_at_least_one_pixel() -> None:
    with pytest.raises(ValueError, match="0 × 3"):
        Size(0, 3)


def test_a_region_knows_its_corners_and_whether_it_lies_inside() -> None:
    region = Region(2, 3, 4, 5)
    assert (region.right, region.bottom, region.size) == (6, 8, Size(4, 5))
    assert region.slices == (slice(3, 8), slice(2, 6))
    assert region.within(Size(6, 8)) and not region.within(Size(5, 8)) and not region.within(Size(6, 7))
    assert not Region(-1, 0, 1, 1).within(Size(9, 9)) and not Region(0, -1, 1, 1).within(Size(9, 9))


def test_scaling_and_shifting() -> None:
    assert Region(1, 2, 3, 4).scaled(3) == Region(3, 6, 9, 12)
    assert Region(1, 2, 3, 4).shifted(-1, 5) == Region(0, 7, 3, 4)
    assert Size(3, 5).scaled(4) == Size(12, 20)
    assert str(Size(3, 5)) == "3 × 5"
