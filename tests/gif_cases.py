"""Small GIF files for every rule of the format and for what is written against it, each with what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gif_motion_cases import MOTION
from senmei.picture import Picture
from written_gif import (
    PALETTE,
    CodeWriter,
    GifCase,
    control,
    gif_case,
    image,
    indices,
    lzw,
    opaque,
    screen,
    shown,
)

PARTS = "Chromium gives no frame whose data does not give all its pixels, nor those drawn over it."
TOO_LONG = "A VideoFrame of Chromium's has no sides of this length."


def gif_cases() -> list[GifCase]:
    """The same at every call."""
    makers: tuple[Callable[[], Iterator[GifCase]], ...] = (
        _colours,
        _transparency,
        _interlacing,
        _places,
        _codes,
        _odd_code_sizes,
        _missing_pixels,
        *MOTION,
    )
    return [case for maker in makers for case in maker()]


def rgba(picture: Picture) -> NDArray[Any]:
    """(H, W, 4) uint8, as the cases have it; opaque where there is no alpha."""
    height, width = picture.pixels.shape[:2]
    alpha = np.full((height, width), 255, np.uint8) if picture.alpha is None else picture.alpha
    return np.dstack((np.broadcast_to(picture.pixels, (height, width, 3)), alpha))


def _colours() -> Iterator[GifCase]:
    for bits in range(1, 9):
        grays = np.repeat(np.linspace(0, 255, 1 << bits).astype(np.uint8)[:, np.newaxis], 3, axis=1)
        levels = np.resize(np.arange(1 << bits), (16, 16)).astype(np.uint8)
        data = screen(16, 16, grays) + image(levels, bits=max(bits, 2))
        yield gif_case(f"{1 << bits} gray levels", data, size="", frames=[opaque(grays[levels])])
    for channel, name in enumerate(("red", "green", "blue")):
        ramp = np.zeros((256, 3), np.uint8)
        ramp[:, channel] = np.arange(256)
        levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
        data = screen(16, 16, ramp) + image(levels, bits=8)
        yield gif_case(f"256 levels of {name}", data, size="", frames=[opaque(ramp[levels])])
    drawing, other = "rg/bw", PALETTE[::-1]
    yield gif_case("four colours", image(drawing), frames=[drawing])
    yield gif_case("a palette of its own", image(drawing, palette=other), frames=[shown(drawing, other)])
    own = image(drawing, palette=other)
    yield gif_case("no shared palette", screen(2, 2, None), own, size="", frames=[shown(drawing, other)])
    both = [drawing, shown(drawing, other), drawing]
    yield gif_case("shared and own palettes in turn", image(drawing), own, image(drawing), frames=both)
    black = "kk/kk"
    yield gif_case("no palette", screen(2, 2, None), image(drawing), size="", frames=[black], notes=("4 pixels",))
    lacking = screen(2, 2, None) + image(drawing) + own
    yield gif_case("no palette, then one", lacking, size="", frames=[black, shown(drawing, other)], notes=("4 pixels",))
    few = screen(2, 2, PALETTE[:4]) + image("rw/ym")
    yield gif_case("colours beyond the palette", few, size="", frames=["rw/kk"], notes=("2 pixels",))
    few = screen(2, 2) + image("rw/ym", palette=PALETTE[:4])
    yield gif_case("colours beyond its own palette", few, size="", frames=["rw/kk"], notes=("2 pixels",))
    for number in (3, 200):
        name = f"background colour {number}, where nothing is drawn"
        yield gif_case(name, screen(2, 2, background=number), image("r"), size="", frames=["r./.."])


def _transparency() -> Iterator[GifCase]:
    red, magenta = 2, 6
    yield gif_case("transparent", control(transparent=red), image("rg/bw"), frames=[".g/bw"])
    yield gif_case("transparency not enabled", control(flags=0, transparent=red), image("rg/bw"), frames=["rg/bw"])
    yield gif_case(
        "transparent colour that is not used", control(transparent=magenta), image("rg/bw"), frames=["rg/bw"]
    )
    yield gif_case("transparent colour beyond the palette", control(transparent=255), image("rg/bw"), frames=["rg/bw"])
    few = screen(2, 2, PALETTE[:4]) + control(transparent=magenta) + image("rw/ym")
    name = "transparent colour beyond the palette, used"
    yield gif_case(name, few, size="", frames=["rw/k."], notes=("1 pixels",))
    over = control(transparent=magenta) + image("mk/km")
    yield gif_case("a frame beneath shows through", image("rg/bw"), over, frames=["rg/bw", "rk/kw"])
    yield gif_case("nothing beneath shows through", over, image("w"), frames=[".k/k.", "wk/k."])
    wholly = control(transparent=magenta) + image("mm/mm")
    yield gif_case("a wholly transparent frame", image("rg/bw"), wholly, frames=["rg/bw", "rg/bw"])
    yield gif_case("a wholly transparent first frame", wholly, image("rg/bw"), frames=["../..", "rg/bw"])
    own = control(transparent=0) + image("kr/gk", palette=PALETTE[::-1])
    beneath = np.where(indices("kr/gk")[:, :, np.newaxis] == 0, shown("rg/bw"), shown("kr/gk", PALETTE[::-1]))
    yield gif_case("transparent in its own palette", image("rg/bw"), own, frames=["rg/bw", beneath])


def _interlacing() -> Iterator[GifCase]:
    for height in (1, 2, 3, 4, 5, 6, 8, 9, 16, 33):
        drawing = "/".join("".join("kwrgbcmy"[(y * 3 + x * 5) % 8] for x in range(5)) for y in range(height))
        data = screen(5, height) + image(drawing, interlaced=True)
        yield gif_case(f"interlaced, {height} rows", data, size="", frames=[drawing])
    drawing = "rmg/mbm/wmc/myk/kky"
    over = image("kkk/kkk/kkk/kkk/kkk") + control(transparent=6) + image(drawing, interlaced=True)
    frames = ["kkk/kkk/kkk/kkk/kkk", drawing.replace("m", "k")]
    yield gif_case("interlaced, transparent, over another", screen(3, 5), over, size="", frames=frames)
    drawing = "/".join("rgbw" for _ in range(7))
    rows = np.pad(indices(drawing), ((1, 0), (2, 0)))
    yield gif_case(
        "interlaced, and beyond the screen", image("k"), image(rows, interlaced=True), frames=["k./..", "kk/kk"]
    )


def _places() -> Iterator[GifCase]:
    yield gif_case(
        "smaller than the screen", image("r", at=(1, 1)), size="33", frames=["..././.r./...".replace("/./", "/")]
    )
    yield gif_case("first frame reaches beyond the screen", image("rg/bw", at=(1, 1)), frames=[".../.rg/.bw"])
    yield gif_case("first frame lies beyond the screen", image("rg", at=(3, 2)), frames=["...../...../...rg"])
    yield gif_case("first frame is wider than the screen", image("rgbw"), frames=["rgbw/...."])
    yield gif_case("screen without pixels", screen(0, 0), image("rg"), image("bb/b"[:2]), size="", frames=["rg", "bb"])
    yield gif_case(
        "later frame clipped right and below", image("kk/kk"), image("rg/bw", at=(1, 1)), frames=["kk/kk", "kk/kr"]
    )
    yield gif_case("later frame clipped right", image("kk/kk"), image("rgb/cmy", at=(1, 0)), frames=["kk/kk", "kr/kc"])
    yield gif_case("later frame clipped below", image("kk/kk"), image("rg/bw/yy", at=(0, 1)), frames=["kk/kk", "kk/rg"])
    yield gif_case(
        "later frame outside", image("kk/kk"), image("rg/bw", at=(2, 2)), image("w"), frames=["kk/kk", "kk/kk", "wk/kk"]
    )
    yield gif_case("later frame far outside", image("kk/kk"), image("r", at=(65535, 65535)), frames=["kk/kk", "kk/kk"])
    yield gif_case(
        "later frame larger than the screen", image("kk/kk"), image("rgb/cmy/wwk"), frames=["kk/kk", "rg/cm"]
    )
    for size in ((0, 1), (1, 0), (0, 0)):
        empty = image("k", size=size, data=lzw([], 3))
        title = f"{size[0]} × {size[1]} pixels"
        yield gif_case(f"later frame of {title}", image("rg/bw"), empty, image("k"), frames=["rg/bw", "rg/bw", "kg/bw"])
        yield gif_case(f"first frame of {title}", empty, image("rg/bw"), frames=["../..", "rg/bw"])
        yield gif_case(f"only frame of {title}", empty, frames=["../.."])
    for width, height in ((65535, 1), (1, 65535), (65535 + 3, 1)):
        levels = np.resize(np.arange(8, dtype=np.uint8), (height, min(width, 65535)))
        frame = np.zeros((height, width, 4), np.uint8)
        frame[:, width - levels.shape[1] :] = opaque(PALETTE[levels])
        at = (width - levels.shape[1], 0)
        parts = screen(min(width, 65535), height) + image(levels, at=at)
        yield gif_case(f"{width} × {height}", parts, size="", frames=[frame], chromium=TOO_LONG)


def _random(bits: int, side: int = 64) -> NDArray[Any]:
    return np.random.default_rng(bits).integers(0, 1 << bits, (side, side)).astype(np.uint8)


def _codes() -> Iterator[GifCase]:
    def drawn(name: str, values: list[int] | None = None, *, extra: bytes = b"", **options: Any) -> GifCase:
        data = lzw(indices("rg/bw").reshape(-1).tolist() if values is None else values, 3, **options) + extra
        return gif_case(name, image("rg/bw", data=data), image("k"), frames=["rg/bw", "kg/bw"])

    yield drawn("no clear code")
    yield drawn("no clear code in front", clear=False)
    yield drawn("no end code", end=False)
    yield drawn("neither clear nor end code", clear=False, end=False)
    yield drawn("a clear code before each", clear=False, clear_each=1)
    yield drawn("two clear codes before each", clear_each=2)
    yield drawn("data behind the end code", extra=b"hidden words " * 30)
    yield drawn("more pixels than there are", [2, 3, 4, 1] * 30)
    yield drawn("more pixels than there are, no end code", [2, 3, 4, 1] * 300, end=False)
    writer = CodeWriter(3)
    writer.clear()
    for code in (2, 3, 4, 1, 15, 15, 15):
        writer.put(code)
    yield gif_case(
        "codes that mean nothing behind the last pixel", image("rg/bw", data=writer.bytes()), frames=["rg/bw"]
    )
    yield gif_case("a code that stands for itself", image("rrr/rrr"), size="32", frames=["rrr/rrr"])
    noise = _random(8)
    colours = np.random.default_rng(0).integers(0, 256, (256, 3)).astype(np.uint8)
    for name, options in {
        "cleared when the table is full": {},
        "the table stays full": {"clear_when_full": False},
        "the table stays full, no clear in front, no end": {"clear_when_full": False, "clear": False, "end": False},
        "cleared after 9 bits": {"widest": 9},
        "cleared after 10 bits": {"widest": 10},
    }.items():
        data = lzw(noise.reshape(-1).tolist(), 8, **options)
        parts = screen(64, 64, colours) + image(noise, bits=8, data=data)
        yield gif_case(name, parts, size="", frames=[opaque(colours[noise])])
    flat = np.full((64, 64), 5, np.uint8)
    yield gif_case("long runs", screen(64, 64) + image(flat), size="", frames=[opaque(PALETTE[flat])])
    for length in (1, 2, 254):
        data = screen(64, 64, colours) + image(noise, bits=8, block=length)
        yield gif_case(f"sub-blocks of {length} bytes", data, size="", frames=[opaque(colours[noise])])


def _odd_code_sizes() -> Iterator[GifCase]:
    for bits in (4, 5, 6, 7, 8):
        yield gif_case(f"8 colours in codes of {bits} bits", image("rg/bw", bits=bits), frames=["rg/bw"])
    yield gif_case("codes of 1 bit", image("kw/wk", bits=1), image("ww/ww", bits=1), frames=["kw/wk", "ww/ww"])
    yield gif_case("codes of 0 bits", image("ww/ww"), image("kk/kk", bits=0), frames=["ww/ww", "kk/kk"])
    wider = "Chromium refuses codes of more than 8 bits; they are sound codes nevertheless."
    for bits in (9, 10, 11):
        parts = image("kk/kk"), image("rg/bw", bits=bits)
        yield gif_case(f"codes of {bits} bits", *parts, frames=["kk/kk", "rg/bw"], chromium=wider)
    yield gif_case(
        "codes of 12 bits",
        image("rg/bw"),
        image("kk", bits=12, data=b"\0\0"),
        image("kk"),
        frames=["rg/bw"],
        notes=("codes of 12 bits",),
    )


def _missing_pixels() -> Iterator[GifCase]:
    short = [2, 3, 4]
    early = image("rg/bw", data=lzw(short, 3))
    without = image("rg/bw", data=lzw(short, 3, end=False))
    invalid = CodeWriter(3)
    invalid.clear()
    for code in (2, 3, 4, 15):
        invalid.put(code)
    strange = image("rg/bw", data=invalid.bytes())
    for title, part in {"an early end": early, "no end code": without, "a code that means nothing": strange}.items():
        first, more = {"frames": ["rg/b.", "kg/b."]}, {"chromium": PARTS, "notes": ("1 of 2 frames",)}
        yield gif_case(f"first frame lacks pixels, {title}", part, image("k"), **first, **more)
        frames, more["notes"] = ["kk/kk", "rg/bk", "yg/bk"], ("1 of 3 frames",)
        yield gif_case(f"later frame lacks pixels, {title}", image("kk/kk"), part, image("y"), frames=frames, **more)
    none = image("rg/bw", data=b"")
    yield gif_case("no data", image("kk/kk"), none, frames=["kk/kk", "kk/kk"], chromium=PARTS, notes=("1 of 2 frames",))
    none = image("rg/bw", data=lzw([], 3))
    yield gif_case("an end code alone", none, image("k"), frames=["../..", "k./.."], chromium=PARTS, notes=("1 of 2",))
    drawing = "/".join("rgbwy" for _ in range(9))
    rows = indices(drawing)
    stored = np.concatenate([rows[0::8], rows[4::8], rows[2::4], rows[1::2]]).reshape(-1).tolist()
    data = screen(5, 9) + image(rows, interlaced=True, data=lzw(stored[:17], 3)) + control(100) + image("k")
    part = "rgbwy/...../...../...../rgbwy/...../rg.../...../rgbwy"
    # Rows 0 and 8, then 4, then 2 and 6: the fourth row in the file is row 2.
    part = "rgbwy/...../rg.../...../rgbwy/...../...../...../rgbwy"
    frames, times = [part, "k" + part[1:]], [0, 1000]
    yield gif_case(
        "interlaced frame lacks pixels",
        data,
        size="",
        frames=frames,
        durations=times,
        chromium=PARTS,
        notes=("1 of 2",),
    )
    levels = np.resize(np.arange(254, 256, dtype=np.uint8), (5, 5))
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    expected = opaque(grays[levels])
    data = screen(5, 5, grays) + image(levels, bits=8) + image(levels, bits=8, data=lzw([255] * 12, 8))
    second = expected.copy()
    second.reshape(25, 4)[:12] = 255
    yield gif_case(
        "frame of the last colour lacks pixels",
        data,
        size="",
        frames=[expected, second],
        chromium=PARTS,
        notes=("1 of 2",),
    )
