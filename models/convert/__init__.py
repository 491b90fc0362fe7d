"""Turn the networks of catalogue.toml into ONNX files: float32 NHWC in, float32 NHWC out, 0..1.

``python -m convert --packages DIR --output DIR`` with ``models/`` on the module path; needs only onnx, numpy and
onnxruntime.
"""
