"""Which files of the JavaScript packages the site carries, and where."""

VENDORED = {
    "comlink/dist/esm/comlink.mjs": "vendor/comlink/comlink.mjs",
    "img-comparison-slider/dist/index.js": "vendor/img-comparison-slider/index.js",
    "img-comparison-slider/dist/styles.css": "vendor/img-comparison-slider/styles.css",
    "onnxruntime-web/dist/ort.wasm.min.mjs": "vendor/onnxruntime/ort.wasm.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs": "vendor/onnxruntime/ort-wasm-simd-threaded.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm": "vendor/onnxruntime/ort-wasm-simd-threaded.wasm",
    # With WebGPU, fetched only where it is used: jspi where WebAssembly can wait for promises by itself, else asyncify.
    "onnxruntime-web/dist/ort.jspi.min.mjs": "vendor/onnxruntime/ort.jspi.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.jspi.mjs": "vendor/onnxruntime/ort-wasm-simd-threaded.jspi.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.jspi.wasm": "vendor/onnxruntime/ort-wasm-simd-threaded.jspi.wasm",
    "onnxruntime-web/dist/ort.webgpu.min.mjs": "vendor/onnxruntime/ort.webgpu.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.mjs": "vendor/onnxruntime/ort-wasm-simd-threaded.asyncify.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm": "vendor/onnxruntime/ort-wasm-simd-threaded.asyncify.wasm",
    "pyodide/pyodide.mjs": "vendor/pyodide/pyodide.mjs",
    "pyodide/pyodide.asm.js": "vendor/pyodide/pyodide.asm.js",
    "pyodide/pyodide.asm.wasm": "vendor/pyodide/pyodide.asm.wasm",
    "pyodide/python_stdlib.zip": "vendor/pyodide/python_stdlib.zip",
}
"""Path in web/node_modules → path in the site."""

PYODIDE_LOCK = "pyodide/pyodide-lock.json"
"""The lock in web/node_modules; the site carries it reduced to the packages that it carries."""

PYODIDE_FOLDER = "vendor/pyodide"
