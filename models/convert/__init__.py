"""Turn the networks of catalogue.toml into ONNX files: uint8 NHWC in, uint8 NHWC out.

``python -m convert --packages DIR --output DIR`` with ``models/`` on the module path; needs only onnx and numpy.
"""
