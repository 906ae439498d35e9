import { dirname, join } from 'node:path';
import { malformed } from '@nats/graph';
import { detect } from './detect-format.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { weightsInFolder } from './model-folder.js';
import { onnxExternalFiles, parseOnnx } from './onnx/index.js';
import { type ParseWeightsOptions, parseWeights } from './parse-weights.js';
import { readRegularFile } from './regular-file.js';
import { joinShards, readShardIndex } from './shard-index.js';
import { openSource, quote, tooLarge } from './source.js';
import { parseTfjs, type TfjsOptions, tfjsShards } from './tfjs/index.js';
import type { Weights } from './weights.js';

/** Options of `readWeights`. */
export interface ReadWeightsOptions extends ParseWeightsOptions, TfjsOptions {}

/**
 * Reads a weight file of any format that this package knows, told apart by content. Shards of a TF.js model.json or of an
 * index (`model.safetensors.index.json`) and external data of an ONNX model are read from beside it; a path that leads out of its folder is refused.
 * @param place a file, or the folder of a model with one of the usual names (`weightsInFolder`)
 * @throws NatsError `malformed`, `unsupported` or `dtype`, naming file and field; IO errors (ENOENT, EACCES …) pass
 * through.
 */
export async function readWeights(place: string, options: ReadWeightsOptions = {}): Promise<Weights> {
  const path = weightsInFolder(place) ?? place;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const named = { name: path, ...options };
  const bytes = await readBounded(path, limits);
  const format = detect(openSource(bytes, named));
  if (format === 'tfjs') {
    const source = openSource(bytes, named);
    const index = readShardIndex(source);
    if (index !== undefined) {
      const files = await readBeside(path, index.files, limits);
      const shard = (file: string, content: Uint8Array) =>
        parseWeights(content, { ...named, name: join(dirname(path), file) });
      return joinShards(source, index, new Map([...files].map(([file, content]) => [file, shard(file, content)])));
    }
    return parseTfjs(bytes, await readBeside(path, tfjsShards(bytes, named), limits), named);
  }
  if (format === 'onnx' && options.externalData === undefined) {
    const externalData = await readBeside(path, onnxExternalFiles(bytes, named), limits);
    return parseOnnx(bytes, { ...named, externalData });
  }
  return parseWeights(bytes, named);
}

async function readBeside(
  path: string,
  locations: readonly string[],
  limits: Limits,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const location of locations) {
    if (!staysInside(location)) {
      throw malformed(path, 'companion file', {
        rule: 'a companion file lies in the folder of its model',
        received: quote(location),
        limit: 'a relative path without ".."',
      });
    }
    const bytes = await readBounded(join(dirname(path), location), limits);
    total += bytes.length;
    if (total > limits.maxFileBytes) throw tooLarge(path, total, limits);
    files.set(location, bytes);
  }
  return files;
}

/** Relative, without drive, scheme, backslashes, NUL or a step upwards. */
function staysInside(location: string): boolean {
  if (location === '' || /^[/~]|[\\:\0]/.test(location)) return false;
  return location.split('/').every((part) => part !== '' && part !== '..');
}

/** A whole file, its size checked before memory is taken. */
async function readBounded(path: string, limits: Limits): Promise<Uint8Array> {
  return readRegularFile(path, (size) => {
    if (size > limits.maxFileBytes) throw tooLarge(path, size, limits);
  });
}
