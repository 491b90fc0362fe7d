// Runs a TF.js layers model on one tensor: `node tfjs_reference.mjs FOLDER`, with model.json, its weight files, shape.json
// and input.bin (float32, NHWC) in the folder. Writes output.bin and prints the answer's shape as JSON.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

const folder = process.argv[2];
const inFolder = (name) => join(folder, name);

// Plain JavaScript: slow, but without a line in common with what it is the reference for.
await tf.setBackend('cpu');
const { modelTopology, weightsManifest } = JSON.parse(await readFile(inFolder('model.json'), 'utf8'));
const paths = weightsManifest.flatMap((group) => group.paths);
const shards = await Promise.all(paths.map((path) => readFile(inFolder(path))));
const model = await tf.loadLayersModel(
  tf.io.fromMemory({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: new Uint8Array(Buffer.concat(shards)).buffer,
  }),
);
const shape = JSON.parse(await readFile(inFolder('shape.json'), 'utf8'));
const samples = new Float32Array(new Uint8Array(await readFile(inFolder('input.bin'))).buffer);
const answer = model.predict(tf.tensor4d(samples, shape));
await writeFile(inFolder('output.bin'), new Uint8Array((await answer.data()).buffer));
console.log(JSON.stringify(answer.shape));
