// Runs bytecode_of_imports.py inside the very Pyodide that the page runs: node bytecode.mjs PYODIDE WHEELS SENMEI_WHEEL SCRIPT OUT
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [pyodideFolder, wheels, senmeiWheel, script, out] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(pyodideFolder, 'pyodide.mjs')).href);
const pyodide = await loadPyodide({
  indexURL: pyodideFolder,
  packageCacheDir: wheels,
  packages: ['numpy', 'pillow'],
});
pyodide.unpackArchive(new Uint8Array(await readFile(senmeiWheel)), 'wheel', { extractDir: '/lib/python3.12/site-packages' });
pyodide.runPython(await readFile(script, 'utf8'));
await writeFile(out, pyodide.FS.readFile('/tmp/bytecode.zip'));
