"""Written GIFs against the true colours, beside Pillow's writer, gifsicle and ffmpeg, each with its file's size.

A table for each drawn animation. Columns: kB; PSNR: the mean over the frames in decibels, equal frames counted as 60;
SSIM: of brightness (Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, Image Quality Assessment, 2004), in thousandths; far:
PSNR of both pictures blurred (Gaussian, sigma 1.5 pixels), which forgives the grain of dithering and shows bands;
still: how many of a thousand pixels that stay in the truth change in the file; time: seconds a frame, of a whole
process for gifsicle and ffmpeg. Transparency lies on white.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from animation_drawings import ANIMATIONS
from senmei.codecs.gif.writing import GifEncoder
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Picture

SIZE = Size(320, 180)
FRAMES = 16
DELAY_MS = 40
EQUAL_DB = 60.0
LUMA = np.array((0.299, 0.587, 0.114))

Frames = Sequence[Picture]
Floats = NDArray[np.float64]


def gaussian(sigma: float, radius: int) -> Floats:
    weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma * sigma))
    return np.asarray(weights / weights.sum())


def blurred(plane: Floats, kernel: Floats) -> Floats:
    """Of an (H, W, …) array, only where the whole kernel fits."""
    count = len(kernel)
    rows = sum(weight * plane[at : plane.shape[0] - count + 1 + at] for at, weight in enumerate(kernel))
    return np.asarray(sum(weight * rows[:, at : plane.shape[1] - count + 1 + at] for at, weight in enumerate(kernel)))


def psnr(one: Floats, other: Floats) -> float:
    """Decibels of (H, W, 3) arrays of levels up to 255, at most EQUAL_DB."""
    error = float(((one - other) ** 2).mean())
    return min(EQUAL_DB, 10 * float(np.log10(255**2 / error))) if error else EQUAL_DB


def ssim(one: Floats, other: Floats) -> float:
    """Of brightness, window 11 × 11 of sigma 1.5, as in the paper; 1 for equal pictures."""
    kernel = gaussian(1.5, 5)
    x, y = one @ LUMA, other @ LUMA
    mean_x, mean_y = blurred(x, kernel), blurred(y, kernel)
    var_x = blurred(x * x, kernel) - mean_x**2
    var_y = blurred(y * y, kernel) - mean_y**2
    both = blurred(x * y, kernel) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    map_ = ((2 * mean_x * mean_y + c1) * (2 * both + c2)) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return float(map_.mean())


def on_white(picture: Picture) -> Floats:
    if picture.alpha is None:
        return picture.pixels.astype(float)
    alpha = picture.alpha[:, :, np.newaxis] / 255
    return np.asarray(np.rint(picture.pixels * alpha + 255 * (1 - alpha)))


def shown(data: bytes) -> list[Floats]:
    """A GIF's frames on white, each as often as it lasts DELAY_MS."""
    frames = []
    with Image.open(BytesIO(data)) as image:
        for frame in ImageSequence.Iterator(image):
            rgba = np.asarray(frame.convert("RGBA"))
            times = max(1, round(frame.info.get("duration", DELAY_MS) / DELAY_MS))
            frames += [on_white(Picture(rgba[:, :, :3], rgba[:, :, 3]))] * times
    return frames


def figures(data: bytes, truth: Sequence[Floats]) -> list[float]:
    """kB, PSNR, SSIM, far and still, as the module's head tells."""
    made = shown(data)
    if len(made) != len(truth):
        raise ValueError(f"{len(made)} frames instead of {len(truth)}")
    kernel = gaussian(1.5, 5)
    pairs = list(zip(made, truth, strict=True))
    flickers = stays = 0
    for now in range(1, len(truth)):
        still = (truth[now] == truth[now - 1]).all(axis=2)
        stays += int(still.sum())
        flickers += int((still & (made[now] != made[now - 1]).any(axis=2)).sum())
    return [
        len(data) / 1000,
        float(np.mean([psnr(one, other) for one, other in pairs])),
        1000 * float(np.mean([ssim(one, other) for one, other in pairs])),
        float(np.mean([psnr(blurred(one, kernel), blurred(other, kernel)) for one, other in pairs])),
        1000 * flickers / max(1, stays),
    ]


def senmei(frames: Frames, **options: Any) -> bytes:
    has_alpha = frames[0].alpha is not None
    encoder = GifEncoder(
        frames[0].size, channels=3, has_alpha=has_alpha, loop_count=0, metadata=NO_METADATA,
        samples=frames[::2], **options,
    )  # fmt: skip
    return b"".join(encoder.add(frame, DELAY_MS) for frame in frames) + encoder.finish()[0]


def as_image(picture: Picture) -> Image.Image:
    if picture.alpha is None:
        return Image.fromarray(picture.pixels)
    return Image.fromarray(np.dstack((picture.pixels, picture.alpha)))


def pillow(frames: Frames) -> bytes:
    images = [as_image(frame) for frame in frames]
    stream = BytesIO()
    disposal = 0 if frames[0].alpha is None else 2
    images[0].save(
        stream, "GIF", save_all=True, append_images=images[1:], duration=DELAY_MS, loop=0, optimize=True,
        disposal=disposal,
    )  # fmt: skip
    return stream.getvalue()


def ffmpeg(frames: Frames, *, make: str = "stats_mode=full", use: str) -> bytes:
    kind = "rgb24" if frames[0].alpha is None else "rgba"
    size = frames[0].size
    raw = b"".join(np.asarray(as_image(frame)).tobytes() for frame in frames)
    chain = f"split[a][b];[a]palettegen={make}[p];[b][p]paletteuse={use}"
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", kind, "-s", f"{size.width}x{size.height}"]
    command += ["-r", str(1000 // DELAY_MS), "-i", "-", "-filter_complex", chain, "-f", "gif", "-"]
    return subprocess.run(command, input=raw, stdout=subprocess.PIPE, check=True).stdout


def gifsicle(frames: Frames, *options: str) -> bytes:
    """From a file whose every frame has 256 colours of its own, which is as true as its input can be."""
    start = ffmpeg(frames, make="stats_mode=single", use="new=1:dither=none")
    command = ["gifsicle", "--no-warnings", "--optimize=3", "--colors", "256", *options]
    return subprocess.run(command, input=start, stdout=subprocess.PIPE, check=True).stdout


RIVALS: dict[str, tuple[str | None, Callable[[Frames], bytes]]] = {
    "Pillow": (None, pillow),
    "gifsicle": ("gifsicle", gifsicle),
    "gifsicle, dithered": ("gifsicle", lambda frames: gifsicle(frames, "--dither")),
    "ffmpeg none": ("ffmpeg", lambda frames: ffmpeg(frames, use="dither=none")),
    "ffmpeg sierra2_4a": ("ffmpeg", lambda frames: ffmpeg(frames, use="dither=sierra2_4a")),
    "ffmpeg bayer": ("ffmpeg", lambda frames: ffmpeg(frames, use="dither=bayer")),
    "ffmpeg own palettes": ("ffmpeg", lambda frames: ffmpeg(frames, make="stats_mode=single", use="new=1:dither=none")),
}
OURS: dict[str, dict[str, Any]] = {
    "(as it is)": {},
    "global": {"palette": "global"},
    "ordered": {"dither": "ordered"},
    "diffused": {"dither": "diffused"},
    "ordered, global": {"dither": "ordered", "palette": "global"},
    "global, 64 colours": {"palette": "global", "colours": 64},
}


def main(_repeats: int) -> None:
    """Prints a table for each animation. Rivals that are not installed are left out."""
    print(f"GIF of {FRAMES} frames of {SIZE} against the true colours")
    for name, make in ANIMATIONS.items():
        frames = list(make(SIZE.width, SIZE.height, FRAMES))
        truth = [on_white(frame) for frame in frames]
        print(f"\n{name:22}{'kB':>8}{'PSNR':>8}{'SSIM':>8}{'far':>8}{'still':>8}{'time':>8}", flush=True)
        ways = {way: use for way, (program, use) in RIVALS.items() if not program or shutil.which(program)}
        ways |= {f"Senmei {way}": partial(senmei, **options) for way, options in OURS.items()}
        for way, use in ways.items():
            begin = perf_counter()
            data = use(frames)
            seconds = (perf_counter() - begin) / FRAMES
            kilobytes, decibels, likeness, far, still = figures(data, truth)
            quality = f"{decibels:8.2f}{likeness:8.2f}{far:8.2f}{still:8.1f}"
            print(f"{way:22}{kilobytes:8.1f}{quality}{seconds:8.3f}", flush=True)
