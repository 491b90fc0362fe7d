// Python's own library has no Brotli, Node's has: node brotli.mjs LIST, where LIST is a JSON file of [source, target, quality].
// Each target appears whole or not at all.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

const compress = promisify(brotliCompress);
const waiting = JSON.parse(await readFile(process.argv[2], 'utf8'));

async function work() {
  for (let job = waiting.shift(); job; job = waiting.shift()) {
    const [source, target, quality] = job;
    const plain = await readFile(source);
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    };
    await writeFile(`${target}.part`, await compress(plain, { params }));
    await rename(`${target}.part`, target);
    console.log(source);
  }
}

// Node compresses in as many threads as this says.
await Promise.all(Array.from({ length: Number(process.env.UV_THREADPOOL_SIZE) }, work));
