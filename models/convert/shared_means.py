"""Networks that pool over all they see, for tiles of one picture: each must use the means of the whole.

A global pooling finds other means in every tile, and seams show where they meet. So the means come out of the graph and
go into it: found in one run, or over several pictures that are parts of one, and then given to all tiles.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

from convert.errors import ConversionError

_POOLING = "GlobalAveragePool"


def share_means(model: onnx.ModelProto) -> None:
    """Let a network with global poolings tell the means that they find, and use others instead.

    Two inputs are added, `means` float32 [M], the values of all poolings one after the other in the order in which they
    are computed, and `given` float32 [1]: with 0 each pooling uses the means it finds, with 1 those of `means`, exactly
    (and with others a blend of both). The output `means_found` float32 [M] is added: what the poolings found, those
    after the first in what the means before them led to. The pictures of one run are pooled together: they use
    and tell the mean over all of them.
    A network without global poolings stays as it is. Raises ConversionError where the graph leaves a pooling's number
    of channels open.
    """
    graph = model.graph
    poolings = [node for node in graph.node if node.op_type == _POOLING]
    if not poolings:
        return
    channels = _channels(model, [node.output[0] for node in poolings])
    count = sum(channels)
    constants = {
        "means.shape": [1, count, 1, 1],
        "means.channels": channels,
        "means_found.shape": [count],
    }
    graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()
    )
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.float32), "means.one"))
    parts = [f"{node.output[0]}.given" for node in poolings]
    nodes = [
        helper.make_node("Sub", ["means.one", "given"], ["own"], name="own"),
        helper.make_node("Mul", ["means", "given"], ["means_given"], name="means_given"),
        helper.make_node("Reshape", ["means_given", "means.shape"], ["means_apart"], name="means_apart"),
        helper.make_node("Split", ["means_apart", "means.channels"], parts, name="means_split", axis=1),
    ]
    joint: list[str] = []
    for node in graph.node:
        nodes.append(node)
        if node.op_type != _POOLING:
            continue
        (name,) = node.output
        node.output[:] = [f"{name}.each"]
        joint.append(f"{name}.joint")
        nodes += [
            helper.make_node("ReduceMean", [f"{name}.each"], [joint[-1]], name=joint[-1], axes=[0], keepdims=1),
            helper.make_node("Mul", [joint[-1], "own"], [f"{name}.own"], name=f"{name}.own"),
            helper.make_node("Add", [f"{name}.own", f"{name}.given"], [name], name=f"{name}.shared"),
        ]
    nodes += [
        helper.make_node("Concat", joint, ["means_joint"], name="means_joint", axis=1),
        helper.make_node("Reshape", ["means_joint", "means_found.shape"], ["means_found"], name="means_found"),
    ]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.input.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [size])
        for name, size in (("means", count), ("given", 1))
    )
    graph.output.append(helper.make_tensor_value_info("means_found", TensorProto.FLOAT, [count]))


def pooled_values(model: onnx.ModelProto) -> int:
    """How many means the network shares: the length of its input `means`, 0 where it has none."""
    sizes = {value.name: value.type.tensor_type.shape.dim for value in model.graph.input}
    return sizes["means"][0].dim_value if "means" in sizes else 0


def _channels(model: onnx.ModelProto, names: list[str]) -> list[int]:
    values = shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    shapes = {value.name: value.type.tensor_type.shape.dim for value in values}
    for name in names:
        if len(shapes.get(name, ())) < 2 or not shapes[name][1].HasField("dim_value"):
            raise ConversionError(f"how many means {name} holds cannot be told from the graph")
    return [shapes[name][1].dim_value for name in names]
