"""Whether a colour profile is one, and one for these pixels."""

from __future__ import annotations

_COLOUR_OF_MODE = {"1": b"GRAY", "L": b"GRAY", "LA": b"GRAY", "La": b"GRAY", "I": b"GRAY", "F": b"GRAY"}
_NAMES = {b"GRAY": "gray", b"RGB ": "RGB", b"CMYK": "CMYK", b"Lab ": "Lab"}


def colour_space(profile: bytes) -> bytes:
    """The colour space of a device's profile: b"RGB ", b"GRAY", b"CMYK" … (ICC.1:2022, 7.2.6).

    Raises ValueError for what is no profile, is cut off, or does not describe a device's or a space's colours.
    """
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise ValueError("it is no ICC profile")
    if int.from_bytes(profile[:4], "big") > len(profile):
        raise ValueError("it is cut off")
    if profile[12:16] not in (b"scnr", b"mntr", b"prtr", b"spac"):
        raise ValueError("it describes no device")
    return profile[16:20]


def check_profile_fits(profile: bytes, mode: str) -> None:
    """Raises ValueError, its message a reason, unless the profile is for pixels of this Pillow mode."""
    space = colour_space(profile)
    wanted = b"CMYK" if mode == "CMYK" else b"GRAY" if mode.startswith("I;") else _COLOUR_OF_MODE.get(mode, b"RGB ")
    if space != wanted:
        stated = _NAMES.get(space) or repr(space.decode("latin-1").strip())
        raise ValueError(f"it is for {stated} colours, but the picture is {_NAMES[wanted]}")
