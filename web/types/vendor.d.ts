// The vendor folder exists only in the built site; its modules are the packages of node_modules under other names.

declare module '*/vendor/comlink/comlink.mjs' {
  export * from 'comlink';
}

declare module '*/vendor/img-comparison-slider/index.js' {
  export {};
}

declare module '*/vendor/onnxruntime/ort.wasm.min.mjs' {
  export * from 'onnxruntime-web/wasm';
}

declare module '*/vendor/pyodide/pyodide.mjs' {
  export * from 'pyodide';
}
