"""Networks that pool, with the means going in and out: on a small graph, where numpy tells what is right."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.errors import ConversionError
from convert.shared_means import pooled_values, share_means

Floats = npt.NDArray[np.float32]

RNG = np.random.default_rng(4)
KERNEL = RNG.normal(0, 1, (2, 3, 1, 1)).astype(np.float32)
PICTURES = RNG.random((4, 3, 6, 5), np.float32)


def pooling(channels: int | str = 3) -> onnx.ModelProto:
    """Each channel times its mean, three of them become two, and each of these times its mean."""
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("GlobalAveragePool", ["input"], ["first"], name="first"),
                helper.make_node("Mul", ["input", "first"], ["squeezed"]),
                helper.make_node("Conv", ["squeezed", "kernel"], ["fewer"]),
                helper.make_node("GlobalAveragePool", ["fewer"], ["second"], name="second"),
                helper.make_node("Mul", ["fewer", "second"], ["output"]),
            ],
            "tiny",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["pictures", channels, "height", "width"])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["pictures", 2, "height", "width"])],
            [numpy_helper.from_array(KERNEL, "kernel")],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def run(pictures: Floats, means: Floats, given: float) -> tuple[Floats, Floats]:
    """`output` and `means_found`."""
    model = pooling()
    share_means(model)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {"input": pictures, "means": means, "given": np.array([given], np.float32)}
    output, found = session.run(["output", "means_found"], feeds)
    assert found.dtype == np.float32 and found.shape == (5,)
    return output, found


def means_of(pictures: Floats) -> Floats:
    """Of each channel over all pixels of all pictures: (channels,)."""
    return pictures.mean(axis=(0, 2, 3), dtype=np.float64).astype(np.float32)


def answer(pictures: Floats, first: Floats, second: Floats) -> Floats:
    squeezed = pictures * first[:, np.newaxis, np.newaxis]
    fewer = np.einsum("oi,nihw->nohw", KERNEL[:, :, 0, 0], squeezed)
    return np.asarray(fewer * second[:, np.newaxis, np.newaxis])


def found_in(pictures: Floats) -> tuple[Floats, Floats]:
    first = means_of(pictures)
    return first, means_of(answer(pictures, first, np.ones(2, np.float32)))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_what_is_found_is_the_mean_over_all_pictures_and_is_used(count: int) -> None:
    pictures = PICTURES[:count]
    # What is not given may be anything.
    output, found = run(pictures, RNG.normal(0, 100, 5).astype(np.float32), given=0)
    first, second = found_in(pictures)
    np.testing.assert_allclose(found, [*first, *second], rtol=0, atol=1e-6)
    np.testing.assert_allclose(output, answer(pictures, first, second), rtol=0, atol=1e-6)


def test_of_one_picture_nothing_changes() -> None:
    session = onnxruntime.InferenceSession(pooling().SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"input": PICTURES[:1]})
    np.testing.assert_array_equal(run(PICTURES[:1], np.zeros(5, np.float32), given=0)[0], expected)


def test_what_is_given_is_used_exactly() -> None:
    """Bit for bit the same as in a run that has found them, whatever this one finds."""
    whole, found = run(PICTURES, np.zeros(5, np.float32), given=0)
    parts = [run(picture[np.newaxis], found, given=1) for picture in PICTURES]
    np.testing.assert_array_equal(np.concatenate([output for output, _ in parts]), whole)
    assert all(np.abs(told - found).max() > 0.01 for _, told in parts), "each part has means of its own"
    corner = PICTURES[2:3, :, 1:4, 2:]
    np.testing.assert_array_equal(run(corner, found, given=1)[0], whole[2:3, :, 1:4, 2:])


def test_what_later_poolings_find_follows_from_what_earlier_ones_were_given() -> None:
    given = np.array([2, 0.5, -1, 7, 8], np.float32)
    _, found = run(PICTURES, given, given=1)
    first = means_of(PICTURES)
    second = means_of(answer(PICTURES, given[:3], np.ones(2, np.float32)))
    np.testing.assert_allclose(found, [*first, *second], rtol=0, atol=1e-5)


def test_the_number_of_means_is_told() -> None:
    model = pooling()
    assert pooled_values(model) == 0
    share_means(model)
    assert pooled_values(model) == 5
    assert [value.name for value in model.graph.input] == ["input", "means", "given"]
    assert [value.name for value in model.graph.output] == ["output", "means_found"]


def test_a_network_that_pools_nothing_stays_as_it_is() -> None:
    model = pooling()
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    nodes[0].input[0], nodes[0].output[0] = "input", "output"
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    before = model.SerializeToString()
    share_means(model)
    assert model.SerializeToString() == before


def test_a_pooling_over_an_open_number_of_channels_is_refused() -> None:
    with pytest.raises(ConversionError, match="how many means first holds"):
        share_means(pooling("channels"))
