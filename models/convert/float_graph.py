"""What every reader of a foreign format hands on: one ONNX model with float32 constants and agreed names."""

from collections.abc import Iterable, Sequence

import onnx
from onnx import TensorProto, helper

OPSET = 17
IR_VERSION = 8


def float_model(
    nodes: Sequence[onnx.NodeProto], constants: Iterable[onnx.TensorProto], *, name: str, taken: str, given: str
) -> onnx.ModelProto:
    """The network called ``name`` that makes the tensor ``given`` from the tensor ``taken``; both are renamed.

    ``input`` float32 [1, 3, height, width], RGB; ``output`` float32 [1, 3, ·, ·], RGB, not clipped.
    """
    _rename(nodes, {taken: "input", given: "output"})
    return helper.make_model(
        helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, "output_height", "output_width"])],
            list(constants),
        ),
        producer_name="senmei",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )


def _rename(nodes: Sequence[onnx.NodeProto], names: dict[str, str]) -> None:
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
