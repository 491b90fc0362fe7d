"""Maps that are said to be as large as each other are, whatever the picture's size."""

import onnx
import pytest
from onnx import TensorProto, helper

from convert.same_sizes import sizes_in_common
from convert.shapes import tensor_shapes
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard

ONE_OF_EACH = {(card.family, card.content, card.scale): card for card in catalogue()}.values()


def like(*nodes: onnx.NodeProto) -> dict[str, str]:
    """Of a graph with two inputs, a constant, and kernels named by their sides."""
    graph = helper.make_graph(
        list(nodes),
        "maps",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, None, None]) for name in ("one", "other")],
        [],
        [
            helper.make_tensor("constant", TensorProto.FLOAT, [1], [2.0]),
            *(
                helper.make_tensor(f"kernel{side}", TensorProto.FLOAT, [4, 4, side, side], [0.1] * (16 * side**2))
                for side in (1, 3, 5)
            ),
        ],
    )
    return sizes_in_common(graph)


def conv(source: str, to: str, *, side: int = 3, **attributes: object) -> onnx.NodeProto:
    return helper.make_node("Conv", [source, f"kernel{side}"], [to], **attributes)


@pytest.mark.parametrize("card", ONE_OF_EACH, ids=lambda card: card.id)
def test_what_is_said_of_the_catalogues_networks_is_true(card: ModelCard) -> None:
    model = onnx.load(FOLDER / card.file)
    like = sizes_in_common(model.graph)
    step = card.multiple_of
    for height, width in ((40 * step, 57 * step), (97 * step, 44 * step)):
        shapes = tensor_shapes(model, side=height, width=width)
        for name, other in like.items():
            # Of the graph's vectors and constants nothing is asked.
            if len(shapes[name]) == 4:
                assert [shapes[name][axis] for axis in (0, 2, 3)] == [shapes[other][axis] for axis in (0, 2, 3)]
    assert any(other != name for name, other in like.items()), "something is said"


def test_a_padded_convolution_keeps_the_size() -> None:
    assert like(conv("one", "a", pads=[1] * 4))["a"] == "one"
    assert like(conv("one", "a", side=5, pads=[2] * 4))["a"] == "one"
    assert like(conv("one", "a", side=1))["a"] == "one"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"pads": [0, 1, 1, 1]},
        {"pads": [2] * 4},
        {"pads": [1] * 4, "strides": [1, 2]},
        {"pads": [1] * 4, "dilations": [2, 2]},
    ],
)
def test_another_one_makes_a_size_of_its_own(attributes: dict[str, list[int]]) -> None:
    assert like(conv("one", "a", **attributes))["a"] == "a"


def test_sums_are_as_large_as_their_summands_if_those_are_alike() -> None:
    bent = helper.make_node("Relu", ["one"], ["bent"])
    found = like(
        bent,
        helper.make_node("Add", ["bent", "one"], ["alike"]),
        helper.make_node("Mul", ["alike", "constant"], ["scaled"]),
        helper.make_node("Add", ["bent", "other"], ["mixed"]),
        helper.make_node("Concat", ["bent", "other"], ["joined"], axis=1),
        helper.make_node("Concat", ["bent", "one"], ["longer"], axis=2),
        helper.make_node("Resize", ["one", "", "constant"], ["resized"]),
    )
    assert {name: found[name] for name in ("bent", "alike", "scaled", "joined")} == dict.fromkeys(
        ("bent", "alike", "scaled", "joined"), "one"
    )
    assert all(found[name] == name for name in ("mixed", "longer", "resized"))
