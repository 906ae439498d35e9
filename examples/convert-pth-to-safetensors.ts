/**
 * Converts a PyTorch file (or ONNX, TF.js, npz …) to safetensors, without Python:
 *
 *     npx tsx --conditions=@nats/source examples/convert-pth-to-safetensors.ts resnet50.pth resnet50.safetensors
 *
 * Without arguments it converts a small file of the test suite into a temporary folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWeights, writeSafetensors } from '@nats/transfer';

async function convert(input: string, output: string): Promise<void> {
  const weights = await readWeights(input);
  await writeSafetensors(output, weights.tensors, weights.metadata);

  const values = [...weights.tensors.values()].reduce((total, { data }) => total + data.length, 0);
  const types = [...new Set(weights.storedDtypes.values())].join(', ');
  console.log(`${input}: ${weights.format}, ${weights.tensors.size} tensors, ${values} values, stored as ${types}`);

  const written = await readWeights(output);
  for (const [name, { shape, data }] of weights.tensors) {
    const back = written.tensors.get(name);
    if (!back?.data.every((value, index) => Object.is(value, data[index])))
      throw new Error(`${name} [${shape.join(', ')}] did not survive`);
  }
  console.log(`${output}: safetensors, the same ${written.tensors.size} tensors`);
}

const [input, output] = process.argv.slice(2);
if (input !== undefined && output !== undefined) {
  await convert(input, output);
} else {
  const sample = fileURLToPath(new URL('../packages/transfer/src/fixtures/wrapped-legacy.pth', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'nats-convert-'));
  try {
    await convert(input ?? sample, join(folder, 'weights.safetensors'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
