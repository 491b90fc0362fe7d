"""Names for the sizes that many tensors of a network share, so that its sessions start soon.

onnxruntime plans, when a session starts, which tensor takes the memory of which earlier one. It compares the sizes of
each with those of all that are free by then; nameless ones equal nothing, so that in a network of two thousand tensors,
each of which becomes free and stays so, planning takes a second. Named ones are soon found and taken. What is planned
to be taken again is not given back meanwhile, which takes half as much memory again in a network of 17 layers: so only
deep networks get names, for sizes that many tensors have.
"""

from collections import Counter

import onnx
from onnx import TensorProto, helper

from convert.shapes import NOMINAL_SIDE, Shapes, tensor_shapes

_DEEP = 1000
"""Tensors from which on planning takes long."""
_MANY = 32

# Blocks of 6 × 6, halved sizes and trimmed borders tell sizes apart only at some of these, heights and widths at all.
_HEIGHTS = range(NOMINAL_SIDE, NOMINAL_SIDE + 13)
_WIDER = 547

Signature = tuple[tuple[int, ...], ...]


def name_common_sizes(model: onnx.ModelProto) -> None:
    """State the shapes of the tensors of a packed deep graph for one picture whose sizes many others have too, by names
    that are the same where sizes are the same, whatever the picture's size.

    Raises ConversionError where the graph leaves a tensor's shape open.
    """
    made = [name for node in model.graph.node for name in node.output]
    if len(made) < _DEEP:
        return
    given = {value.name for value in model.graph.output}
    nominal = tensor_shapes(model, side=NOMINAL_SIDE)
    common = {shape for shape, count in Counter(nominal[name] for name in made).items() if count >= _MANY}
    chosen = [name for name in made if nominal[name] in common and name not in given]
    if not chosen:
        return
    sized = [tensor_shapes(model, side=height, width=height + _WIDER) for height in _HEIGHTS]
    signatures = {name: _signature(name, sized) for name in chosen}
    counts = Counter(signatures.values())
    names: dict[tuple[int, ...], str] = {}
    for name, signature in signatures.items():
        # Sizes that do not depend on the picture's are known without names.
        if counts[signature] >= _MANY and any(len(set(sides)) > 1 for sides in signature):
            shape = [_dimension(sides, names) for sides in signature]
            model.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _signature(name: str, sized: list[Shapes]) -> Signature:
    """Each dimension of a tensor, as it is for every size of the picture."""
    return tuple(zip(*(shapes[name] for shapes in sized), strict=True))


def _dimension(sides: tuple[int, ...], names: dict[tuple[int, ...], str]) -> int | str:
    if len(set(sides)) == 1:
        return sides[0]
    return names.setdefault(sides, f"size{len(names)}")
