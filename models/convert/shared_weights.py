"""Graphs that share one set of weights: the second one's file points into the first one's."""

import onnx
from onnx import TensorProto

from convert.errors import ConversionError

# Smaller constants are shorter than what would have to be said of their place.
_LEAST_BYTES = 128


def refer_to_weights(model: onnx.ModelProto, *, file: str, content: bytes) -> None:
    """Let the constants of ``model`` that ``content`` holds, the bytes of ``file``, be read from there.

    They become external data in ONNX's sense, with the file's name as their location.
    Raises ConversionError where float16 values, of which kernels are made, are not in the file.
    """
    for initializer in model.graph.initializer:
        values = initializer.raw_data
        if len(values) < _LEAST_BYTES:
            continue
        offset = content.find(values)
        if offset >= 0:
            _move_out(initializer, file=file, offset=offset, length=len(values))
        elif initializer.data_type == TensorProto.FLOAT16:
            raise ConversionError(f"{file} does not hold the weights {initializer.name} of its second graph")


def _move_out(initializer: TensorProto, *, file: str, offset: int, length: int) -> None:
    initializer.ClearField("raw_data")
    initializer.data_location = TensorProto.EXTERNAL
    for key, value in (("location", file), ("offset", str(offset)), ("length", str(length))):
        initializer.external_data.add(key=key, value=value)
