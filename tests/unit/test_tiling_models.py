"""Every model of the catalogue: tiles of any size join as if the picture had been run whole.

The whole picture is run at once, within its padding. All tiles of a network that pools use the means of the whole.
"""

import asyncio
from dataclasses import replace
from functools import cache

import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from drawings import drawing
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard
from senmei.geometry import Region, Size
from senmei.pixels import cut, to_float
from senmei.sessions.ort_native import OrtNativeSession
from senmei.tile_runner import TileRunner
from senmei.tiling import Tile, TilePlan, plan_tiles

CARDS = {card.id: card for card in catalogue()}
NEWEST_OF_EACH = {(card.family, card.content, card.scale): card.id for card in CARDS.values()}
REPRESENTATIVES = list(NEWEST_OF_EACH.values())
OTHERS = [model_id for model_id in CARDS if model_id not in REPRESENTATIVES]

LIMIT = 1 / 255
FINE = LIMIT / 16
"""What overlaps are chosen for: sixteen 16-bit levels, so that no seam shows at that depth either."""
COARSE = LIMIT / 2
"""For networks that see so far that a finer overlap would make tiles mostly overlap: half a level of the worst noise,
in which 0.29 were found."""
FAR = 30
"""Pixels of overlap from which on networks are such ones; they are slow too, and get fewer cases."""

Floats = NDArray[np.float32]


@cache
def session(model_id: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(FOLDER / CARDS[model_id].file), providers=["CPUExecutionProvider"])


def fine(card: ModelCard) -> float:
    return COARSE if card.overlap > FAR else FINE


def run(card: ModelCard, values: Floats, means: Floats | None = None) -> tuple[Floats, Floats | None]:
    """Of (h, w, 3) what the network makes, and the means that it finds; means: those that it is to use instead."""
    feeds = {"input": values[np.newaxis]}
    if not card.pooled:
        (output,) = session(card.id).run(None, feeds)
        return output[0], None
    feeds["means"] = np.zeros(card.pooled, np.float32) if means is None else means
    feeds["given"] = np.array([0 if means is None else 1], np.float32)
    output, found = session(card.id).run(["output", "means_found"], feeds)
    return output[0], found


def answer(
    card: ModelCard, picture: NDArray[np.uint8], source: Region, core: Region, means: Floats | None = None
) -> Floats:
    """What the network makes of `core` when it sees `source`."""
    output, _ = run(card, to_float(cut(picture, source)), means)
    inner = core.shifted(-source.x - card.trim, -source.y - card.trim).scaled(card.scale)
    return output[inner.slices]


def whole_source(card: ModelCard, picture: NDArray[np.uint8]) -> Region:
    height, width = picture.shape[:2]
    corner = -(-card.padding // card.multiple_of) * card.multiple_of
    sides = (-(-(side + 2 * corner) // card.multiple_of) * card.multiple_of for side in (width, height))
    return Region(-corner, -corner, *sides)


def whole(card: ModelCard, picture: NDArray[np.uint8], means: Floats | None = None) -> Floats:
    height, width = picture.shape[:2]
    return answer(card, picture, whole_source(card, picture), Region(0, 0, width, height), means)


def means_of(card: ModelCard, picture: NDArray[np.uint8]) -> Floats | None:
    """What the poolings find in the whole picture; None for a network without any."""
    return run(card, to_float(cut(picture, whole_source(card, picture))))[1] if card.pooled else None


def planned(card: ModelCard, picture: NDArray[np.uint8], tile: Size) -> TilePlan:
    size = Size(picture.shape[1], picture.shape[0])
    return plan_tiles(size, card.margins, shape=card.margins.source(tile))


def tiled(card: ModelCard, picture: NDArray[np.uint8], tile: Size, means: Floats | None = None) -> Floats:
    """means: those of the whole picture when left out."""
    height, width = picture.shape[:2]
    used = means_of(card, picture) if means is None else means
    enlarged = np.full((height * card.scale, width * card.scale, 3), np.nan, np.float32)
    for part in planned(card, picture, tile).tiles:
        enlarged[part.core.scaled(card.scale).slices] = answer(card, picture, part.source, part.core, used)
    return enlarged


def pixel_art(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Few colours, each pixel three by three, thin lines one pixel wide."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (5, 3)).astype(np.uint8)
    small = rng.integers(0, 5, (-(-height // 3), -(-width // 3)))
    art = colours[small.repeat(3, axis=0).repeat(3, axis=1)[:height, :width]]
    art[rng.integers(0, height)] = 0
    art[:, rng.integers(0, width)] = 255
    return art


@st.composite
def pictures(draw: st.DrawFn, overlap: int) -> NDArray[np.uint8]:
    """From 1 × 1 to 70 × 70, and long thin ones; what networks find hardest and what they are for.

    For a network that sees far, only thin ones, long enough for three tiles."""
    sides = st.integers(1, 70)
    if overlap > FAR:
        long = st.tuples(st.integers(2 * overlap + 20, 2 * overlap + 90), st.integers(1, 20))
        width, height = draw(long | long.map(lambda size: size[::-1]))
    else:
        thin = st.tuples(st.integers(1, 3), sides) | st.tuples(sides, st.just(1))
        width, height = draw(st.tuples(sides, sides) | thin)
    seed = draw(st.integers(0, 2**16))
    kind = draw(st.sampled_from(["drawing", "grain", "noise", "pixel art", "black and white"]))
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    if kind == "black and white":
        return (rng.integers(0, 2, (height, width, 1)) * 255).astype(np.uint8).repeat(3, axis=2)
    if kind == "pixel art":
        return pixel_art(width, height, seed)
    return drawing(width, height, seed=seed, noise=20 if kind == "grain" else 0)


tile_sizes = st.builds(Size, st.integers(16, 72), st.integers(16, 72))


@st.composite
def some_tiles(draw: st.DrawFn, card: ModelCard) -> tuple[NDArray[np.uint8], list[Tile]]:
    """A picture and up to three tiles of a plan, a corner among them; test_tiling.py shows that plans are whole."""
    picture = draw(pictures(card.overlap))
    tiles = planned(card, picture, draw(tile_sizes)).tiles
    chosen = {draw(st.sampled_from((0, -1))) % len(tiles), *draw(st.tuples(*[st.integers(0, len(tiles) - 1)] * 2))}
    return picture, [tiles[number] for number in sorted(chosen)]


def check_tiles(model_id: str, *, examples: int) -> None:
    card = CARDS[model_id]

    @settings(
        max_examples=examples if card.overlap <= FAR else 4, suppress_health_check=list(HealthCheck), database=None
    )
    @given(some_tiles(card))
    def equal(case: tuple[NDArray[np.uint8], list[Tile]]) -> None:
        picture, tiles = case
        means = means_of(card, picture)
        truth = whole(card, picture, means)
        for tile in tiles:
            assert tile.source.size == tiles[0].source.size
            made = answer(card, picture, tile.source, tile.core, means)
            expected = truth[tile.core.scaled(card.scale).slices]
            assert made.shape == expected.shape
            assert np.abs(made - expected).max() <= fine(card)

    equal()


@pytest.mark.parametrize("model_id", REPRESENTATIVES)
def test_a_tile_is_a_part_of_the_whole_picture(model_id: str) -> None:
    check_tiles(model_id, examples=12)


@pytest.mark.parametrize("model_id", OTHERS)
def test_a_tile_is_a_part_of_the_whole_picture_whatever_the_denoising(model_id: str) -> None:
    check_tiles(model_id, examples=4)


@pytest.mark.parametrize("model_id", REPRESENTATIVES)
@pytest.mark.parametrize(
    ("width", "height", "tile"), [(45, 37, Size(17, 31)), (1, 1, Size(16, 16)), (67, 1, Size(23, 19))]
)
def test_all_tiles_together_are_the_whole_picture(model_id: str, width: int, height: int, tile: Size) -> None:
    card = CARDS[model_id]
    picture = drawing(width, height, seed=3, noise=25)
    joined = tiled(card, picture, tile)
    assert joined.shape == (height * card.scale, width * card.scale, 3)
    assert np.abs(joined - whole(card, picture)).max() <= fine(card)


@pytest.mark.parametrize("model_id", [name for name in REPRESENTATIVES if CARDS[name].overlap > CARDS[name].trim])
def test_a_smaller_overlap_would_show(model_id: str) -> None:
    """That the comparison sees seams at all, by 3 pixels of overlap, or a third of many. A network that trims its whole
    overlap cannot be asked for less."""
    card = CARDS[model_id]
    overlap = card.overlap - (3 if card.overlap <= FAR else card.overlap // 3)
    side = 2 * overlap + 24
    picture = drawing(side, side, seed=1, noise=40)
    middle = Region(overlap + 4, overlap + 4, 16, 16)
    source = Region(4, 4, 16 + 2 * overlap, 16 + 2 * overlap)
    apart = np.abs(answer(card, picture, source, middle) - whole(card, picture)[middle.scaled(card.scale).slices]).max()
    assert apart > fine(card)


@pytest.mark.parametrize("model_id", [name for name in REPRESENTATIVES if CARDS[name].pooled])
def test_tiles_with_means_of_their_own_would_show(model_id: str) -> None:
    """By how much: a few levels at least, of a drawing with much of one colour on one side."""
    card = CARDS[model_id]
    picture = drawing(96, 80, seed=3, noise=25)
    picture[:, :40] = 255
    tile = planned(card, picture, Size(48, 80)).tiles[-1]
    truth = whole(card, picture)[tile.core.scaled(card.scale).slices]
    assert np.abs(answer(card, picture, tile.source, tile.core) - truth).max() > 5 * LIMIT


@pytest.mark.parametrize("model_id", [name for name in REPRESENTATIVES if CARDS[name].multiple_of > 1])
def test_a_tile_at_another_place_would_show(model_id: str) -> None:
    """Half of what places must be multiples of is not enough."""
    card = CARDS[model_id]
    picture = drawing(120, 120, seed=3, noise=25)
    means = means_of(card, picture)
    truth = whole(card, picture, means)
    core = Region(56, 56, 16, 16)
    for off in (0, card.multiple_of // 2):
        corner = 56 - card.overlap + off
        side = 16 + 2 * card.overlap
        inside = Region(core.x + off, core.y + off, 16 - off, 16 - off)
        made = answer(card, picture, Region(corner, corner, side, side), inside, means)
        apart = np.abs(made - truth[inside.scaled(card.scale).slices]).max()
        assert apart <= FINE if off == 0 else apart > LIMIT


@pytest.mark.parametrize("model_id", CARDS)
def test_a_picture_of_one_colour_has_no_other_border(model_id: str) -> None:
    """The zeros that convolutions add around what they see would show without padding."""
    card = CARDS[model_id]
    for colour in ((255, 255, 255), (20, 60, 220)):
        made = tiled(card, np.full((52, 45, 3), colour, np.uint8), Size(16, 16)).clip(0, 1)
        blocks = made.reshape(52, card.scale, 45, card.scale, 3)
        middle = blocks[26:27, :, 22:23]
        assert np.abs(middle.mean(axis=(0, 1, 2, 3)) * 255 - colour).max() < 6
        apart = np.abs(blocks - middle)
        assert apart.max() <= 5 * LIMIT, "the corners"
        assert max(apart[[0, -1]].mean(), apart[:, :, [0, -1]].mean()) <= 1.5 * LIMIT, "the borders"


@pytest.mark.parametrize("model_id", [name for name in REPRESENTATIVES if CARDS[name].trim == 0])
def test_without_padding_the_zeros_outside_would_show(model_id: str) -> None:
    """README's figure for esrgan-slim: 133 levels."""
    card = replace(CARDS[model_id], padding=0)
    made = tiled(card, np.full((52, 45, 3), (20, 60, 220), np.uint8), Size(60, 60)).clip(0, 1)
    blocks = made.reshape(52, card.scale, 45, card.scale, 3)
    worst = np.abs(blocks - blocks[26:27, :, 22:23]).max() * 255
    assert worst == pytest.approx(132.5, abs=1) if card.id == "esrgan-slim-2x" else worst > 10


@pytest.mark.parametrize("model_id", [name for name in REPRESENTATIVES if CARDS[name].padding == CARDS[name].overlap])
def test_the_border_is_that_of_the_picture_with_its_border_repeated(model_id: str) -> None:
    """Where the padding is all that a result depends on."""
    card = CARDS[model_id]
    picture = drawing(23, 18, seed=5, noise=10)
    more = 9 * card.multiple_of
    grown = cut(picture, Region(-more, -more, 23 + 2 * more, 18 + 2 * more))
    inside = Region(more, more, 23, 18).scaled(card.scale)
    means = means_of(card, picture)
    apart = np.abs(tiled(card, picture, Size(16, 16), means) - tiled(card, grown, Size(41, 20), means)[inside.slices])
    for border in (apart[0], apart[-1], apart[:, 0], apart[:, -1]):
        assert border.max() <= FINE


def colours() -> Floats:
    """Corners of the cube, grays, levels that only 16 bits hold, and random ones: (n, 3), 0 to 1."""
    rng = np.random.default_rng(0)
    corners = [(red, green, blue) for red in (0, 1) for green in (0, 1) for blue in (0, 1)]
    grays = [(level,) * 3 for level in (1 / 65535, 1 / 255, 0.5, 32769 / 65535, 254 / 255)]
    return np.array(
        [*corners, *grays, *rng.integers(0, 65536, (5, 3)) / 65535, *rng.integers(0, 256, (3, 3)) / 255], np.float32
    )


def flat_answer(card: ModelCard, colour: Floats, side: int) -> Floats:
    """The core, `side` pixels a side, of a tile of one colour."""
    shape = side + 2 * -(-card.overlap // card.multiple_of) * card.multiple_of
    (output,) = session(card.id).run(None, {"input": np.full((1, shape, shape, 3), colour, np.float32)})
    margin = ((shape - side) // 2 - card.trim) * card.scale
    return output[0, margin : margin + side * card.scale, margin : margin + side * card.scale]


@pytest.mark.parametrize("model_id", [card.id for card in CARDS.values() if card.flat_tiles])
def test_a_tile_of_one_colour_is_one_block_repeated(model_id: str) -> None:
    card = CARDS[model_id]
    cases = [(colour, 32) for colour in colours()] + [(colours()[-1], 130)]
    if card.overlap > FAR:
        cases = [(colour, 8) for colour in colours()[[4, -1]]]
    for colour, across in cases:
        side = across * card.multiple_of
        block = flat_answer(card, colour, card.multiple_of)
        large = flat_answer(card, colour, side)
        repeated = np.tile(block, (across, across, 1))
        assert large.shape == repeated.shape
        assert np.abs(large - repeated).max() <= FINE, f"colour {colour}"


@pytest.mark.parametrize("model_id", [name for name in REPRESENTATIVES if CARDS[name].flat_tiles])
def test_of_a_picture_of_one_colour_the_borders_too_are_known_from_a_smaller_one(model_id: str) -> None:
    card = CARDS[model_id]
    native = OrtNativeSession(card, FOLDER)
    runner = TileRunner(card, native, native.arrangements[0])
    size = card.margins.whole(Size(75, 68))
    picture = np.full((size.height, size.width, 3), (12_000, 40_000, 61_000), np.uint16)
    core = Region(card.margins.padding, card.margins.padding, 75, 68)
    made = asyncio.run(runner.enlarge(picture, core)) / np.float32(65535)
    expected = answer(card, picture, Region(0, 0, size.width, size.height), core)
    assert np.abs(made - expected.clip(0, 1)).max() <= FINE
