"""EXIF, XMP and the colour profile's header by themselves: what is changed in them and what is not."""

import io
import struct
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metadata_files import (
    ASCII,
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    UNDEFINED,
    Tags,
    icc_profile,
    ratio,
    short,
    text,
    tiff_block,
)
from PIL import Image

from senmei.codecs.metadata.exif import read_exif
from senmei.codecs.metadata.icc_header import check_profile_fits, colour_space
from senmei.codecs.metadata.xmp import upright_xmp

ORIENTATION, EXIF, GPS, MAKER_NOTE = 0x0112, 0x8769, 0x8825, 0x927C

orders = st.sampled_from("<>")
values = st.one_of(
    st.tuples(st.just(ASCII), st.binary(max_size=40).map(lambda letters: letters.replace(b"\0", b"") + b"\0")),
    st.tuples(st.just(UNDEFINED), st.binary(min_size=1, max_size=300)),
    st.tuples(st.just(SHORT), st.binary(min_size=2, max_size=2)),
    st.tuples(st.just(LONG), st.binary(min_size=4, max_size=4)),
    st.tuples(st.just(RATIONAL), st.binary(min_size=8, max_size=8)),
)
tags = st.dictionaries(st.sampled_from([0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0xC4A5]), values)
camera_tags = st.dictionaries(st.sampled_from([0x829A, 0x9003, 0x9286, MAKER_NOTE, 0xA420]), values, min_size=1)


def pillows(block: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(block)
    return exif


@given(tags, camera_tags, st.integers(1, 8), orders, st.sampled_from([SHORT, LONG]), st.booleans())
def test_nothing_but_the_orientation_changes(
    first: Tags, camera: Tags, turn: int, order: str, kind: int, has_marker: bool
) -> None:
    stated = struct.pack(order + {SHORT: "H", LONG: "I"}[kind], turn)
    block = tiff_block(
        {**first, ORIENTATION: (kind, stated), EXIF: camera}, order=order, second={ORIENTATION: short(turn, order)}
    )
    exif = read_exif((b"Exif\0\0" if has_marker else b"") + block)
    assert exif.orientation == turn
    assert exif.block is not None and len(exif.block) == len(block)
    entry = block.index(struct.pack(order + "HHI", ORIENTATION, kind, 1)) + 8
    changed = [place for place, (old, new) in enumerate(zip(block, exif.block, strict=True)) if old != new]
    assert set(changed) <= set(range(entry, entry + len(stated)))
    before, after = pillows(block), pillows(exif.block)
    assert after[ORIENTATION] == 1
    # As texts, because Pillow reads 0 / 0 as a number that is unequal to itself.
    assert repr([after[tag] for tag in first]) == repr([before[tag] for tag in first])
    assert repr(after.get_ifd(EXIF)) == repr(before.get_ifd(EXIF))


@given(tags.filter(bool), orders)
def test_without_an_orientation_nothing_changes(first: Tags, order: str) -> None:
    block = tiff_block(first, order=order)
    assert read_exif(block).block == block
    assert read_exif(block).orientation == 1


@pytest.mark.parametrize("stated", [0, 9, 65535])
def test_no_orientation_is_upright(stated: int) -> None:
    exif = read_exif(tiff_block({ORIENTATION: short(stated)}))
    assert exif.orientation == 1
    assert exif.block is not None and pillows(exif.block)[ORIENTATION] == 1


def test_an_orientation_of_another_type_is_none() -> None:
    for stated in (text("6"), (BYTE, b"\6"), (SHORT, b"\6\0\6\0")):
        block = tiff_block({ORIENTATION: stated})
        assert read_exif(block).orientation == 1
        assert read_exif(block).block == block


def test_a_cut_off_directory_costs_the_block_but_not_the_turn() -> None:
    block = tiff_block({ORIENTATION: short(6), 0x0131: text("a camera"), 0x0132: text("2020:01:01 00:00:00")})
    exif = read_exif(block[: 8 + 2 + 12 + 5])
    assert exif.block is None and exif.orientation == 6


@pytest.mark.parametrize(
    "block", [b"", b"II", b"II*\0", b"hello, this is text", b"II+\0" + bytes(30), b"MM\0*" + bytes(3)]
)
def test_what_has_no_header_is_refused(block: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        read_exif(block)


@given(st.binary(max_size=200), orders)
def test_any_bytes_give_a_block_or_a_reason(rest: bytes, order: str) -> None:
    exif = read_exif(tiff_block({}, order=order)[:4] + struct.pack(order + "I", 8) + rest)
    assert 1 <= exif.orientation <= 8


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("unit", "expected"), [(None, (300, 150)), (2, (300, 150)), (3, (762, 381)), (1, None), (77, None)]
)
def test_resolution_by_its_unit(order: str, unit: int | None, expected: tuple[float, float] | None) -> None:
    given_tags: Tags = {0x011A: ratio(900, 3, order), 0x011B: ratio(150, 1, order)}
    if unit is not None:
        given_tags = {**given_tags, 0x0128: short(unit, order)}
    assert read_exif(tiff_block(given_tags, order=order)).dpi == (expected and pytest.approx(expected))


def test_a_fraction_of_nothing_is_no_resolution() -> None:
    assert read_exif(tiff_block({0x011A: ratio(300, 0), 0x011B: ratio(300, 1)})).dpi is None


ATTRIBUTE = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation=%s tiff:Make="Acme 6"/>
</rdf:RDF></x:xmpmeta>"""
ELEMENT = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:%s="http://ns.adobe.com/tiff/1.0/"><%s:Orientation>%s</%s:Orientation>
<%s:Orientations>6</%s:Orientations></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("turn", [b"1", b"6", b"8", b"13"])
@pytest.mark.parametrize("quoted", [b'"%s"', b"'%s'", b'" %s "'])
def test_an_xmp_attribute_is_set_to_1(turn: bytes, quoted: bytes) -> None:
    assert upright_xmp(ATTRIBUTE % (quoted % turn)) == ATTRIBUTE % (quoted % b"1")


@pytest.mark.parametrize("prefix", [b"tiff", b"t", b"ti-ff.2"])
def test_an_xmp_element_is_set_to_1_whatever_its_prefix(prefix: bytes) -> None:
    def packet(turn: bytes) -> bytes:
        return ELEMENT % (prefix, prefix, turn, prefix, prefix, prefix)

    upright = upright_xmp(packet(b"6"))
    assert upright == packet(b"1")
    found = ElementTree.parse(io.BytesIO(upright)).find(".//{http://ns.adobe.com/tiff/1.0/}Orientation")
    assert found is not None and found.text == "1"


@given(st.text(max_size=60).filter(lambda text: "Orientation" not in text))
def test_other_xmp_stays_to_the_byte(value: str) -> None:
    packet = b'<?xpacket begin="\xef\xbb\xbf"?><rdf:RDF exif:Orientation="6" xtiff:Orientation="6">'
    packet += value.encode() + b"</rdf:RDF>" + b" " * 50 + b"\0"
    assert upright_xmp(packet) == packet


@pytest.mark.parametrize("packet", [b"", b"no XML at all", "<a/>".encode("utf-16"), b"<a b='\xff'/>"])
def test_what_is_no_packet_is_refused(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"UTF-8|XML"):
        upright_xmp(packet)


@pytest.mark.parametrize(
    ("space", "modes"),
    [
        (b"RGB ", {"RGB", "RGBA", "P", "PA", "RGBX", "YCbCr"}),
        (b"GRAY", {"1", "L", "LA", "I", "F", "I;16", "I;16B"}),
        (b"CMYK", {"CMYK"}),
    ],
)
def test_a_profile_fits_pixels_of_its_colours_only(space: bytes, modes: set[str]) -> None:
    for mode in ("RGB", "RGBA", "P", "PA", "RGBX", "YCbCr", "1", "L", "LA", "I", "F", "I;16", "I;16B", "CMYK"):
        if mode in modes:
            check_profile_fits(icc_profile(space), mode)
        else:
            with pytest.raises(ValueError, match=f"for (?i:{space.decode().strip()}) colours"):
                check_profile_fits(icc_profile(space), mode)


def test_what_describes_no_device_is_no_profile() -> None:
    for device in (b"link", b"abst", b"nmcl"):
        with pytest.raises(ValueError, match="device"):
            colour_space(icc_profile(device=device))
    with pytest.raises(ValueError, match="cut off"):
        colour_space(icc_profile()[:150])
    with pytest.raises(ValueError, match="no ICC profile"):
        colour_space(b"a CMYK profile")
