"""Running ncnn and ONNX networks side by side."""

from pathlib import Path
from typing import Any

import ncnn
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from convert.ncnn_files import parse_param

Floats = npt.NDArray[np.float32]


def run_onnx(model: onnx.ModelProto, picture: npt.NDArray[Any], *, optimised: bool = True) -> npt.NDArray[Any]:
    """The (first) output of a network for its input `input`, on native onnxruntime; what other inputs it has are zeros.
    optimised=False runs it as written."""
    options = onnxruntime.SessionOptions()
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    zeros = {value.name: np.zeros(value.shape, np.float32) for value in session.get_inputs() if value.name != "input"}
    output, *_ = session.run(None, {"input": picture, **zeros})
    return np.asarray(output)


def run_ncnn(param: bytes, weights: bytes, picture: Floats, *, folder: Path) -> Floats:
    """The output [C, H, W] of an ncnn network for (C, H, W), in plain float32; its files are written into folder."""
    layers = parse_param(param.decode())
    consumed = {name for layer in layers for name in layer.inputs}
    (input_name,) = (layer.outputs[0] for layer in layers if layer.kind == "Input")
    (output_name,) = (name for layer in layers for name in layer.outputs if name not in consumed)
    (folder / "network.param").write_bytes(param)
    (folder / "network.bin").write_bytes(weights)
    network = ncnn.Net()
    for option in ("use_vulkan_compute", "use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(network.opt, option, False)
    network.opt.use_bf16_storage = False
    assert network.load_param(str(folder / "network.param")) == 0
    assert network.load_model(str(folder / "network.bin")) == 0
    extractor = network.create_extractor()
    # A Mat made from an array borrows its memory: the array must outlive it, and be laid out plainly. Its channels lie
    # closer together than some layers expect, so that ncnn gets a copy.
    borrowed = np.ascontiguousarray(picture)
    extractor.input(input_name, ncnn.Mat(borrowed).clone())
    status, output = extractor.extract(output_name)
    assert status == 0
    return np.array(output)
