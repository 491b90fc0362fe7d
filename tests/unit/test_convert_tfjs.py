"""Reading TF.js models: layers and networks against TF.js itself, and all that must be refused with one sentence."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from convert_fixtures import run_onnx

from convert.catalogue import Model
from convert.errors import ConversionError
from convert.onnx_file import build_onnx, read_network
from convert.packages import read_member
from convert.tfjs import convert_tfjs
from drawings import drawing
from model_packages import CATALOGUE, model_of, package_of
from models_folder import FOLDER, catalogue
from tfjs_reference import run_tfjs

IDS = [model.id for model in CATALOGUE.models if model.format == "tfjs"]
SHARD = "group1-shard1of1.bin"

Floats = npt.NDArray[np.float32]


def layer(kind: str, name: str, *inputs: str, **settings: Any) -> dict[str, Any]:
    uses = [[[source, 0, 0, {}] for source in inputs]] if inputs else []
    config = {"name": name, "trainable": True, "dtype": "float32", **settings}
    return {"class_name": kind, "name": name, "config": config, "inbound_nodes": uses}


INPUT = layer("InputLayer", "in", batch_input_shape=[None, None, None, 3], sparse=False, ragged=False)


def convolution(name: str, source: str, *, filters: int, kernel: list[int], **settings: Any) -> dict[str, Any]:
    usual = {
        "strides": [1, 1],
        "padding": "same",
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "groups": 1,
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": {"class_name": "Zeros", "config": {}},
    }
    return layer("Conv2D", name, source, filters=filters, kernel_size=kernel, **{**usual, **settings})


def model_json(*layers: dict[str, Any], weights: Mapping[str, Floats], output: str = "out") -> dict[str, Any]:
    config = {"name": "tiny", "layers": list(layers), "input_layers": [["in", 0, 0]], "output_layers": [[output, 0, 0]]}
    listed = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in weights.items()]
    return {
        "format": "layers-model",
        "modelTopology": {
            "keras_version": "2.10.0",
            "backend": "tensorflow",
            "model_config": {"class_name": "Functional", "config": config},
        },
        "weightsManifest": [{"paths": [SHARD], "weights": listed}],
    }


def shard(weights: Mapping[str, Floats]) -> dict[str, bytes]:
    return {SHARD: b"".join(value.tobytes() for value in weights.values())}


def values(*shape: int) -> Floats:
    return np.random.default_rng(sum(shape)).normal(0, 0.5, shape).astype(np.float32)


def compare(*layers: dict[str, Any], weights: Mapping[str, Floats], folder: Path) -> None:
    """One picture through the layers, which read `in` and end in `out`."""
    model = model_json(INPUT, *layers, weights=weights)
    picture = np.random.default_rng(1).random((1, 9, 12, 3), np.float32)
    network = convert_tfjs(json.dumps(model), shard(weights), name="tiny")
    onnx.checker.check_model(network, full_check=True)
    expected = run_tfjs(model, shard(weights), picture, folder=folder)
    made = run_onnx(network, np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(made.transpose(0, 2, 3, 1), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "settings"),
    [
        ([3, 5], {}),
        ([2, 4], {}),
        ([3, 2], {"padding": "valid"}),
        ([3, 3], {"padding": "valid", "strides": [2, 3]}),
        ([1, 1], {"activation": "relu"}),
    ],
)
def test_convolution(kernel: list[int], settings: dict[str, Any], tmp_path: Path) -> None:
    weights = {"out/kernel": values(*kernel, 3, 3), "out/bias": values(3)}
    compare(convolution("out", "in", filters=3, kernel=kernel, **settings), weights=weights, folder=tmp_path)


def test_convolution_without_bias_and_a_bend_of_its_own(tmp_path: Path) -> None:
    compare(
        convolution("straight", "in", filters=3, kernel=[3, 3], use_bias=False),
        layer("Activation", "out", "straight", activation="relu"),
        weights={"straight/kernel": values(3, 3, 3, 3)},
        folder=tmp_path,
    )


@pytest.mark.parametrize("axis", [3, -1])
def test_branches_beside_each_other_and_added(axis: int, tmp_path: Path) -> None:
    compare(
        convolution("one", "in", filters=2, kernel=[1, 1]),
        layer("Concatenate", "beside", "in", "one", axis=axis),
        convolution("two", "beside", filters=3, kernel=[3, 3]),
        layer("Add", "out", "two", "in"),
        weights={
            "one/kernel": values(1, 1, 3, 2),
            "one/bias": values(2),
            "two/kernel": values(3, 3, 5, 3),
            "two/bias": values(3),
        },
        folder=tmp_path,
    )


def test_up_sampling(tmp_path: Path) -> None:
    compare(
        layer("UpSampling2D", "out", "in", size=[3, 2], data_format="channels_last", interpolation="nearest"),
        weights={},
        folder=tmp_path,
    )


def package_files(model: Model) -> tuple[dict[str, Any], dict[str, bytes]]:
    package = package_of(model)
    document = json.loads(read_member(package, model.topology, sha256=model.topology_sha256))
    return document, {SHARD: read_member(package, model.weights, sha256=model.weights_sha256)}


@pytest.mark.parametrize("model_id", IDS)
def test_agrees_with_tfjs(model_id: str, tmp_path: Path) -> None:
    model = model_of(model_id)
    picture = drawing(40, 32, seed=7, noise=6)[np.newaxis].astype(np.float32)
    expected = run_tfjs(*package_files(model), picture * np.float32(model.white / 255), folder=tmp_path) / model.white
    assert expected.std() > 0.1, "the reference is no picture"
    assert expected.min() < 0 or expected.max() > 1, "nothing has to be clipped"

    floats = picture / np.float32(255)
    network = read_network(model, package=package_of(model))
    made = run_onnx(network, np.ascontiguousarray(floats.transpose(0, 3, 1, 2))).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-5)

    shipped = run_onnx(onnx.load_from_string(build_onnx(model, package=package_of(model))), floats)
    # The weights are rounded to float16: 0.04 of 255 at most.
    np.testing.assert_allclose(shipped, expected.clip(0, 1), rtol=0, atol=2e-4)


@pytest.mark.parametrize("model_id", IDS)
def test_tfjs_gives_the_golden_answer(model_id: str, tmp_path: Path) -> None:
    model = model_of(model_id)
    with np.load(FOLDER / catalogue().get(model_id).golden) as golden:
        picture, expected = golden["input"], golden["output"]
    scaled = picture.astype(np.float32) * np.float32(model.white / 255)
    made = run_tfjs(*package_files(model), scaled, folder=tmp_path) / model.white
    assert np.abs(np.rint(made.clip(0, 1) * 255) - expected).max() <= 1


CONVOLUTION = convolution("out", "in", filters=3, kernel=[3, 3])
WEIGHTS = {"out/kernel": values(3, 3, 3, 3), "out/bias": values(3)}


@pytest.mark.parametrize(
    ("odd", "named"),
    [
        (layer("Softmax", "out", "in"), "layer out of type Softmax .* this type is unknown; accepted are Activation"),
        (CONVOLUTION | {"inbound_nodes": [[["in", 0, 0, {}]]] * 2}, "used 2 times"),
        (CONVOLUTION | {"inbound_nodes": [[["in", 1, 0, {}]]]}, "reads part 1, 0 of in"),
        (convolution("out", "in", filters=3, kernel=[3, 3], strides=[2, 2]), "depends on the picture's size"),
        (convolution("out", "in", filters=3, kernel=[3, 3], dilation_rate=[2, 2]), r"dilation_rate is \[2, 2\]"),
        (convolution("out", "in", filters=3, kernel=[3, 3], groups=3), "groups is 3"),
        (convolution("out", "in", filters=3, kernel=[3, 3], activation="tanh"), "tanh; accepted: linear and relu"),
        (convolution("out", "in", filters=3, kernel=[3, 3], data_format="channels_first"), "channels_first"),
        (convolution("out", "in", filters=3, kernel=[3]), r"kernel_size is \[3\]; two numbers"),
        (convolution("out", "in", filters=4, kernel=[3, 3]), r"kernel has the shape \[3, 3, 3, 3\]"),
        (convolution("out", "in", filters=3, kernel=[3, 3], depth=2), "nothing is known of its setting depth = 2"),
        (layer("Conv2D", "out", "in", filters=3, dtype="float16"), "dtype is float16"),
        (layer("Activation", "out", "in", activation="sigmoid"), "sigmoid; accepted: relu"),
        (layer("Concatenate", "out", "in", axis=1), "axis is 1"),
        (layer("Add", "out", "in", "in", "in"), "adds 3 layers"),
        (layer("UpSampling2D", "out", "in", size=[2, 2], interpolation="bilinear"), "bilinear"),
    ],
)
def test_unknown_layer_or_setting_is_refused(odd: dict[str, Any], named: str) -> None:
    with pytest.raises(ConversionError, match=named):
        convert_tfjs(json.dumps(model_json(INPUT, odd, weights=WEIGHTS)), shard(WEIGHTS), name="tiny")


def changed(**parts: Any) -> dict[str, Any]:
    """A good model.json with other parts, named by their paths with __ between them."""
    document: dict[str, Any] = copy.deepcopy(model_json(INPUT, CONVOLUTION, weights=WEIGHTS))
    for path, value in parts.items():
        *folders, last = path.split("__")
        place: Any = document
        for name in folders:
            place = place[int(name) if name.isdigit() else name]
        place[last] = value
    return document


CONFIG = "modelTopology__model_config__config"


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (changed(format="graph-model"), "format 'graph-model'; 'layers-model' is accepted"),
        (changed(modelTopology={}), "cannot be read: KeyError"),
        (changed(**{f"{CONFIG}__output_layers": [["in", 0, 0], ["out", 0, 0]]}), "outputs .'in', 'out'."),
        (changed(**{f"{CONFIG}__input_layers": []}), "inputs .. and outputs .'out'.; one of each"),
        (changed(**{f"{CONFIG}__layers__0__config__batch_input_shape": [None, None, None, 1]}), "three channels"),
        (changed(weightsManifest__0__paths=["other.bin"]), "names the weight files .'other.bin'."),
        (changed(weightsManifest__0__weights__1__dtype="int32"), "out/bias is stored as int32"),
        (changed(weightsManifest__0__weights__0__quantization={"dtype": "uint8"}), "out/kernel is stored as uint8"),
        (changed(weightsManifest__0__weights__1__shape=[2]), "4 bytes more"),
        (changed(weightsManifest__0__weights__1__shape=[4]), "end at byte 336, before the end of out/bias"),
        (changed(weightsManifest__0__weights__1__name="in/bias"), "lists no weights out/bias"),
        (changed(**{f"{CONFIG}__layers__1__config__use_bias": False}), "no TF.js layer reads the weights out/bias"),
        (changed(weightsManifest=[{}]), "cannot be read: KeyError"),
        (changed(weightsManifest=None), "cannot be read: TypeError"),
    ],
)
def test_files_that_do_not_fit_are_refused(document: dict[str, Any], named: str) -> None:
    with pytest.raises(ConversionError, match=named):
        convert_tfjs(json.dumps(document), shard(WEIGHTS), name="tiny")


@pytest.mark.parametrize(
    ("text", "named"), [("<html>", "no JSON"), ("[]", "cannot be read"), ("{}", "cannot be read: KeyError")]
)
def test_what_is_no_model_json_is_refused(text: str, named: str) -> None:
    with pytest.raises(ConversionError, match=named):
        convert_tfjs(text, {}, name="tiny")


def test_a_broken_tarball_is_refused(tmp_path: Path) -> None:
    model = model_of(IDS[0])
    broken = tmp_path / "broken.tgz"
    broken.write_bytes(package_of(model).read_bytes()[:100_000])
    with pytest.raises(ConversionError, match=r"broken\.tgz cannot be read"):
        build_onnx(model, package=broken)


def test_a_file_that_the_tarball_lacks_is_refused() -> None:
    model = model_of(IDS[0])
    with pytest.raises(ConversionError, match=r"holds no file package/nowhere\.bin"):
        read_member(package_of(model), "package/nowhere.bin", sha256=model.weights_sha256)
