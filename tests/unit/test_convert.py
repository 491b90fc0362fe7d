"""Every model of the catalogue, converted: as the file that is shipped, and those of ncnn against ncnn itself."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from convert_fixtures import run_ncnn, run_onnx
from onnx import TensorProto, numpy_helper

from convert.__main__ import main
from convert.golden import golden_tile
from convert.graph import round_to_float16
from convert.multiply_adds import multiply_adds_per_pixel
from convert.onnx_file import build_onnx, pack_network, read_network, rewrite_network
from convert.packages import read_member
from convert.shared_means import pooled_values
from convert.working_memory import working_bytes_per_pixel
from drawings import drawing
from model_packages import CATALOGUE, IDS, MODELS_FOLDER, model_of, package_of, packages_folder
from models_folder import FOLDER
from senmei.catalogue import Catalogue

# What the shipped files use, all of it in the operator list of onnxruntime-web 1.30.0's WebGPU provider.
WEBGPU_OPERATORS = {
    "Add",
    "Cast",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "GlobalAveragePool",
    "LeakyRelu",
    "Mul",
    "Pad",
    "ReduceMean",
    "Relu",
    "Reshape",
    "Resize",
    "Sigmoid",
    "Slice",
    "Split",
    "Sub",
    "Transpose",
}

ONE_OF_EACH = list({(model.family, model.content, model.scale): model.id for model in CATALOGUE.models}.values())


@pytest.mark.parametrize("model_id", [model_id for model_id in IDS if model_of(model_id).format == "ncnn"])
def test_agrees_with_ncnn(model_id: str, tmp_path: Path) -> None:
    model = model_of(model_id)
    package = package_of(model)
    picture = drawing(36 + 2 * model.trim, 28 + 2 * model.trim, seed=7, noise=6)
    floats = picture.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    expected = run_ncnn(
        read_member(package, model.topology, sha256=model.topology_sha256),
        read_member(package, model.weights, sha256=model.weights_sha256),
        floats,
        folder=tmp_path,
    )
    assert expected.std() > 0.1, "the reference is no picture"

    network = read_network(model, package=package)
    rewrite_network(network)
    np.testing.assert_allclose(run_onnx(network, floats[None])[0], expected, rtol=0, atol=1e-4)

    shipped = onnx.load_from_string(build_onnx(model, package=package))
    pixels = run_onnx(shipped, np.ascontiguousarray(floats.transpose(1, 2, 0))[None])[0]
    assert pixels.dtype == np.float32
    assert expected.min() < 0 or expected.max() > 1, "nothing had to be clipped"
    np.testing.assert_allclose(pixels, np.clip(expected, 0, 1).transpose(1, 2, 0), rtol=0, atol=1e-4)
    assert pixels.min() >= 0 and pixels.max() <= 1


@pytest.mark.parametrize("model_id", IDS)
def test_file_is_what_a_session_expects(model_id: str) -> None:
    model = model_of(model_id)
    network = onnx.load_from_string(build_onnx(model, package=package_of(model)))
    assert {node.op_type for node in network.graph.node} <= WEBGPU_OPERATORS
    shapes = {
        value.name: [dimension.dim_value or dimension.dim_param for dimension in value.type.tensor_type.shape.dim]
        for value in (*network.graph.input, *network.graph.output)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    pictures = {
        "input": ["pictures", "height", "width", 3],
        "output": ["pictures", "output_height", "output_width", 3],
    }
    pools = model.family in ("cunet", "realcugan", "realcugan-conservative")
    assert shapes == pictures | ({"means": [384], "given": [1], "means_found": [384]} if pools else {})
    properties = {item.key: item.value for item in network.metadata_props}
    assert properties == {
        "title": model.title,
        "licence": model.licence,
        "author": model.author,
        "source": model.source,
    }


@pytest.mark.parametrize("model_id", ONE_OF_EACH)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 5), (31, 17)])
def test_any_size_fits(model_id: str, width: int, height: int) -> None:
    """Once it is the multiple that the catalogue states."""
    model = model_of(model_id)
    network = onnx.load(FOLDER / f"{model_id}.onnx")
    width, height = (-(-side // model.multiple_of) * model.multiple_of for side in (width, height))
    padded = np.zeros((1, height + 2 * model.trim, width + 2 * model.trim, 3), np.float32)
    assert run_onnx(network, padded).shape == (1, height * model.scale, width * model.scale, 3)


@pytest.mark.parametrize("model_id", ONE_OF_EACH)
def test_pictures_of_one_run_are_enlarged_as_if_alone(model_id: str) -> None:
    """Where the network pools: with the means over all of them, which the run tells."""
    model = model_of(model_id)
    session = onnxruntime.InferenceSession(str(FOLDER / f"{model_id}.onnx"), providers=["CPUExecutionProvider"])
    width, height = 20 + 2 * model.trim, 12 + 2 * model.trim
    pictures = np.stack([drawing(width, height, seed=seed, noise=20) for seed in range(3)]) / np.float32(255)
    count = pooled_values(onnx.load(FOLDER / f"{model_id}.onnx"))
    means = {"means": np.zeros(count, np.float32), "given": np.zeros(1, np.float32)} if count else {}
    together, *found = session.run(None, {"input": pictures, **means})
    if count:
        apart = [session.run(None, {"input": picture[np.newaxis], **means}) for picture in pictures]
        assert max(np.abs(alone - one).max() for (alone, _), one in zip(apart, together, strict=True)) > 1 / 255
        means = {"means": found[0], "given": np.ones(1, np.float32)}
    alone = [session.run(["output"], {"input": picture[np.newaxis], **means})[0] for picture in pictures]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=0, atol=1e-6)


@pytest.mark.parametrize("model_id", IDS)
def test_float16_storage_keeps_every_bit(model_id: str) -> None:
    model = model_of(model_id)
    network = read_network(model, package=package_of(model))
    rewrite_network(network)
    if model.format == "tfjs":
        round_to_float16(network)
    expected = {constant.name: numpy_helper.to_array(constant) for constant in network.graph.initializer}
    pack_network(network)
    stored = {constant.name: numpy_helper.to_array(constant) for constant in network.graph.initializer}
    halves = {name.removesuffix(".float16") for name in stored if name.endswith(".float16")}
    # The 432 values of the first upconv_7 kernel are too few to be worth a Cast; the weights of TF.js are float32, and
    # the smaller kernels stay so, as do those of cunet's deconvolutions.
    least = 512 if model.format == "ncnn" else 4096
    assert halves == {
        name
        for name, value in expected.items()
        if value.ndim == 4
        and value.size >= least
        and not (model.family == "cunet" and name.startswith("Deconvolution"))
    }
    for name, value in expected.items():
        kept = stored[f"{name}.float16"].astype(np.float32) if name in halves else stored[name]
        np.testing.assert_array_equal(kept, value)
    assert sum(value.nbytes for value in stored.values()) < 0.55 * sum(value.nbytes for value in expected.values())


def test_files_are_the_same_every_time(tmp_path: Path) -> None:
    """In another process and order of hashing than those that the set-up has made."""
    command = [sys.executable, "-m", "convert", "--packages", str(packages_folder()), "--output", str(tmp_path)]
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(MODELS_FOLDER)}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert len(finished.stdout.splitlines()) == len(IDS)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *(f"{model_id}.{ending}" for model_id in IDS for ending in ("onnx", "golden.npz", "winograd.onnx")),
        "catalogue.json",
    }
    for name in names:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_listing_describes_the_files() -> None:
    listing = (FOLDER / "catalogue.json").read_text(encoding="utf-8")
    entries = json.loads(listing)["models"]
    assert [entry["id"] for entry in entries] == IDS
    for entry in entries:
        content = (FOLDER / entry["file"]).read_bytes()
        assert (entry["size_bytes"], entry["sha256"]) == (len(content), sha256(content).hexdigest())
        model = model_of(entry["id"])
        for key in entry.keys() - {"golden", "pooled", "macs_per_pixel", "winograd", *entry["winograd"]}:
            assert entry[key] == getattr(model, key)
        network = onnx.load_from_string(content)
        assert entry["pooled"] == pooled_values(network)
        assert entry["tile_bytes_per_pixel"] == working_bytes_per_pixel(network)
        assert entry["macs_per_pixel"] == multiply_adds_per_pixel(network)
        assert (FOLDER / entry["golden"]).read_bytes() == golden_tile(content, model)
        second = entry["winograd"]
        written_out = (FOLDER / second["file"]).read_bytes()
        assert (second["size_bytes"], second["sha256"]) == (len(written_out), sha256(written_out).hexdigest())
        assert second["tile_bytes_per_pixel"] == working_bytes_per_pixel(
            onnx.load_from_string(written_out), as_written=True
        )
    assert [card.id for card in Catalogue.from_json(listing)] == IDS


def test_missing_package_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--packages", str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert model_of(IDS[0]).package.replace("-", "_") in message
    assert list((tmp_path / "out").iterdir()) == [], "nothing half-made is left"


def test_output_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file stands where the folder should be", encoding="utf-8")
    assert main(["--packages", str(packages_folder()), "--output", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
