"""web/senmei.js: every option reaches the engine and does what it does on the command line."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin
from playwright.sync_api import Page

from browser.api_page import MODEL, file_of, pixels, upscale
from browser.watched import Native, NativeFile, farthest, to_base64
from drawings import drawing, opened, saved
from models_folder import catalogue
from repeating import arrangement
from senmei.codecs import EncodeOptions, decode, encode
from senmei.engine import UpscaleOptions, plan, preview
from senmei.memory import BROWSER_BUDGET_BYTES
from senmei.picture import Picture


def deep(width: int, height: int, channels: int = 3) -> NDArray[np.uint16]:
    """A drawing of 16 bits whose low bytes are no copy of the high ones."""
    grain = np.random.default_rng(5).integers(0, 257, (height, width, channels))
    return (drawing(width, height)[:, :, :channels].astype(np.uint16) * 256 + grain.clip(0, 255)).astype(np.uint16)


def samples(file: bytes) -> NDArray[Any]:
    """All samples at their own depth; Pillow opens 16-bit colour with 8."""
    picture = decode(file)
    assert isinstance(picture, Picture)
    return picture.pixels if picture.alpha is None else np.dstack((picture.pixels, picture.alpha))


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1.5},
        {"width": 77},
        {"height": 55},
        {"width": 100, "height": 100},
        {"width": 90, "height": 33, "stretch": True},
        {"strength": 0},
        {"strength": 0.4},
        {"tta": True},
        {"format": "tiff"},
        {"format": "tiff", "depth": 16},
        {"depth": 16},
        {"format": "webp", "lossless": True},
    ],
    ids=str,
)
def test_options_equal_the_command_line(api: Page, native_file: NativeFile, options: dict[str, Any]) -> None:
    data = saved(drawing(48, 36))
    result = upscale(api, data, **options)
    made, oracle = samples(file_of(result)), samples(native_file(data, **options))
    assert farthest(made, oracle) <= (257 if made.dtype == np.uint16 else 1)
    assert made.shape[:2] == (result["height"], result["width"])
    assert result["depth"] == options.get("depth", 8)
    assert result["type"] == f"image/{options.get('format', 'png')}"


@pytest.mark.parametrize(
    "options",
    [
        {"format": "jpeg"},
        {"format": "jpeg", "quality": 60},
        {"format": "jpeg", "quality": 95, "subsampling": "4:4:4"},
        {"format": "jpeg", "subsampling": "4:2:0"},
        {"format": "webp"},
        {"format": "webp", "quality": 40},
    ],
    ids=str,
)
def test_lossy_formats_are_written_as_the_command_line_does(
    api: Page, native_file: NativeFile, options: dict[str, Any]
) -> None:
    data = saved(drawing(48, 36))
    result = upscale(api, data, **options)
    made, oracle = file_of(result), native_file(data, **options)
    assert result["type"] == f"image/{options['format']}"
    assert Image.open(BytesIO(made)).format == options["format"].upper()
    if options["format"] == "jpeg":
        images = [Image.open(BytesIO(file)) for file in (made, oracle)]
        assert images[0].quantization == images[1].quantization
        assert len({JpegImagePlugin.get_sampling(image) for image in images}) == 1
    # The libraries are of other versions: they round otherwise, and Pyodide's spreads halved colour otherwise.
    assert np.abs(opened(made).astype(int) - opened(oracle)).mean() < (3 if "4:2:0" in options.values() else 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_stay_sixteen(api: Page, native_file: NativeFile, channels: int) -> None:
    pixels_in = deep(40, 30, channels)
    data = encode(Picture(pixels_in), EncodeOptions())
    result = upscale(api, data)
    made = samples(file_of(result))
    assert result["depth"] == 16 and made.dtype == np.uint16 and made.shape == (60, 80, channels)
    assert farthest(made, samples(native_file(data))) <= 257
    # Not 8 bits spread over 16.
    assert (made % 257 != 0).mean() > 0.5
    if channels == 1:
        assert np.array_equal(opened(file_of(result)), made[:, :, 0])


def with_everything() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "a drawing")
    texts.add_itxt("Author", "誰か")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "somebody"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(drawing(30, 20), pnginfo=texts, exif=exif, icc_profile=profile, dpi=(300, 300))


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp", "tiff"])
def test_metadata_is_kept_by_default(api: Page, file_format: str) -> None:
    data = with_everything()
    made = Image.open(BytesIO(file_of(upscale(api, data, format=file_format))))
    made.load()
    assert made.size == (40, 60)
    assert made.info["icc_profile"] == Image.open(BytesIO(data)).info["icc_profile"]
    exif = made.getexif()
    assert exif[0x013B] == "somebody" and exif.get(0x0112, 1) == 1
    if file_format != "webp":
        assert made.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    if file_format == "png":
        assert made.text == {"Title": "a drawing", "Author": "誰か"}


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp", "tiff"])
def test_metadata_is_stripped_by_choice(api: Page, file_format: str) -> None:
    data = with_everything()
    made = Image.open(BytesIO(file_of(upscale(api, data, format=file_format, metadata="strip"))))
    made.load()
    # Without the profile the picture would look different.
    assert made.info["icc_profile"] == Image.open(BytesIO(data)).info["icc_profile"]
    assert 0x013B not in made.getexif()
    assert not getattr(made, "text", None)
    assert made.info.get("dpi", (1, 1)) != pytest.approx((300, 300), abs=0.1)


def test_results_are_named_after_their_source(api: Page) -> None:
    data = saved(drawing(10, 8))
    served = "**/pictures/**"
    api.route(served, lambda route: route.fulfill(body=data, content_type="image/png"))
    names = api.evaluate(
        """async (data) => {
            const file = new File([bytes(data)], 'a cat.v2.jpeg');
            const named = async (source, options = {}) => (await up.upscale(source, { strength: 0, ...options })).name;
            const image = new Image();
            image.src = '../pictures/shown.webp';
            await image.decode();
            return [
                await named(file),
                await named(file, { scale: 1.5, format: 'webp' }),
                await named(file, { width: 30, format: 'jpeg' }),
                await named(file, { name: 'dog.gif', format: 'tiff' }),
                await named(bytes(data)),
                await named(`data:image/png;base64,${data}`),
                await named(URL.createObjectURL(file)),
                await named('../pictures/ein%20Bild.png?size=1#top'),
                await named(new URL('../pictures/', location.href)),
                await named(image),
            ];
        }""",
        to_base64(data),
    )
    api.unroute(served)
    assert names == [
        "a cat.v2@2x.png",
        "a cat.v2@1.5x.webp",
        "a cat.v2@30x24.jpg",
        "dog@2x.tiff",
        "picture@2x.png",
        "picture@2x.png",
        "picture@2x.png",
        "ein Bild@2x.png",
        "picture@2x.png",
        "shown@2x.png",
    ]


@pytest.mark.parametrize(
    "options", [{}, {"scale": 5}, {"width": 301, "format": "webp"}, {"strength": 0, "depth": 16}], ids=str
)
def test_a_plan_is_what_will_be_done(api: Page, options: dict[str, Any]) -> None:
    data = saved(np.dstack((drawing(150, 110), np.full((110, 150), 128, np.uint8))))
    heard = api.evaluate(
        """async ([data, options]) => {
            const plans = [], stages = [];
            const plan = await up.plan(bytes(data), options);
            const result = await outcome(up.upscale(bytes(data), {
                ...options,
                onPlan: (plan) => plans.push(plan),
                onProgress: ({ stage, done, total }) => stages.push([stage, done, total]),
            }));
            return { plan, plans, stages, result };
        }""",
        [to_base64(data), options],
    )
    assert heard["plans"] == [heard["plan"]]
    workers = api.evaluate("() => Math.min(navigator.hardwareConcurrency, 2 * (navigator.deviceMemory ?? 4))")
    output = EncodeOptions(**{name: options[name] for name in ("format", "depth") if name in options})
    wanted = {name: options[name] for name in ("scale", "width", "strength") if name in options}
    expected = plan(
        data,
        UpscaleOptions(model=MODEL, **wanted, output=output),
        catalogue=catalogue(),
        arrangements=lambda _: (arrangement(workers),),
        budget_bytes=BROWSER_BUDGET_BYTES,
    )
    assert heard["plan"] == {
        "format": "PNG",
        "width": 150,
        "height": 110,
        "depth": 8,
        "channels": 4,
        "frames": 1,
        "targetWidth": heard["result"]["width"],
        "targetHeight": heard["result"]["height"],
        "tiles": expected.tiles,
        "memoryBytes": expected.memory.peak_bytes,
        "outputBytes": expected.memory.output_bytes,
    }
    assert (expected.target.width, expected.target.height) == pixels(heard["result"]).shape[1::-1]
    infer = [total for stage, _, total in heard["stages"] if stage == "infer"]
    assert set(infer) == {expected.tiles}


def test_a_claimed_size_is_refused_before_anything_is_decoded(api: Page) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    side = (60_000).to_bytes(4, "big")
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", side + side + bytes((8, 2, 0, 0, 0))),
            chunk(b"IDAT", zlib.compress(bytes(100))),
            chunk(b"IEND", b""),
        )
    )
    stages, result, planned = api.evaluate(
        """async (data) => {
            const stages = [];
            const result = await outcome(up.upscale(bytes(data), { onProgress: ({ stage }) => stages.push(stage) }));
            return [stages, result, await outcome(up.plan(bytes(data)))];
        }""",
        to_base64(data),
    )
    for answer in (result, planned):
        assert answer["code"] == "too-large", answer
        assert "60000 × 60000" in answer["message"]
    assert "decode" not in stages


def test_a_truncated_file_is_refused_or_taken_in_part(api: Page, native: Native) -> None:
    whole = saved(drawing(60, 50), "JPEG", subsampling=0, quality=95)
    data = whole[: len(whole) // 2]
    refused = upscale(api, data)
    assert refused["code"] == "corrupt-image" and "JPEG" in refused["message"]
    taken = upscale(api, data, partial=True)
    assert pixels(taken).shape == (100, 120, 3)
    assert len(taken["notes"]) == 1 and taken["notes"][0].endswith(".")
    assert farthest(pixels(taken), native(data, partial=True)) <= 2


def test_notes_tell_what_the_format_cannot_hold(api: Page) -> None:
    data = saved(np.dstack((drawing(20, 10), np.full((10, 20), 90, np.uint8))))
    result = upscale(api, data, format="jpeg")
    assert any("transparen" in note for note in result["notes"])
    assert upscale(api, data)["notes"] == []


@pytest.mark.parametrize("longest", [None, 16, 33])
def test_a_preview_is_a_small_png(api: Page, longest: int | None) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(drawing(60, 40), "TIFF", exif=exif)
    result = api.evaluate(
        "([data, options]) => outcome(up.preview(bytes(data), options))",
        [to_base64(data), {} if longest is None else {"longest": longest}],
    )
    made = pixels(result)
    assert result["type"] == "image/png"
    assert made.shape == {None: (60, 40, 3), 16: (16, 11, 3), 33: (33, 22, 3)}[longest]
    assert farthest(made, opened(preview(data, longest=longest or 2048))) <= 1
