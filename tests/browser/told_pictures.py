"""What Python tells of files and makes of pictures. The tests run this in CPython and in the site's Pyodide.

Requests and answers are base64 of an .npz: its "facts" is JSON, the other arrays are bytes or samples by their names.
"""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senmei.animation import Animation
from senmei.codecs import EncodeOptions, decode, open_encoder, read_header
from senmei.errors import SenmeiError
from senmei.picture import Metadata, Picture

Arrays = dict[str, NDArray[Any]]


def packed(facts: Any, arrays: Arrays) -> str:
    stream = BytesIO()
    np.savez_compressed(stream, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), **arrays)
    return base64.b64encode(stream.getvalue()).decode()


def unpacked(text: str) -> tuple[Any, Arrays]:
    arrays = dict(np.load(BytesIO(base64.b64decode(text))))
    return json.loads(arrays.pop("facts").tobytes()), arrays


def decode_all(request: str) -> str:
    """facts: names of files. arrays: their bytes by these names.

    Answers with the facts of each file but for its samples by its name, or with its error, and the samples as "pixels
    of …" and "alpha of …"; an animation's frames lie below each other.
    """
    names, files = unpacked(request)
    all_facts, all_arrays = {}, {}
    for name in names:
        all_facts[name], arrays = _decoded(files[name].tobytes())
        all_arrays |= {f"{plane} of {name}": samples for plane, samples in arrays.items()}
    return packed(all_facts, all_arrays)


def _decoded(data: bytes) -> tuple[dict[str, Any], Arrays]:
    try:
        facts = {"header": repr(read_header(data))}
        picture = decode(data)
    except SenmeiError as error:
        return {"error": error.code, "sentence": str(error)}, {}
    frames = [frame.picture for frame in picture.frames] if isinstance(picture, Animation) else [picture]
    facts |= {"metadata": repr(frames[0].metadata), "notes": list(frames[0].notes)}
    if isinstance(picture, Animation):
        facts["timing"] = [picture.loop_count, *(frame.duration_ms for frame in picture.frames)]
    arrays = {"pixels": np.concatenate([frame.pixels for frame in frames])}
    alphas = [frame.alpha for frame in frames if frame.alpha is not None]
    return facts, arrays | ({"alpha": np.concatenate(alphas)} if alphas else {})


def encode_all(request: str) -> str:
    """facts: [name of a file, name of its picture, options]s. arrays: "pixels of …" and, if there is, "alpha of …".

    Every picture has METADATA. Answers with the notes and bytes of the files by their names.
    """
    files, pictures = unpacked(request)
    notes, made = {}, {}
    for name, source, options in files:
        picture = Picture(pictures[f"pixels of {source}"], pictures.get(f"alpha of {source}"), METADATA)
        encoder = open_encoder(
            picture.size,
            channels=picture.pixels.shape[2],
            has_alpha=picture.alpha is not None,
            depth=8 * picture.pixels.dtype.itemsize,
            metadata=picture.metadata,
            options=EncodeOptions(**options),
        )
        made[name] = np.frombuffer(encoder.write(picture.pixels, picture.alpha) + encoder.finish(), np.uint8)
        notes[name] = list(encoder.notes)
    return packed(notes, made)


METADATA = Metadata(
    # A block with one tag, the artist.
    exif=b"II*\0\x08\0\0\0\x01\0\x3b\x01\x02\0\x08\0\0\0\x1a\0\0\0\0\0\0\0someone\0",
    xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
    dpi=(300.0, 300.0),
    texts=(("Title", "grüße"), ("Comment", "drawn by code")),
)
