import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms

import senmei
from drawings import drawing, opened, saved
from repeating import RepeatingSession, arrangements, card, catalogue_of, open_repeating, repeated
from senmei.catalogue import Catalogue, ModelCard
from senmei.codecs import EncodeOptions
from senmei.engine import UpscaleOptions, plan, preview, upscale
from senmei.errors import Cancelled, InvalidOption, ModelUnavailable, TooLarge, UnsupportedFormat
from senmei.events import Encoded, Event, Finished, Planned, TilePainted
from senmei.geometry import Size
from senmei.jobs import CancelToken, Progress
from senmei.picture import Picture
from senmei.resampling import BICUBIC, LANCZOS, resample

CATALOGUE = catalogue_of(card("clean", next_pass="plain"), card("plain", overlap=1), card("polish", scale=1))
BUDGET = 2_000_000_000


async def run(data: bytes, *, catalogue: Catalogue = CATALOGUE, **options: object) -> list[Event]:
    chosen = UpscaleOptions(**{"model": "clean", "tile": 16, **options})  # type: ignore[arg-type] # the tests' own words
    events = upscale(
        data,
        chosen,
        catalogue=catalogue,
        open_session=open_repeating,
        cancel=CancelToken(),
        budget_bytes=BUDGET,
    )
    return [event async for event in events]


def file_of(events: list[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Encoded))


def finished(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def result(events: list[Event]) -> np.ndarray:
    pixels = opened(file_of(events))
    assert finished(events).size == Size(pixels.shape[1], pixels.shape[0])
    return pixels


def picture(events: list[Event]) -> Picture:
    made = senmei.decode(file_of(events))
    assert isinstance(made, Picture)
    return made


async def test_bytes_in_bytes_out() -> None:
    rgb = drawing(45, 33)
    events = await run(saved(rgb))
    assert np.array_equal(result(events), repeated(rgb, 2))
    assert finished(events) == Finished(
        Size(90, 66), "clean", "numpy", 2, 1, "direct", "png", 8, (), tiles=6, tiles_run=6
    )


@pytest.mark.parametrize("scale", [1, 1.5, 2, 3, 4, 7])
async def test_any_scale_is_passes_and_one_resample(scale: float) -> None:
    rgb = drawing(23, 31)
    made = result(await run(saved(rgb), scale=scale))
    passes = {1: 2, 1.5: 2, 2: 2, 3: 4, 4: 4, 7: 8}[scale]
    target = Size(round(23 * scale), round(31 * scale))
    expected = resample(repeated(rgb, passes), target, LANCZOS)
    assert made.shape == expected.shape and np.abs(made.astype(int) - expected).max() <= 1


async def test_an_exact_size_fits_or_stretches() -> None:
    data = saved(drawing(30, 20))
    for options, size in (
        ({"width": 71}, Size(71, 47)),
        ({"width": 71, "height": 30}, Size(45, 30)),
        ({"width": 71, "height": 30, "stretch": True}, Size(71, 30)),
        ({"height": 7}, Size(10, 7)),
    ):
        events = await run(data, **options)
        assert result(events).shape == (size.height, size.width, 3)
        assert next(event for event in events if isinstance(event, Planned)).target == size


async def test_a_model_that_only_cleans_keeps_the_size() -> None:
    rgb = drawing(21, 17)
    assert np.array_equal(result(await run(saved(rgb), model="polish")), rgb)


async def test_strength_blends_with_plain_bicubic() -> None:
    rgb = drawing(24, 18)
    network = repeated(rgb, 2).astype(float)
    plain = resample(rgb, Size(48, 36), BICUBIC).astype(float)
    for strength in (0.25, 0.75):
        made = result(await run(saved(rgb), strength=strength))
        assert np.abs(made - (network * strength + plain * (1 - strength))).max() <= 1


async def test_without_strength_no_network_runs_but_the_picture_is_shown() -> None:
    rgb = drawing(24, 18)

    async def refuse(model: ModelCard) -> RepeatingSession:
        raise AssertionError("no session may be started")

    options = UpscaleOptions(model="clean", strength=0, scale=3)
    events = [
        event
        async for event in upscale(
            saved(rgb),
            options,
            catalogue=CATALOGUE,
            open_session=refuse,
            cancel=CancelToken(),
            budget_bytes=BUDGET,
        )
    ]
    plain = resample(rgb, Size(72, 54), BICUBIC)
    assert np.abs(result(events).astype(int) - plain).max() <= 1
    shown = [event for event in events if isinstance(event, TilePainted)]
    assert np.array_equal(np.concatenate([tile.pixels for tile in shown]), result(events))
    assert {(tile.image, tile.source) for tile in shown} == {(Size(72, 54), Size(24, 18))}


async def test_the_ensemble_runs_every_tile_eight_times() -> None:
    sessions: list[RepeatingSession] = []

    async def open_counted(model: ModelCard) -> RepeatingSession:
        sessions.append(RepeatingSession(model))
        return sessions[-1]

    rgb = drawing(40, 33)
    options = UpscaleOptions(model="clean", tta=True, tile=16)
    events = [
        event
        async for event in upscale(
            saved(rgb),
            options,
            catalogue=CATALOGUE,
            open_session=open_counted,
            cancel=CancelToken(),
            budget_bytes=BUDGET,
        )
    ]
    tiles = next(event for event in events if isinstance(event, Planned)).tiles
    assert len(sessions[0].shapes) == 8 * tiles
    assert np.array_equal(result(events), repeated(rgb, 2))


async def test_progress_counts_every_tile_and_never_falls() -> None:
    events = await run(saved(drawing(50, 40)), scale=4)
    steps = [event for event in events if isinstance(event, Progress)]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    stages = [step.stage for step in steps]
    assert list(dict.fromkeys(stages)) == ["decode", "infer", "encode"]
    infer = [step for step in steps if step.stage == "infer"]
    assert [step.done for step in infer] == list(range(infer[0].total + 1))
    assert infer[-1].eta_ms is not None


async def test_painted_tiles_make_up_the_last_pass() -> None:
    rgb = drawing(50, 40)
    events = await run(saved(rgb), scale=3)
    tiles = [event for event in events if isinstance(event, TilePainted)]
    canvas = np.zeros((160, 200, 3), np.uint8)
    for tile in tiles:
        assert (tile.image, tile.source, tile.alpha) == (Size(200, 160), Size(50, 40), None)
        canvas[tile.region.slices] = tile.pixels
    assert np.array_equal(canvas, repeated(rgb, 4))


async def test_the_file_is_written_while_the_networks_compute() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    events = await run(saved(noise))
    kinds = [type(event) for event in events]
    first = kinds.index(Encoded)
    assert kinds[first:].count(TilePainted) > kinds.count(TilePainted) / 4


async def test_gray_stays_gray_and_sixteen_bits_stay_sixteen() -> None:
    gray = drawing(20, 20)[:, :, 1]
    assert np.array_equal(result(await run(saved(gray))), repeated(gray, 2))
    deep = (np.arange(400, dtype=np.uint16) * 163).reshape(20, 20)
    events = await run(saved(deep))
    assert picture(events).pixels.dtype == np.uint16 and finished(events).depth == 16
    assert np.array_equal(picture(events).pixels[:, :, 0], repeated(deep, 2))


async def test_depth_is_the_callers_choice() -> None:
    deep = (np.arange(400, dtype=np.uint16) * 163).reshape(20, 20)
    shallow = await run(saved(deep), output=EncodeOptions(depth=8))
    assert np.array_equal(result(shallow), np.rint(repeated(deep, 2) / 257).astype(np.uint8))
    assert finished(shallow).depth == 8
    widened = await run(saved(drawing(20, 20)), scale=1.5, output=EncodeOptions(depth=16))
    pixels = picture(widened).pixels
    assert pixels.dtype == np.uint16
    assert (pixels % 257 != 0).any(), "what lies between the levels of 8 bits is kept"


async def test_transparent_edges_get_no_fringe() -> None:
    """A bright disc on transparent black: over any background the result is never darker than disc and background."""
    rows, columns = np.mgrid[0:48, 0:48]
    inside = np.hypot(rows - 23.5, columns - 23.5)
    alpha = (np.clip(18 - inside, 0, 1) * 255).astype(np.uint8)
    rgb = np.where(alpha[..., None] > 0, np.array([250, 240, 40], np.uint8), np.uint8(0)).astype(np.uint8)
    made = result(await run(saved(np.dstack((rgb, alpha))), scale=3))
    assert made.shape == (144, 144, 4)
    shown = made[:, :, 3] > 0
    assert (np.abs(made[shown][:, :3].astype(int) - (250, 240, 40)) <= 1).all()
    assert (made[0, 0, 3], made[72, 72, 3]) == (0, 255)


async def test_opaque_alpha_stays_and_tiles_carry_alpha() -> None:
    rgb = drawing(20, 18)
    opaque = result(await run(saved(np.dstack((rgb, np.full((18, 20), 255, np.uint8))))))
    assert (opaque[:, :, 3] == 255).all() and np.array_equal(opaque[:, :, :3], repeated(rgb, 2))
    half = np.full((18, 20), 255, np.uint8)
    half[:, :10] = 0
    events = await run(saved(np.dstack((rgb, half))))
    tiles = [event for event in events if isinstance(event, TilePainted)]
    assert all(tile.alpha is not None and tile.alpha.shape == tile.pixels.shape[:2] for tile in tiles)


def camera_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(drawing(30, 20), "JPEG", exif=exif, icc_profile=profile, dpi=(150, 150))


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp", "tiff"])
async def test_metadata_goes_along_or_is_stripped(file_format: str) -> None:
    data = camera_jpeg()
    kept = await run(data, output=EncodeOptions(format=file_format))
    assert finished(kept).size == Size(40, 60) and finished(kept).format == file_format
    metadata = picture(kept).metadata
    assert metadata.icc is not None
    # WebP has no place for it but in the EXIF block.
    assert file_format == "webp" or metadata.dpi == pytest.approx((150, 150), abs=0.02)
    assert metadata.exif is not None and b"a camera" in metadata.exif
    stripped = picture(await run(data, output=EncodeOptions(format=file_format, metadata="strip"))).metadata
    assert stripped.icc == metadata.icc, "without it the colours would change"
    assert (stripped.exif, stripped.xmp, stripped.texts) == (None, None, ())


async def test_notes_tell_what_was_lost() -> None:
    rgba = np.dstack((drawing(20, 20), np.tile(np.arange(20, dtype=np.uint8) * 12, (20, 1))))
    notes = finished(await run(saved(rgba), output=EncodeOptions(format="jpeg"))).notes
    assert any("transparen" in note for note in notes)


async def test_wrong_wishes_are_refused_before_any_work() -> None:
    async def refuse(model: ModelCard) -> RepeatingSession:
        raise AssertionError("no session may be started")

    async def first(options: UpscaleOptions, data: bytes = b"") -> Event:
        events = upscale(
            data, options, catalogue=CATALOGUE, open_session=refuse, cancel=CancelToken(), budget_bytes=BUDGET
        )
        return await anext(events)

    with pytest.raises(InvalidOption, match="17"):
        await first(UpscaleOptions(model="clean", scale=17))
    with pytest.raises(InvalidOption, match=r"strength 1\.5 is outside 0 to 1"):
        await first(UpscaleOptions(model="clean", strength=1.5))
    with pytest.raises(InvalidOption, match="not both"):
        await first(UpscaleOptions(model="clean", scale=2, width=10))
    with pytest.raises(ModelUnavailable, match="“none”"):
        await first(UpscaleOptions(model="none"))
    with pytest.raises(InvalidOption, match="cleans without enlarging"):
        await first(UpscaleOptions(model="polish", scale=2), saved(drawing(9, 9)))


async def test_cancel_between_the_tiles() -> None:
    cancel = CancelToken()
    events = upscale(
        saved(drawing(90, 90)),
        UpscaleOptions(model="clean", tile=16),
        catalogue=CATALOGUE,
        open_session=open_repeating,
        cancel=cancel,
        budget_bytes=BUDGET,
    )
    with pytest.raises(Cancelled):
        async for event in events:
            if isinstance(event, TilePainted):
                cancel.cancel()


def claiming(width: int, height: int) -> bytes:
    """A PNG whose header tells this size, with as much data as it could have."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(min(height * (3 * width + 1), 50_000_000)))
    parts = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


async def test_what_cannot_fit_in_memory_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(TooLarge, match=r"30000 × 30000 pixels, 900 million.* up to 2.0 GB") as raised:
        await run(claiming(30_000, 30_000), scale=1, tile=256)
    assert raised.traceback[-1].name == "refuse_too_large"


async def test_results_that_are_held_whole_are_refused_when_they_do_not_fit_and_png_is_not() -> None:
    data = saved(np.zeros((2000, 2000, 3), np.uint8))
    options = UpscaleOptions(model="clean", scale=8, output=EncodeOptions(format="jpeg"))
    with pytest.raises(TooLarge, match=r"16000 × 16000 pixels, 256 million.*PNG"):
        plan(data, options, catalogue=CATALOGUE, arrangements=arrangements, budget_bytes=1_000_000_000)
    planned = plan(
        data,
        replace(options, output=EncodeOptions()),
        catalogue=CATALOGUE,
        arrangements=arrangements,
        budget_bytes=1_000_000_000,
    )
    assert planned.memory.output_bytes < 20_000_000 and planned.memory.peak_bytes < 1_000_000_000


async def test_a_format_that_cannot_hold_the_size_is_refused_in_the_plan() -> None:
    data = saved(np.zeros((1100, 4), np.uint8))
    options = UpscaleOptions(model="clean", scale=16, output=EncodeOptions(format="webp"))
    with pytest.raises(TooLarge, match=r"16383|16,383"):
        plan(data, options, catalogue=CATALOGUE, arrangements=arrangements, budget_bytes=BUDGET)


def test_a_plan_tells_what_will_be_done() -> None:
    planned = plan(
        saved(drawing(50, 40)),
        UpscaleOptions(model="clean", scale=3, tile=16),
        catalogue=CATALOGUE,
        arrangements=arrangements,
        budget_bytes=BUDGET,
    )
    assert (planned.header.format, planned.header.size, planned.target) == ("PNG", Size(50, 40), Size(150, 120))
    assert planned.models == ("clean", "plain")
    assert planned.tiles > 12 and planned.memory.peak_bytes > 50 * 40 * 3


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def heic_of(width: int, height: int) -> bytes:
    """A file that says it is a HEIC of this size, and has no picture in it (ISO/IEC 23008-12)."""
    size = box(b"ispe", struct.pack(">III", 0, width, height))
    uses = box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1))
    primary = box(b"pitm", struct.pack(">IH", 0, 1))
    meta = box(b"meta", bytes(4), primary, box(b"iprp", box(b"ipco", size), uses))
    return box(b"ftyp", b"heic", bytes(4), b"mif1") + meta


async def test_what_pillow_lacks_is_decoded_elsewhere() -> None:
    heic = heic_of(6, 4)
    rgba = np.dstack((drawing(6, 4), np.full((4, 6), 255, np.uint8)))
    asked: list[str] = []

    async def decode_elsewhere(data: bytes, mime: str) -> tuple[int, int, bytes] | None:
        asked.append(mime)
        return (6, 4, rgba.tobytes()) if data == heic else None

    options = UpscaleOptions(model="clean")
    common = {"catalogue": CATALOGUE, "open_session": open_repeating, "budget_bytes": BUDGET}
    events = [
        event
        async for event in upscale(heic, options, **common, cancel=CancelToken(), decode_elsewhere=decode_elsewhere)
    ]
    assert asked == ["image/heic"]
    assert np.array_equal(result(events), repeated(drawing(6, 4), 2))
    assert any("browser decoded" in note for note in finished(events).notes)
    with pytest.raises(UnsupportedFormat, match="HEIC, which this browser cannot decode"):
        async for _ in upscale(
            heic + b"\0", options, **common, cancel=CancelToken(), decode_elsewhere=decode_elsewhere
        ):
            pass
    with pytest.raises(UnsupportedFormat, match="HEIC"):
        async for _ in upscale(heic, options, **common, cancel=CancelToken()):
            pass


def test_a_preview_is_small_and_shows_the_picture() -> None:
    deep = np.zeros((300, 500), np.uint16)
    deep[:, 250:] = 65535
    shown = opened(preview(saved(deep, "TIFF"), longest=100))
    assert shown.shape == (60, 100) and shown.dtype == np.uint8
    assert (shown[:, :46] == 0).all() and (shown[:, 54:] == 255).all()
    assert opened(preview(saved(drawing(30, 20), "PPM"), longest=100)).shape == (20, 30, 3)


def test_a_plan_takes_no_memory_for_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an encoder was opened")

    for module in ("still_job", "codecs.frames_writing"):
        monkeypatch.setattr(f"senmei.{module}.open_encoder", refuse)
    frames = [Image.fromarray(drawing(9, 9, seed=seed)) for seed in range(2)]
    moving = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    for data, as_frames in ((saved(drawing(30, 20)), "animation"), (moving, "sheet"), (moving, "zip")):
        options = UpscaleOptions(model="clean", frames=as_frames, output=EncodeOptions(format="jpeg"))  # type: ignore[arg-type] # the tests' own words
        assert plan(data, options, catalogue=CATALOGUE, arrangements=arrangements, budget_bytes=BUDGET).target.width > 9


def test_a_frame_that_its_format_cannot_hold_is_refused_in_the_plan() -> None:
    frames = [Image.new("RGB", (1100, 1), (value, 0, 0)) for value in (0, 255)]
    moving = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    output = EncodeOptions(format="webp")
    for as_frames in ("zip", "sheet", "animation"):
        options = UpscaleOptions(model="clean", scale=16, frames=as_frames, output=output)  # type: ignore[arg-type] # the tests' own words
        with pytest.raises(TooLarge, match="16,383 pixels a side"):
            plan(moving, options, catalogue=CATALOGUE, arrangements=arrangements, budget_bytes=BUDGET)
