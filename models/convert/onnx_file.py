"""One model of the catalogue as the bytes of its .onnx file: the order in which the parts of this package are used."""

import posixpath
from pathlib import Path

import onnx
from onnx import helper

from convert.catalogue import Model
from convert.errors import ConversionError
from convert.graph import (
    drop_unused_constants,
    fold_nhwc,
    let_white_be_one,
    rewrite_cubic_shrink,
    rewrite_prelu,
    round_to_float16,
    store_float16,
    take_one_picture,
)
from convert.layer_costs import winograd_pays
from convert.named_sizes import name_common_sizes
from convert.narrow_layers import transpose_narrow_convolutions
from convert.ncnn import convert_ncnn
from convert.packages import read_member
from convert.shared_means import pooled_values, share_means
from convert.shared_weights import refer_to_weights
from convert.tfjs import convert_tfjs
from convert.winograd import rewrite_convolutions


def read_network(model: Model, *, package: Path) -> onnx.ModelProto:
    """The network as its package holds it: float32 [1, 3, height, width] in 0..1 in and out, every constant float32.

    Raises ConversionError when the package, a weight file or a layer is not what the catalogue and this package accept.
    """
    topology = read_member(package, model.topology, sha256=model.topology_sha256)
    weights = read_member(package, model.weights, sha256=model.weights_sha256)
    try:
        text = topology.decode("utf-8")
        if model.format == "tfjs":
            shard = posixpath.relpath(model.weights, posixpath.dirname(model.topology))
            network = convert_tfjs(text, {shard: weights}, name=model.id)
        else:
            network = convert_ncnn(text, weights, name=model.id)
        if model.white != 1:
            let_white_be_one(network, white=model.white)
    except (ConversionError, UnicodeDecodeError) as error:
        raise ConversionError(f"model {model.id}: {error}") from error
    return network


def rewrite_network(network: onnx.ModelProto) -> None:
    """Apply, in place, the passes that make the float graph fast everywhere, and let it share means; what it computes
    of `input` it computed before."""
    rewrite_prelu(network)
    rewrite_cubic_shrink(network)
    share_means(network)
    drop_unused_constants(network)


def pack_network(network: onnx.ModelProto) -> None:
    """Apply, in place, the passes that turn the float graph into the shipped one: NHWC, clipped, float16 storage."""
    fold_nhwc(network)
    store_float16(network)


def build_onnx(model: Model, *, package: Path) -> bytes:
    """The .onnx file of ``model``, the same bytes every time; raises ConversionError as ``read_network`` does."""
    network = read_network(model, package=package)
    rewrite_network(network)
    _round_weights(network, model)
    pack_network(network)
    _finish(network, model)
    return _serialised(network)


def build_winograd(model: Model, *, package: Path, direct: bytes, file: str) -> bytes | None:
    """The second graph of ``model``, whose 3 × 3 convolutions are written out as Winograd's; None where no layer gains.

    It is made to be run as it is written, by onnxruntime's processor provider, on one picture at a time unless the
    network pools. direct: the bytes of the first graph's file, whose name is ``file``; this one points to the weights
    in it. The same bytes every time; raises ConversionError as ``read_network`` does.
    """
    network = read_network(model, package=package)
    # PRelu is kept: on the processor it is one pass over the pixels where the first graph takes four.
    rewrite_cubic_shrink(network)
    share_means(network)
    _round_weights(network, model)
    is_pooling = pooled_values(network) > 0
    if not rewrite_convolutions(network, pays=winograd_pays, pictures=is_pooling):
        return None
    transpose_narrow_convolutions(network)
    drop_unused_constants(network)
    pack_network(network)
    if not is_pooling:
        take_one_picture(network)
        name_common_sizes(network)
    _finish(network, model)
    refer_to_weights(network, file=file, content=direct)
    return _serialised(network)


def _round_weights(network: onnx.ModelProto, model: Model) -> None:
    if model.format == "tfjs":
        # ncnn's weights come as float16, but for a few that whoever converted them has left alone: rounded, those of
        # cunet's deconvolutions put it 4e-4 off.
        round_to_float16(network)


def _finish(network: onnx.ModelProto, model: Model) -> None:
    # Weights carry their licence with them wherever the file goes.
    helper.set_model_props(
        network, {"title": model.title, "licence": model.licence, "author": model.author, "source": model.source}
    )
    onnx.checker.check_model(network, full_check=True)


def _serialised(network: onnx.ModelProto) -> bytes:
    content: bytes = network.SerializeToString(deterministic=True)
    return content
