"""ncnn files: the text .param and the binary .bin, read as ncnn itself reads them.

The layout follows ncnn's own documentation ("param and model file structure").
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convert.errors import ConversionError

_PARAM_MAGIC = "7767517"
_FIRST_ARRAY_KEY = -23300
_TAG_FLOAT32 = 0
_TAG_FLOAT16 = 0x01306B47

Floats = npt.NDArray[np.float32]
Parameter = float | tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """One line of a .param file; ``parameters`` maps ncnn's numeric keys (array keys made positive) to values."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[int, Parameter]

    def refuse(self, reason: str) -> ConversionError:
        """The error to raise when this layer cannot be converted for ``reason``."""
        return ConversionError(f"ncnn layer {self.name} of type {self.kind} cannot be converted: {reason}")


def parse_param(text: str) -> tuple[Layer, ...]:
    """Layers of a .param file in their order.

    Raises ConversionError when the magic number, the count of layers or a line is not what ncnn writes.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip() != _PARAM_MAGIC:
        found = lines[0].strip() if lines else "nothing"
        raise ConversionError(f"the ncnn .param starts with {found!r}, but {_PARAM_MAGIC} is what ncnn writes there")
    try:
        stated = int(lines[1].split()[0])
        layers = tuple(_parse_layer(line) for line in lines[2:] if line.strip())
    except (IndexError, ValueError) as error:
        raise ConversionError(f"the ncnn .param cannot be read: {error}") from error
    if len(layers) != stated:
        raise ConversionError(f"the ncnn .param states {stated} layers but holds {len(layers)}")
    return layers


def _parse_layer(line: str) -> Layer:
    kind, name, input_count, output_count, *rest = line.split()
    first_output = int(input_count)
    first_parameter = first_output + int(output_count)
    parameters: dict[int, Parameter] = {}
    for pair in rest[first_parameter:]:
        key, value = pair.split("=")
        if int(key) <= _FIRST_ARRAY_KEY:
            _, *items = value.split(",")
            parameters[_FIRST_ARRAY_KEY - int(key)] = tuple(float(item) for item in items)
        else:
            parameters[int(key)] = float(value)
    return Layer(
        kind=kind,
        name=name,
        inputs=tuple(rest[:first_output]),
        outputs=tuple(rest[first_output:first_parameter]),
        parameters=parameters,
    )


class Weights:
    """Reads a .bin file from front to back, as ncnn does while it loads layer after layer."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offset = 0

    def kernel(self, count: int) -> Floats:
        """The next ``count`` values of a tagged blob, float16 or float32 in the file, float32 here (exact)."""
        tag = int.from_bytes(self._take(4), "little")
        if tag == _TAG_FLOAT32:
            return self.plain(count)
        if tag == _TAG_FLOAT16:
            # ncnn pads float16 blobs so that the next one starts at a multiple of four bytes.
            stored = self._take((2 * count + 3) // 4 * 4)
            return np.frombuffer(stored, dtype="<f2", count=count).astype(np.float32)
        raise ConversionError(
            f"the ncnn .bin has a blob tagged {tag:#010x} at byte {self._offset - 4}; float32 (0x00000000) and float16 "
            f"({_TAG_FLOAT16:#010x}) are accepted"
        )

    def plain(self, count: int) -> Floats:
        """The next ``count`` values of an untagged float32 blob (biases, slopes)."""
        return np.frombuffer(self._take(4 * count), dtype="<f4").astype(np.float32)

    def finish(self) -> None:
        """Raises ConversionError when bytes are left: the .param and the .bin do not belong together."""
        left = len(self._content) - self._offset
        if left:
            raise ConversionError(f"the ncnn .bin has {left} bytes more than the layers of its .param use")

    def _take(self, size_bytes: int) -> bytes:
        taken = self._content[self._offset : self._offset + size_bytes]
        if len(taken) < size_bytes:
            raise ConversionError(
                f"the ncnn .bin ends at byte {len(self._content)}, but its layers need at least "
                f"{self._offset + size_bytes} bytes"
            )
        self._offset += size_bytes
        return taken


class Parameters:
    """The parameters of one layer, asked for by name; ``finish`` refuses those that nobody asked for."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._left = dict(layer.parameters)

    def integer(self, key: int, *, default: int = 0) -> int:
        return int(self.number(key, default=default))

    def number(self, key: int, *, default: float = 0.0) -> float:
        value = self._left.pop(key, default)
        if isinstance(value, tuple):
            raise self._layer.refuse(f"parameter {key} is an array where one number is accepted")
        return value

    def array(self, key: int) -> tuple[float, ...]:
        value = self._left.pop(key, ())
        if not isinstance(value, tuple):
            raise self._layer.refuse(f"parameter {key} is one number where an array is accepted")
        return value

    def finish(self) -> None:
        # ncnn leaves a parameter out or writes its default, zero: both mean that the feature is not used.
        used = sorted(key for key, value in self._left.items() if value != 0)
        if used:
            raise self._layer.refuse(f"nothing is known of its parameter {used[0]} = {self._left[used[0]]}")
