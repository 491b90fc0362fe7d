"""What single nodes of a graph are, for the passes that rewrite some."""

from collections.abc import Container
from typing import Any

import onnx
from onnx import helper


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """Those that the node states, by their names."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def is_plain_convolution(node: onnx.NodeProto, constants: Container[str]) -> bool:
    """Whether a node is a convolution with a constant kernel, of stride 1, without dilation and groups."""
    if node.op_type != "Conv" or node.input[1] not in constants:
        return False
    attributes = attributes_of(node)
    steps = [*attributes.get("strides", []), *attributes.get("dilations", []), attributes.get("group", 1)]
    return set(steps) == {1}
