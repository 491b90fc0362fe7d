"""Small GIF files for what tells of time and of the frames' order, and for files that break off."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from written_gif import (
    PALETTE,
    TRAILER,
    GifCase,
    control,
    extension,
    gif_case,
    image,
    loop,
    opaque,
    screen,
    shown,
)

LENIENT = "Chromium ends the file there; Firefox and Senmei read on, and nothing is lost."


def _loops() -> Iterator[GifCase]:
    two = image("rg/bw") + image("k")
    frames = ["rg/bw", "kg/bw"]
    for count in (0, 1, 5, 65535):
        plays = count + 1 if count else 0
        yield gif_case(f"loops {count}", loop(count), two, frames=frames, loop_count=plays)
    yield gif_case("loops by ANIMEXTS", loop(7, b"ANIMEXTS1.0"), two, frames=frames, loop_count=8)
    count, buffer = b"\1\5\0", b"\2\0\4\0\0"
    yield gif_case(
        "loops, then buffers", extension(0xFF, b"NETSCAPE2.0", count, buffer), two, frames=frames, loop_count=6
    )
    other = "Chromium reads only the first sub-block; Firefox and Senmei find the count wherever it stands."
    parts = extension(0xFF, b"NETSCAPE2.0", buffer, count), two
    yield gif_case("buffers, then loops", *parts, frames=frames, loop_count=6, chromium=other)
    yield gif_case("two counts, the last holds", loop(3), loop(9), two, frames=frames, loop_count=10)
    yield gif_case("two counts, the last for ever", loop(3), loop(0), two, frames=frames, loop_count=0)
    yield gif_case("a count between the frames", image("rg/bw"), loop(4), image("k"), frames=frames, loop_count=5)
    yield gif_case("a count behind the frames", two, loop(4), frames=frames, loop_count=5)
    yield gif_case(
        "a count of the wrong length", extension(0xFF, b"NETSCAPE2.0", b"\1\5"), two, frames=frames, is_looped=False
    )
    yield gif_case(
        "a count of the wrong kind", extension(0xFF, b"NETSCAPE2.0", b"\3\5\0"), two, frames=frames, is_looped=False
    )
    lost = "Chromium takes the empty block for a sub-block, and loses its place in the file."
    without = extension(0xFF, b"NETSCAPE2.0")
    yield gif_case("an application without a count", without, two, frames=frames, is_looped=False, chromium=lost)
    yield gif_case("a count for another application", loop(5, b"NETSCAPE1.0"), two, frames=frames, is_looped=False)


def _delays() -> Iterator[GifCase]:
    def timed(name: str, *delays: int, more: bytes = b"") -> GifCase:
        drawings = ["rg/bw", "gb/wr", "bw/rg", "wr/gb"][: len(delays)]
        parts = [control(delay) + image(drawing) for delay, drawing in zip(delays, drawings, strict=True)]
        return gif_case(name, more, *parts, frames=drawings, durations=[10 * delay for delay in delays])

    yield timed("delays that differ", 25, 50, 100, 200)
    yield timed("delays of zero", 0, 0, 0, 0)
    yield timed("delays of one and two", 1, 2, 1)
    yield timed("the longest delay", 65535, 1)
    yield timed("a delay of zero among others", 10, 0, 20)
    whole = image("rg/bw"), image("gb/wr"), image("bw/rg")
    yield gif_case("no delays", *whole, frames=["rg/bw", "gb/wr", "bw/rg"])
    yield gif_case("no delays and no loop: one frame", *whole, frames=["rg/bw", "gb/wr", "bw/rg"], is_looped=False)
    quarters = [image(letter, at=(x, y)) for letter, x, y in (("r", 0, 0), ("g", 1, 0), ("b", 0, 1), ("w", 1, 1))]
    corners = ["r./..", "rg/..", "rg/b.", "rg/bw"]
    yield gif_case("four parts of one picture", *quarters, frames=corners, is_looped=False)
    yield gif_case(
        "frames of two parts",
        loop(0),
        quarters[0] + control(5) + quarters[1] + control(0) + quarters[2] + control(7) + quarters[3],
        frames=corners,
        durations=[0, 50, 0, 70],
        loop_count=0,
    )
    yield gif_case(
        "a last part without a delay is a frame",
        control(5) + quarters[0] + quarters[1] + quarters[2],
        frames=corners[:3],
        durations=[50, 0, 0],
    )
    yield gif_case("no delays, but a loop", loop(0), *whole, frames=["rg/bw", "gb/wr", "bw/rg"], loop_count=0)
    only = control(30) + whole[0] + whole[1]
    yield gif_case("a control is for one frame", only, frames=["rg/bw", "gb/wr"], durations=[300, 0])


def _controls() -> Iterator[GifCase]:
    times = {"durations": [0, 70]}
    frames = ["rg/bw", ".g/bw"]
    first, second = image("rg/bw"), image("k")
    over = control(7, transparent=0)
    frames = ["rg/bw", "rg/bw"]
    yield gif_case("two controls, the last holds", first, control(50), over, second, frames=frames, **times)
    last = control(9, transparent=0) + control(7)
    yield gif_case("two controls, the last holds wholly", first, last, second, frames=["rg/bw", "kg/bw"], **times)
    yield gif_case("a comment behind a control", first, over, extension(0xFE, b"words"), second, frames=frames, **times)
    text = extension(0x01, bytes(12), b"words")
    yield gif_case("a plain text behind a control", first, over, text, second, frames=frames, **times)
    yield gif_case("a control behind the last frame", first, control(50, 2), frames=["rg/bw"])
    long = extension(0xF9, b"\1\7\0\0\0")
    yield gif_case("a control of 5 bytes", first, long, second, frames=frames, **times, chromium=LENIENT)
    more = extension(0xF9, b"\1\7\0\0", b"more")
    yield gif_case("a control of two sub-blocks", first, more, second, frames=frames, **times, chromium=LENIENT)
    short = extension(0xF9, b"\1\7\0")
    yield gif_case("a control of 3 bytes", first, short, second, frames=["rg/bw", "kg/bw"], chromium=LENIENT)
    empty = extension(0xF9)
    yield gif_case("a control without bytes", first, empty, second, frames=["rg/bw", "kg/bw"], chromium=LENIENT)


def _disposals() -> Iterator[GifCase]:
    base = image("kkk/kkk/kkk")
    square, dot = image("rg/bw", at=(1, 1)), image("y")
    drawn = "kkk/krg/kbw"
    after = {0: "ykk/krg/kbw", 1: "ykk/krg/kbw", 2: "ykk/k../k..", 3: "ykk/kkk/kkk", 4: "ykk/kkk/kkk"}
    for disposal in range(8):
        frames = ["kkk/kkk/kkk", drawn, after.get(disposal, after[0])]
        yield gif_case(f"disposal {disposal}", base, control(disposal=disposal), square, dot, size="33", frames=frames)
        gone = {2: "y../.../...", 3: "y../.../...", 4: "y../.../..."}.get(disposal, "ykk/kkk/kkk")
        parts = control(disposal=disposal) + base + dot
        yield gif_case(f"disposal {disposal} of the first frame", parts, size="33", frames=["kkk/kkk/kkk", gone])
    back = control(disposal=3)
    frames = ["kkk/kkk/kkk", drawn, "ykk/kkk/kkk", "kkk/krg/kbw"]
    yield gif_case(
        "back to what was, three times", base, back + square, back + dot, back + square, size="33", frames=frames
    )
    parts = control(disposal=2) + square + back + dot + image("g", at=(2, 2))
    frames = ["kkk/kkk/kkk", drawn, "ykk/k../k..", "kkk/k../k.g"]
    yield gif_case("cleared, then back to what was", base, parts, size="33", frames=frames)
    parts = back + square + control(disposal=2) + dot + image("g", at=(2, 2))
    frames = ["kkk/kkk/kkk", drawn, "ykk/kkk/kkk", ".kk/kkk/kkg"]
    yield gif_case("back to what was, then cleared", base, parts, size="33", frames=frames)
    clipped = image("rg/bw", at=(2, 2))
    frames = ["kkk/kkk/kkk", "kkk/kkk/kkr", "ykk/kkk/kk."]
    yield gif_case("a clipped frame cleared", base, control(disposal=2), clipped, dot, size="33", frames=frames)
    frames = ["kkk/kkk/kkk", "kkk/kkk/kkr", "ykk/kkk/kkk"]
    yield gif_case("a clipped frame taken back", base, back, clipped, dot, size="33", frames=frames)
    for disposal in (2, 3):
        outside = control(disposal=disposal) + image("rg/bw", at=(3, 1))
        frames = ["kkk/kkk/kkk", "kkk/kkk/kkk", "ykk/kkk/kkk"]
        yield gif_case(f"disposal {disposal} of a frame outside", base, outside, dot, size="33", frames=frames)
    holes = control(disposal=2, transparent=6) + image("mg/bm", at=(1, 1))
    frames = ["kkk/kkk/kkk", "kkk/kkg/kbk", "ykk/k../k.."]
    yield gif_case("a frame with holes cleared", base, holes, dot, size="33", frames=frames)
    holes = control(disposal=3, transparent=6) + image("mg/bm", at=(1, 1))
    frames = ["kkk/kkk/kkk", "kkk/kkg/kbk", "ykk/kkk/kkk"]
    yield gif_case("a frame with holes taken back", base, holes, dot, size="33", frames=frames)
    moved = [control(5, 2) + image("w", at=(x, 1)) for x in range(3)]
    frames = [".../w../...", ".../.w./...", ".../..w/..."]
    yield gif_case("a dot moves", *moved, size="33", frames=frames, durations=[50] * 3)
    parts = control(disposal=2) + base + control(transparent=6) + image("mmm/mrm/mmm")
    named = screen(3, 3, background=4) + parts
    frames = ["kkk/kkk/kkk", ".../.r./..."]
    yield gif_case("cleared to transparent, not to the background colour", named, size="", frames=frames)
    last = control(disposal=2) + image("r")
    yield gif_case("disposal of the last frame", base, last, size="33", frames=["kkk/kkk/kkk", "rkk/kkk/kkk"])


def _combined() -> Iterator[GifCase]:
    corners = [image(letter, at=at) for letter, at in zip("rgbw", ((0, 0), (1, 0), (0, 1), (1, 1)), strict=True)]
    frames = ["r./..", "rg/..", "rg/b.", "rg/bw"]
    yield gif_case("four pictures make one, without delays", *corners, frames=frames)
    dots = image("r") + image("w")
    yield gif_case("one picture over another, without delays", screen(1, 1), dots, size="", frames=["r", "w"])
    steps = np.arange(32, dtype=np.uint8) * 8
    true = np.dstack((*np.meshgrid(steps, steps), np.zeros((32, 32), np.uint8)))
    parts, frames_made, canvas = [], [], np.zeros((32, 32, 4), np.uint8)
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for x, y in ((0, 0), (16, 0), (0, 16), (16, 16)):
        corner = true[y : y + 16, x : x + 16]
        parts.append(image(levels, bits=8, at=(x, y), palette=corner.reshape(256, 3)))
        canvas[y : y + 16, x : x + 16] = opaque(corner)
        frames_made.append(canvas.copy())
    yield gif_case("1,024 colours in four palettes", screen(32, 32, None), *parts, size="", frames=frames_made)
    kept = control(50, 1)
    parts = [kept + image("wk/kk"), image("r", at=(1, 0)), kept + image("w", at=(1, 0)), image("r", at=(1, 1))]
    yield gif_case(
        "several pictures for one delay",
        *parts,
        frames=["wk/kk", "wr/kk", "ww/kk", "ww/kr"],
        durations=[500, 0, 500, 0],
    )


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
        yield gif_case(f"{name} in front", part, two, frames=frames)
        yield gif_case(f"{name} between", image("rg/bw"), part, image("k"), frames=frames)
    yield gif_case("GIF87a", screen(2, 2, version=b"GIF87a"), image("rg/bw"), size="", frames=["rg/bw"])
    moving = (
        screen(2, 2, version=b"GIF87a")
        + loop(0)
        + control(5)
        + image("rg/bw")
        + control(6, transparent=6)
        + image("mk")
    )
    frames = ["rg/bw", "rk/bw"]
    yield gif_case("GIF87a with extensions", moving, size="", frames=frames, durations=[50, 60], loop_count=0)
    yield gif_case("words behind the end", two, TRAILER, b"words", frames=["rg/bw", "kg/bw"])


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


MOTION = (_loops, _delays, _controls, _disposals, _combined, _extensions, _broken)
