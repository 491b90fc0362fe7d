"""Small GIF files for every rule of the format and for what is written against it, each with what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from written_gif import (
    PALETTE,
    TRAILER,
    CodeWriter,
    blocks,
    control,
    extension,
    image,
    indices,
    loop,
    lzw,
    screen,
    shown,
)

RGBA = NDArray[Any]

PARTS = "Chromium gives no frame whose data does not give all its pixels, nor those drawn over it."
LENIENT = "Chromium ends the file there; Firefox and Senmei read on, and nothing is lost."


@dataclass(frozen=True, slots=True, eq=False)
class GifCase:
    """frames: (H, W, 4) RGBA. notes: words that tell of what is odd, in order. chromium: why it shows otherwise."""

    name: str
    data: bytes
    frames: tuple[RGBA, ...]
    durations_ms: tuple[float, ...]
    loop_count: int = 1
    notes: tuple[str, ...] = ()
    chromium: str = ""


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
        _loops,
        _delays,
        _controls,
        _disposals,
        _combined,
        _extensions,
        _broken,
    )
    return [case for maker in makers for case in maker()]


def _case(name: str, *parts: bytes, frames: list[str] | list[RGBA], size: str = "22", **more: Any) -> GifCase:
    """size: of a screen with PALETTE in front of the parts, or "" where they have their own. frames: drawings or
    arrays; delays of 0 unless given."""
    head = screen(int(size[0]), int(size[1])) if size else b""
    pictures = tuple(shown(frame) if isinstance(frame, str) else frame for frame in frames)
    durations = more.pop("durations", [0] * len(pictures))
    return GifCase(name, head + b"".join(parts) + TRAILER, pictures, tuple(map(float, durations)), **more)


def _opaque(colours: RGBA) -> RGBA:
    return np.dstack((colours, np.full(colours.shape[:2], 255, np.uint8)))


def _colours() -> Iterator[GifCase]:
    for bits in range(1, 9):
        grays = np.repeat(np.linspace(0, 255, 1 << bits).astype(np.uint8)[:, np.newaxis], 3, axis=1)
        levels = np.resize(np.arange(1 << bits), (16, 16)).astype(np.uint8)
        data = screen(16, 16, grays) + image(levels, bits=max(bits, 2))
        yield _case(f"{1 << bits} gray levels", data, size="", frames=[_opaque(grays[levels])])
    for channel, name in enumerate(("red", "green", "blue")):
        ramp = np.zeros((256, 3), np.uint8)
        ramp[:, channel] = np.arange(256)
        levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
        data = screen(16, 16, ramp) + image(levels, bits=8)
        yield _case(f"256 levels of {name}", data, size="", frames=[_opaque(ramp[levels])])
    drawing, other = "rg/bw", PALETTE[::-1]
    yield _case("four colours", image(drawing), frames=[drawing])
    yield _case("a palette of its own", image(drawing, palette=other), frames=[shown(drawing, other)])
    own = image(drawing, palette=other)
    yield _case("no shared palette", screen(2, 2, None), own, size="", frames=[shown(drawing, other)])
    both = [drawing, shown(drawing, other), drawing]
    yield _case("shared and own palettes in turn", image(drawing), own, image(drawing), frames=both)
    black = "kk/kk"
    yield _case("no palette", screen(2, 2, None), image(drawing), size="", frames=[black], notes=("4 pixels",))
    lacking = screen(2, 2, None) + image(drawing) + own
    yield _case("no palette, then one", lacking, size="", frames=[black, shown(drawing, other)], notes=("4 pixels",))
    few = screen(2, 2, PALETTE[:4]) + image("rw/ym")
    yield _case("colours beyond the palette", few, size="", frames=["rw/kk"], notes=("2 pixels",))
    few = screen(2, 2) + image("rw/ym", palette=PALETTE[:4])
    yield _case("colours beyond its own palette", few, size="", frames=["rw/kk"], notes=("2 pixels",))
    for number in (3, 200):
        name = f"background colour {number}, where nothing is drawn"
        yield _case(name, screen(2, 2, background=number), image("r"), size="", frames=["r./.."])


def _transparency() -> Iterator[GifCase]:
    red, magenta = 2, 6
    yield _case("transparent", control(transparent=red), image("rg/bw"), frames=[".g/bw"])
    yield _case("transparency not enabled", control(flags=0, transparent=red), image("rg/bw"), frames=["rg/bw"])
    yield _case("transparent colour that is not used", control(transparent=magenta), image("rg/bw"), frames=["rg/bw"])
    yield _case("transparent colour beyond the palette", control(transparent=255), image("rg/bw"), frames=["rg/bw"])
    few = screen(2, 2, PALETTE[:4]) + control(transparent=magenta) + image("rw/ym")
    name = "transparent colour beyond the palette, used"
    yield _case(name, few, size="", frames=["rw/k."], notes=("1 pixels",))
    over = control(transparent=magenta) + image("mk/km")
    yield _case("a frame beneath shows through", image("rg/bw"), over, frames=["rg/bw", "rk/kw"])
    yield _case("nothing beneath shows through", over, image("w"), frames=[".k/k.", "wk/k."])
    wholly = control(transparent=magenta) + image("mm/mm")
    yield _case("a wholly transparent frame", image("rg/bw"), wholly, frames=["rg/bw", "rg/bw"])
    yield _case("a wholly transparent first frame", wholly, image("rg/bw"), frames=["../..", "rg/bw"])
    own = control(transparent=0) + image("kr/gk", palette=PALETTE[::-1])
    beneath = np.where(indices("kr/gk")[:, :, np.newaxis] == 0, shown("rg/bw"), shown("kr/gk", PALETTE[::-1]))
    yield _case("transparent in its own palette", image("rg/bw"), own, frames=["rg/bw", beneath])


def _interlacing() -> Iterator[GifCase]:
    for height in (1, 2, 3, 4, 5, 6, 8, 9, 16, 33):
        drawing = "/".join("".join("kwrgbcmy"[(y * 3 + x * 5) % 8] for x in range(5)) for y in range(height))
        data = screen(5, height) + image(drawing, interlaced=True)
        yield _case(f"interlaced, {height} rows", data, size="", frames=[drawing])
    drawing = "rmg/mbm/wmc/myk/kky"
    over = image("kkk/kkk/kkk/kkk/kkk") + control(transparent=6) + image(drawing, interlaced=True)
    frames = ["kkk/kkk/kkk/kkk/kkk", drawing.replace("m", "k")]
    yield _case("interlaced, transparent, over another", screen(3, 5), over, size="", frames=frames)
    drawing = "/".join("rgbw" for _ in range(7))
    rows = np.pad(indices(drawing), ((1, 0), (2, 0)))
    yield _case(
        "interlaced, and beyond the screen", image("k"), image(rows, interlaced=True), frames=["k./..", "kk/kk"]
    )


def _places() -> Iterator[GifCase]:
    yield _case(
        "smaller than the screen", image("r", at=(1, 1)), size="33", frames=["..././.r./...".replace("/./", "/")]
    )
    yield _case("first frame reaches beyond the screen", image("rg/bw", at=(1, 1)), frames=[".../.rg/.bw"])
    yield _case("first frame lies beyond the screen", image("rg", at=(3, 2)), frames=["...../...../...rg"])
    yield _case("first frame is wider than the screen", image("rgbw"), frames=["rgbw/...."])
    yield _case("screen without pixels", screen(0, 0), image("rg"), image("bb/b"[:2]), size="", frames=["rg", "bb"])
    yield _case(
        "later frame clipped right and below", image("kk/kk"), image("rg/bw", at=(1, 1)), frames=["kk/kk", "kk/kr"]
    )
    yield _case("later frame clipped right", image("kk/kk"), image("rgb/cmy", at=(1, 0)), frames=["kk/kk", "kr/kc"])
    yield _case("later frame clipped below", image("kk/kk"), image("rg/bw/yy", at=(0, 1)), frames=["kk/kk", "kk/rg"])
    yield _case(
        "later frame outside", image("kk/kk"), image("rg/bw", at=(2, 2)), image("w"), frames=["kk/kk", "kk/kk", "wk/kk"]
    )
    yield _case("later frame far outside", image("kk/kk"), image("r", at=(65535, 65535)), frames=["kk/kk", "kk/kk"])
    yield _case("later frame larger than the screen", image("kk/kk"), image("rgb/cmy/wwk"), frames=["kk/kk", "rg/cm"])
    for size in ((0, 1), (1, 0), (0, 0)):
        empty = image("k", size=size, data=lzw([], 3))
        title = f"{size[0]} × {size[1]} pixels"
        yield _case(f"later frame of {title}", image("rg/bw"), empty, image("k"), frames=["rg/bw", "rg/bw", "kg/bw"])
        yield _case(f"first frame of {title}", empty, image("rg/bw"), frames=["../..", "rg/bw"])
        yield _case(f"only frame of {title}", empty, frames=["../.."])
    for width, height in ((65535, 1), (1, 65535), (65535 + 3, 1)):
        levels = np.resize(np.arange(8, dtype=np.uint8), (height, min(width, 65535)))
        frame = np.zeros((height, width, 4), np.uint8)
        frame[:, width - levels.shape[1] :] = _opaque(PALETTE[levels])
        at = (width - levels.shape[1], 0)
        yield _case(
            f"{width} × {height}", screen(min(width, 65535), height), image(levels, at=at), size="", frames=[frame]
        )


def _random(bits: int, side: int = 64) -> RGBA:
    return np.random.default_rng(bits).integers(0, 1 << bits, (side, side)).astype(np.uint8)


def _codes() -> Iterator[GifCase]:
    def drawn(name: str, values: list[int] | None = None, *, extra: bytes = b"", **options: Any) -> GifCase:
        data = lzw(indices("rg/bw").reshape(-1).tolist() if values is None else values, 3, **options) + extra
        return _case(name, image("rg/bw", data=data), image("k"), frames=["rg/bw", "kg/bw"])

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
    yield _case("codes that mean nothing behind the last pixel", image("rg/bw", data=writer.bytes()), frames=["rg/bw"])
    yield _case("a code that stands for itself", image("rrr/rrr"), size="32", frames=["rrr/rrr"])
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
        yield _case(name, parts, size="", frames=[_opaque(colours[noise])])
    flat = np.full((64, 64), 5, np.uint8)
    yield _case("long runs", screen(64, 64) + image(flat), size="", frames=[_opaque(PALETTE[flat])])
    for length in (1, 2, 254):
        data = screen(64, 64, colours) + image(noise, bits=8, block=length)
        yield _case(f"sub-blocks of {length} bytes", data, size="", frames=[_opaque(colours[noise])])


def _odd_code_sizes() -> Iterator[GifCase]:
    for bits in (4, 5, 6, 7, 8):
        yield _case(f"8 colours in codes of {bits} bits", image("rg/bw", bits=bits), frames=["rg/bw"])
    yield _case("codes of 1 bit", image("kw/wk", bits=1), image("ww/ww", bits=1), frames=["kw/wk", "ww/ww"])
    yield _case("codes of 0 bits", image("ww/ww"), image("kk/kk", bits=0), frames=["ww/ww", "kk/kk"])
    wider = "Chromium refuses codes of more than 8 bits; they are sound codes nevertheless."
    for bits in (9, 10, 11):
        parts = image("kk/kk"), image("rg/bw", bits=bits)
        yield _case(f"codes of {bits} bits", *parts, frames=["kk/kk", "rg/bw"], chromium=wider)
    yield _case("codes of 12 bits", image("rg/bw"), image("kk", bits=12, data=b"\0\0"), image("kk"), frames=["rg/bw"],
                notes=("codes of 12 bits",))  # fmt: skip


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
        yield _case(f"first frame lacks pixels, {title}", part, image("k"), **first, **more)
        frames, more["notes"] = ["kk/kk", "rg/bk", "yg/bk"], ("1 of 3 frames",)
        yield _case(f"later frame lacks pixels, {title}", image("kk/kk"), part, image("y"), frames=frames, **more)
    none = image("rg/bw", data=b"")
    yield _case("no data", image("kk/kk"), none, frames=["kk/kk", "kk/kk"], chromium=PARTS, notes=("1 of 2 frames",))
    none = image("rg/bw", data=lzw([], 3))
    yield _case("an end code alone", none, image("k"), frames=["../..", "k./.."], chromium=PARTS, notes=("1 of 2",))
    drawing = "/".join("rgbwy" for _ in range(9))
    rows = indices(drawing)
    stored = np.concatenate([rows[0::8], rows[4::8], rows[2::4], rows[1::2]]).reshape(-1).tolist()
    data = screen(5, 9) + image(rows, interlaced=True, data=lzw(stored[:17], 3)) + control(100) + image("k")
    part = "rgbwy/...../...../...../rgbwy/...../rg.../...../rgbwy"
    # Rows 0 and 8, then 4, then 2 and 6: the fourth row in the file is row 2.
    part = "rgbwy/...../rg.../...../rgbwy/...../...../...../rgbwy"
    frames, times = [part, "k" + part[1:]], [0, 1000]
    yield _case("interlaced frame lacks pixels", data, size="", frames=frames, durations=times, chromium=PARTS,
                notes=("1 of 2",))  # fmt: skip
    levels = np.resize(np.arange(254, 256, dtype=np.uint8), (5, 5))
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    expected = _opaque(grays[levels])
    data = screen(5, 5, grays) + image(levels, bits=8) + image(levels, bits=8, data=lzw([255] * 12, 8))
    second = expected.copy()
    second.reshape(25, 4)[:12] = 255
    yield _case("frame of the last colour lacks pixels", data, size="", frames=[expected, second], chromium=PARTS,
                notes=("1 of 2",))  # fmt: skip


def _loops() -> Iterator[GifCase]:
    two = image("rg/bw") + image("k")
    frames = ["rg/bw", "kg/bw"]
    for count in (0, 1, 5, 65535):
        plays = count + 1 if count else 0
        yield _case(f"loops {count}", loop(count), two, frames=frames, loop_count=plays)
    yield _case("loops by ANIMEXTS", loop(7, b"ANIMEXTS1.0"), two, frames=frames, loop_count=8)
    count, buffer = b"\1\5\0", b"\2\0\4\0\0"
    yield _case("loops, then buffers", extension(0xFF, b"NETSCAPE2.0", count, buffer), two, frames=frames, loop_count=6)
    other = "Chromium reads only the first sub-block; Firefox and Senmei find the count wherever it stands."
    yield _case("buffers, then loops", extension(0xFF, b"NETSCAPE2.0", buffer, count), two, frames=frames, loop_count=6,
                chromium=other)  # fmt: skip
    yield _case("two counts, the last holds", loop(3), loop(9), two, frames=frames, loop_count=10)
    yield _case("two counts, the last for ever", loop(3), loop(0), two, frames=frames, loop_count=0)
    yield _case("a count between the frames", image("rg/bw"), loop(4), image("k"), frames=frames, loop_count=5)
    yield _case("a count behind the frames", two, loop(4), frames=frames, loop_count=5)
    yield _case("a count of the wrong length", extension(0xFF, b"NETSCAPE2.0", b"\1\5"), two, frames=frames)
    yield _case("a count of the wrong kind", extension(0xFF, b"NETSCAPE2.0", b"\3\5\0"), two, frames=frames)
    yield _case("an application without a count", extension(0xFF, b"NETSCAPE2.0"), two, frames=frames)
    yield _case("a count for another application", loop(5, b"NETSCAPE1.0"), two, frames=frames)


def _delays() -> Iterator[GifCase]:
    def timed(name: str, *delays: int, more: bytes = b"") -> GifCase:
        drawings = ["rg/bw", "gb/wr", "bw/rg", "wr/gb"][: len(delays)]
        parts = [control(delay) + image(drawing) for delay, drawing in zip(delays, drawings, strict=True)]
        return _case(name, more, *parts, frames=drawings, durations=[10 * delay for delay in delays])

    yield timed("delays that differ", 25, 50, 100, 200)
    yield timed("delays of zero", 0, 0, 0, 0)
    yield timed("delays of one and two", 1, 2, 1)
    yield timed("the longest delay", 65535, 1)
    yield timed("a delay of zero among others", 10, 0, 20)
    whole = image("rg/bw"), image("gb/wr"), image("bw/rg")
    yield _case("no delays", *whole, frames=["rg/bw", "gb/wr", "bw/rg"])
    yield _case("no delays, but a loop", loop(0), *whole, frames=["rg/bw", "gb/wr", "bw/rg"], loop_count=0)
    only = control(30) + whole[0] + whole[1]
    yield _case("a control is for one frame", only, frames=["rg/bw", "gb/wr"], durations=[300, 0])


def _controls() -> Iterator[GifCase]:
    times = {"durations": [0, 70]}
    frames = ["rg/bw", ".g/bw"]
    first, second = image("rg/bw"), image("k")
    over = control(7, transparent=0)
    frames = ["rg/bw", "rg/bw"]
    yield _case("two controls, the last holds", first, control(50), over, second, frames=frames, **times)
    last = control(9, transparent=0) + control(7)
    yield _case("two controls, the last holds wholly", first, last, second, frames=["rg/bw", "kg/bw"], **times)
    yield _case("a comment behind a control", first, over, extension(0xFE, b"words"), second, frames=frames, **times)
    text = extension(0x01, bytes(12), b"words")
    yield _case("a plain text behind a control", first, over, text, second, frames=frames, **times)
    yield _case("a control behind the last frame", first, control(50, 2), frames=["rg/bw"])
    long = extension(0xF9, b"\1\7\0\0\0")
    yield _case("a control of 5 bytes", first, long, second, frames=frames, **times, chromium=LENIENT)
    more = extension(0xF9, b"\1\7\0\0", b"more")
    yield _case("a control of two sub-blocks", first, more, second, frames=frames, **times, chromium=LENIENT)
    short = extension(0xF9, b"\1\7\0")
    yield _case("a control of 3 bytes", first, short, second, frames=["rg/bw", "kg/bw"], chromium=LENIENT)
    empty = extension(0xF9)
    yield _case("a control without bytes", first, empty, second, frames=["rg/bw", "kg/bw"], chromium=LENIENT)


def _disposals() -> Iterator[GifCase]:
    base = image("kkk/kkk/kkk")
    square, dot = image("rg/bw", at=(1, 1)), image("y")
    drawn = "kkk/krg/kbw"
    after = {0: "ykk/krg/kbw", 1: "ykk/krg/kbw", 2: "ykk/k../k..", 3: "ykk/kkk/kkk", 4: "ykk/kkk/kkk"}
    for disposal in range(8):
        frames = ["kkk/kkk/kkk", drawn, after.get(disposal, after[0])]
        yield _case(f"disposal {disposal}", base, control(disposal=disposal), square, dot, size="33", frames=frames)
        gone = {2: "y../.../...", 3: "y../.../...", 4: "y../.../..."}.get(disposal, "ykk/kkk/kkk")
        parts = control(disposal=disposal) + base + dot
        yield _case(f"disposal {disposal} of the first frame", parts, size="33", frames=["kkk/kkk/kkk", gone])
    back = control(disposal=3)
    frames = ["kkk/kkk/kkk", drawn, "ykk/kkk/kkk", "kkk/krg/kbw"]
    yield _case(
        "back to what was, three times", base, back + square, back + dot, back + square, size="33", frames=frames
    )
    parts = control(disposal=2) + square + back + dot + image("g", at=(2, 2))
    frames = ["kkk/kkk/kkk", drawn, "ykk/k../k..", "kkk/k../k.g"]
    yield _case("cleared, then back to what was", base, parts, size="33", frames=frames)
    parts = back + square + control(disposal=2) + dot + image("g", at=(2, 2))
    frames = ["kkk/kkk/kkk", drawn, "ykk/kkk/kkk", ".kk/kkk/kkg"]
    yield _case("back to what was, then cleared", base, parts, size="33", frames=frames)
    clipped = image("rg/bw", at=(2, 2))
    frames = ["kkk/kkk/kkk", "kkk/kkk/kkr", "ykk/kkk/kk."]
    yield _case("a clipped frame cleared", base, control(disposal=2), clipped, dot, size="33", frames=frames)
    frames = ["kkk/kkk/kkk", "kkk/kkk/kkr", "ykk/kkk/kkk"]
    yield _case("a clipped frame taken back", base, back, clipped, dot, size="33", frames=frames)
    for disposal in (2, 3):
        outside = control(disposal=disposal) + image("rg/bw", at=(3, 1))
        frames = ["kkk/kkk/kkk", "kkk/kkk/kkk", "ykk/kkk/kkk"]
        yield _case(f"disposal {disposal} of a frame outside", base, outside, dot, size="33", frames=frames)
    holes = control(disposal=2, transparent=6) + image("mg/bm", at=(1, 1))
    frames = ["kkk/kkk/kkk", "kkk/kkg/kbk", "ykk/k../k.."]
    yield _case("a frame with holes cleared", base, holes, dot, size="33", frames=frames)
    holes = control(disposal=3, transparent=6) + image("mg/bm", at=(1, 1))
    frames = ["kkk/kkk/kkk", "kkk/kkg/kbk", "ykk/kkk/kkk"]
    yield _case("a frame with holes taken back", base, holes, dot, size="33", frames=frames)
    moved = [control(5, 2) + image("w", at=(x, 1)) for x in range(3)]
    frames = [".../w../...", ".../.w./...", ".../..w/..."]
    yield _case("a dot moves", *moved, size="33", frames=frames, durations=[50] * 3)
    parts = control(disposal=2) + base + control(transparent=6) + image("mmm/mrm/mmm")
    named = screen(3, 3, background=4) + parts
    frames = ["kkk/kkk/kkk", ".../.r./..."]
    yield _case("cleared to transparent, not to the background colour", named, size="", frames=frames)
    last = control(disposal=2) + image("r")
    yield _case("disposal of the last frame", base, last, size="33", frames=["kkk/kkk/kkk", "rkk/kkk/kkk"])


def _combined() -> Iterator[GifCase]:
    corners = [image(letter, at=at) for letter, at in zip("rgbw", ((0, 0), (1, 0), (0, 1), (1, 1)), strict=True)]
    frames = ["r./..", "rg/..", "rg/b.", "rg/bw"]
    yield _case("four pictures make one, without delays", *corners, frames=frames)
    dots = image("r") + image("w")
    yield _case("one picture over another, without delays", screen(1, 1), dots, size="", frames=["r", "w"])
    steps = np.arange(32, dtype=np.uint8) * 8
    true = np.dstack((*np.meshgrid(steps, steps), np.zeros((32, 32), np.uint8)))
    parts, frames_made, canvas = [], [], np.zeros((32, 32, 4), np.uint8)
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for x, y in ((0, 0), (16, 0), (0, 16), (16, 16)):
        corner = true[y : y + 16, x : x + 16]
        parts.append(image(levels, bits=8, at=(x, y), palette=corner.reshape(256, 3)))
        canvas[y : y + 16, x : x + 16] = _opaque(corner)
        frames_made.append(canvas.copy())
    yield _case("1,024 colours in four palettes", screen(32, 32, None), *parts, size="", frames=frames_made)
    kept = control(50, 1)
    parts = [kept + image("wk/kk"), image("r", at=(1, 0)), kept + image("w", at=(1, 0)), image("r", at=(1, 1))]
    yield _case("several pictures for one delay", *parts, frames=["wk/kk", "wr/kk", "ww/kk", "ww/kr"],
                durations=[500, 0, 500, 0])  # fmt: skip


def _extensions() -> Iterator[GifCase]:
    two, frames = image("rg/bw") + image("k"), ["rg/bw", "kg/bw"]
    for name, part in {
        "a comment": extension(0xFE, b"words"),
        "a long comment": extension(0xFE, *[b"w" * 255] * 9),
        "an empty comment": extension(0xFE),
        "a plain text": extension(0x01, bytes(12), b"words"),
        "an extension of no known kind": extension(0x2A, b"\0\1\2", b";,!"),
        "an application of no known kind": extension(0xFF, b"UNKNOWN 1.0", b"\1\2"),
        "an application with a short name": extension(0xFF, b"NETSCAPE"),
        "an application without a name": extension(0xFF),
        "an XMP packet": b"!\xff\x0bXMP DataXMP<x/>\1" + bytes(range(255, -1, -1)) + b"\0",
        "a colour profile that is none": extension(0xFF, b"ICCRGBG1012"),
    }.items():
        yield _case(f"{name} in front", part, two, frames=frames)
        yield _case(f"{name} between", image("rg/bw"), part, image("k"), frames=frames)
    yield _case("GIF87a", screen(2, 2, version=b"GIF87a"), image("rg/bw"), size="", frames=["rg/bw"])
    moving = (
        screen(2, 2, version=b"GIF87a")
        + loop(0)
        + control(5)
        + image("rg/bw")
        + control(6, transparent=6)
        + image("mk")
    )
    frames = ["rg/bw", "rk/bw"]
    yield _case("GIF87a with extensions", moving, size="", frames=frames, durations=[50, 60], loop_count=0)
    yield _case("words behind the end", two, TRAILER, b"words", frames=["rg/bw", "kg/bw"])


def _broken() -> Iterator[GifCase]:
    def cut(name: str, data: bytes, frames: list[str], note: str, chromium: str = "") -> GifCase:
        return GifCase(name, data, tuple(map(shown, frames)), (70.0,) * len(frames), 1, (note,), chromium)

    timed = control(7)
    one, second = screen(2, 2) + timed + image("rg/bw"), image("kk/kk", palette=PALETTE[::-1])
    both = one + timed + image("k")
    yield cut("no end mark", both, ["rg/bw", "kg/bw"], "before its end mark")
    yield cut("no end mark behind one frame", one, ["rg/bw"], "before its end mark")
    whole = one + timed + second
    for name, length in {"data": 2, "palette": 20, "head": 35}.items():
        yield cut(f"cut off in the second frame's {name}", whole[:-length], ["rg/bw"], "it ends at byte")
    yield cut("cut off in a control", one + timed[:4], ["rg/bw"], "it ends at byte")
    yield cut("cut off in front of a control's end", one + timed[:-1], ["rg/bw"], "it ends at byte")
    yield cut("cut off in a comment", one + extension(0xFE, b"words")[:-3], ["rg/bw"], "it ends at byte")
    yield cut("cut off behind an extension's mark", one + b"!", ["rg/bw"], "it ends at byte")
    for byte in (0x00, 0x2D, 0xFF):
        name = f"{byte:02X} between the frames"
        yield cut(name, one + bytes((byte,)) + timed + image("k") + TRAILER, ["rg/bw"], f"no block, but {byte:02X}")
