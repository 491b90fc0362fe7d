"""The headers and types that the page wants from whatever serves it."""

ISOLATION_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""With these a browser gives the page SharedArrayBuffer, and so threads."""

COMMON_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
"""`no-cache` keeps copies but asks each time whether they are right, so a rebuilt site never mixes with an old."""

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
    ".whl": "application/zip",
    ".onnx": "application/octet-stream",
    ".npz": "application/zip",
}
OTHER_TYPE = "application/octet-stream"

COPIES = {".br": "br", ".gz": "gzip"}
"""What is added to a file's name for a compressed copy of it → its Content-Encoding, the smaller copies first."""


def headers_file() -> str:
    """`_headers` in the form that Netlify and Cloudflare Pages read."""
    lines = [f"  {name}: {value}" for name, value in {**ISOLATION_HEADERS, **COMMON_HEADERS}.items()]
    return "\n".join(["/*", *lines, ""])
