// Runs bytecode_of_imports.py inside the very Pyodide that the page runs: node bytecode.mjs PYODIDE WHEELS SENMEI_WHEEL SCRIPT OUT
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [pyodideFolder, wheels, senmeiWheel, script, out] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(pyodideFolder, 'pyodide.mjs')).href);
const pyodide = await loadPyodide({
  indexURL: pyodideFolder,
  packageCacheDir: wheels,
  packages: ['numpy', 'pillow', 'micropip'],
});
const inside = `/tmp/${basename(senmeiWheel)}`;
pyodide.FS.writeFile(inside, await readFile(senmeiWheel));
const micropip = pyodide.pyimport('micropip');
await micropip.install.callKwargs(`emfs:${inside}`, { deps: false });
pyodide.runPython(await readFile(script, 'utf8'));
await writeFile(out, pyodide.FS.readFile('/tmp/bytecode.zip'));
