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
)
from convert.ncnn import convert_ncnn
from convert.packages import read_member
from convert.shared_means import share_means
from convert.tfjs import convert_tfjs


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
    """Apply, in place, the passes that make the float graph fast everywhere; it computes what it did before."""
    rewrite_prelu(network)
    rewrite_cubic_shrink(network)
    drop_unused_constants(network)


def pack_network(network: onnx.ModelProto) -> None:
    """Apply, in place, the passes that turn the float graph into the shipped one: NHWC, clipped, means shared, float16
    storage."""
    fold_nhwc(network)
    share_means(network)
    store_float16(network)


def build_onnx(model: Model, *, package: Path) -> bytes:
    """The .onnx file of ``model``, the same bytes every time; raises ConversionError as ``read_network`` does."""
    network = read_network(model, package=package)
    rewrite_network(network)
    if model.format == "tfjs":
        # ncnn's weights come as float16, but for a few that whoever converted them has left alone: rounded, those of
        # cunet's deconvolutions put it 4e-4 off.
        round_to_float16(network)
    pack_network(network)
    # Weights carry their licence with them wherever the file goes.
    helper.set_model_props(
        network, {"title": model.title, "licence": model.licence, "author": model.author, "source": model.source}
    )
    onnx.checker.check_model(network, full_check=True)
    content: bytes = network.SerializeToString(deterministic=True)
    return content
