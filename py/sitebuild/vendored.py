"""Which files of the JavaScript packages the site carries, and where."""

_RUNTIME = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort.jspi.min.mjs",
    "ort-wasm-simd-threaded.jspi.mjs",
    "ort-wasm-simd-threaded.jspi.wasm",
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
"""Three builds of onnxruntime-web: without a GPU, with one where there is JSPI, and with one elsewhere."""

VENDORED = {
    "comlink/dist/esm/comlink.mjs": "vendor/comlink/comlink.mjs",
    "img-comparison-slider/dist/index.js": "vendor/img-comparison-slider/index.js",
    "img-comparison-slider/dist/styles.css": "vendor/img-comparison-slider/styles.css",
    **{f"onnxruntime-web/dist/{name}": f"vendor/onnxruntime/{name}" for name in _RUNTIME},
    "pyodide/pyodide.mjs": "vendor/pyodide/pyodide.mjs",
    "pyodide/pyodide.asm.js": "vendor/pyodide/pyodide.asm.js",
    "pyodide/pyodide.asm.wasm": "vendor/pyodide/pyodide.asm.wasm",
    "pyodide/python_stdlib.zip": "vendor/pyodide/python_stdlib.zip",
}
"""Path in web/node_modules → path in the site."""

PYODIDE_LOCK = "pyodide/pyodide-lock.json"
"""The lock in web/node_modules; the site carries it reduced to the packages that it carries."""

PYODIDE_FOLDER = "vendor/pyodide"
