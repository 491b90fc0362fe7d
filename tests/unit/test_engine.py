import numpy as np
import pytest
from PIL import Image

import senmei
from drawings import drawing, opened, saved
from repeating import RepeatingSession, card, catalogue_of, open_repeating, repeated
from senmei.catalogue import Catalogue, ModelCard
from senmei.engine import Event, Finished, TilePainted, UpscaleOptions, upscale
from senmei.errors import Cancelled, InvalidOption, ModelUnavailable, UnsupportedFormat
from senmei.geometry import Size
from senmei.jobs import CancelToken, Progress

CATALOGUE = catalogue_of(card("clean", next_pass="plain"), card("plain", overlap=1))


async def run(
    data: bytes, *, scale: float | None = None, model: str = "clean", catalogue: Catalogue = CATALOGUE, tile: int = 16
) -> list[Event]:
    options = UpscaleOptions(model=model, scale=scale, tile=tile)
    events = upscale(data, options, catalogue=catalogue, open_session=open_repeating, cancel=CancelToken())
    return [event async for event in events]


def result(events: list[Event]) -> np.ndarray:
    finished = events[-1]
    assert isinstance(finished, Finished)
    pixels = opened(finished.data)
    assert finished.size == Size(pixels.shape[1], pixels.shape[0])
    return pixels


async def test_bytes_in_bytes_out() -> None:
    rgb = drawing(45, 33)
    events = await run(saved(rgb))
    assert np.array_equal(result(events), repeated(rgb, 2))
    finished = events[-1]
    assert isinstance(finished, Finished) and (finished.model, finished.provider) == ("clean", "numpy")


@pytest.mark.parametrize("scale", [1, 1.5, 2, 3, 4, 7])
async def test_any_scale_is_passes_and_one_resample(scale: float) -> None:
    rgb = drawing(23, 31)
    made = result(await run(saved(rgb), scale=scale))
    passes = {1: 2, 1.5: 2, 2: 2, 3: 4, 4: 4, 7: 8}[scale]
    target = (round(23 * scale), round(31 * scale))
    expected = Image.fromarray(repeated(rgb, passes)).resize(target, Image.Resampling.LANCZOS)
    assert np.array_equal(made, np.asarray(expected))


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


async def test_gray_and_sixteen_bits_come_out_gray() -> None:
    gray = drawing(20, 20)[:, :, 1]
    assert np.array_equal(result(await run(saved(gray))), repeated(gray, 2))
    deep = gray.astype(np.uint16) * 257
    assert np.array_equal(result(await run(saved(deep))), repeated(gray, 2))


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


async def test_metadata_goes_along() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera"
    events = await run(saved(drawing(30, 20), "JPEG", exif=exif, icc_profile=b"a profile", dpi=(150, 150)))
    finished = events[-1]
    assert isinstance(finished, Finished) and finished.size == Size(40, 60)
    picture = senmei.decode(finished.data)
    assert isinstance(picture, senmei.Picture)
    assert picture.icc == b"a profile" and picture.dpi == pytest.approx((150, 150), abs=0.02)
    assert picture.exif is not None and b"a camera" in picture.exif


async def test_wrong_wishes_are_refused_before_any_work() -> None:
    async def refuse(model: ModelCard) -> RepeatingSession:
        raise AssertionError("no session may be started")

    async def first(options: UpscaleOptions) -> Event:
        events = upscale(b"", options, catalogue=CATALOGUE, open_session=refuse, cancel=CancelToken())
        return await anext(events)

    with pytest.raises(InvalidOption, match="“jpg”"):
        await first(UpscaleOptions(model="clean", format="jpg"))
    with pytest.raises(InvalidOption, match="17"):
        await first(UpscaleOptions(model="clean", scale=17))
    with pytest.raises(ModelUnavailable, match="“none”"):
        await first(UpscaleOptions(model="none"))


async def test_animations_are_refused_in_a_sentence() -> None:
    frames = [Image.fromarray(drawing(9, 9, seed=seed)) for seed in range(2)]
    with pytest.raises(UnsupportedFormat, match="animation of 2 frames"):
        await run(saved(frames[0], save_all=True, append_images=frames[1:]))


async def test_cancel_between_the_tiles() -> None:
    cancel = CancelToken()
    options = UpscaleOptions(model="clean", tile=16)
    events = upscale(saved(drawing(90, 90)), options, catalogue=CATALOGUE, open_session=open_repeating, cancel=cancel)
    with pytest.raises(Cancelled):
        async for event in events:
            if isinstance(event, TilePainted):
                cancel.cancel()
