"""Convolutions that answer few channels, written as transposed ones of the reversed kernel, which compute the same.

onnxruntime-web unfolds the input of a convolution and multiplies that by the kernel, a matrix of as many rows as there
are output channels: with three of them most of the work is unfolding, and its matrix product is at its worst. Of a
transposed one it multiplies the input itself, by 27 rows for 3 × 3 kernels of three channels, and adds the products up
where they belong. From 64 to 3 channels, on one thread, that takes seven tenths of the time (`tests/bench layers`).
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from convert.nodes import attributes_of, is_plain_convolution

# From as many input channels, up to as many output channels, layers were found faster so.
_LEAST_INPUTS = 24
_MOST_FILTERS = 6

_REVERSED = "narrow.reversed"
_OPEN = "narrow.open"
_AXES = "narrow.axes"


def transpose_narrow_convolutions(model: onnx.ModelProto) -> int:
    """Rewrite, in place, every convolution of few output channels and many inputs, and returns how many there were.

    Rewritten are layers of stride 1 without dilation and groups, with a constant kernel; sizes stay free, and answers
    differ by rounding only. The constants stay as they are: a run reverses the kernel.
    """
    constants = {initializer.name: initializer for initializer in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    rewritten = 0
    for node in model.graph.node:
        if _is_narrow(node, constants):
            nodes += _transposed(node, constants[node.input[1]].dims[2:])
            rewritten += 1
        else:
            nodes.append(node)
    if rewritten:
        for name, value in ((_REVERSED, [-1, -1]), (_OPEN, [np.iinfo(np.int64).min] * 2), (_AXES, [2, 3])):
            model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return rewritten


def _is_narrow(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> bool:
    if not is_plain_convolution(node, constants):
        return False
    filters, inputs, *kernel = constants[node.input[1]].dims
    # A padding as wide as the kernel would be a negative one.
    is_padded_little: bool = max(attributes_of(node).get("pads", [0])) < min(kernel)
    return is_padded_little and filters <= _MOST_FILTERS and inputs >= _LEAST_INPUTS and min(kernel) > 1


def _transposed(node: onnx.NodeProto, kernel: Sequence[int]) -> list[onnx.NodeProto]:
    source, weight, *bias = node.input
    (answer,) = node.output
    pads = attributes_of(node).get("pads", [0] * 4)
    turned, reversed_ = f"{weight}.turned", f"{weight}.reversed"
    return [
        helper.make_node("Transpose", [weight], [turned], name=turned, perm=[1, 0, 2, 3]),
        helper.make_node("Slice", [turned, _REVERSED, _OPEN, _AXES, _REVERSED], [reversed_], name=reversed_),
        helper.make_node(
            "ConvTranspose",
            [source, reversed_, *bias],
            [answer],
            name=node.name,
            kernel_shape=kernel,
            pads=[side - 1 - pad for side, pad in zip([*kernel, *kernel], pads, strict=True)],
        ),
    ]
