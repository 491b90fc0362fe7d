// Pyodide with numpy and Pillow and nothing else: what starting costs at least.
import { loadPyodide } from '../vendor/pyodide/pyodide.mjs';

const indexURL = new URL('../vendor/pyodide/', import.meta.url).href;
const pyodide = await loadPyodide({ indexURL, packages: ['numpy', 'pillow'] });
pyodide.pyimport('numpy');
pyodide.pyimport('PIL.Image');
postMessage('ready');
