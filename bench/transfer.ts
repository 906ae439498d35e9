import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BYTES_PER_ELEMENT, sizeOf, type TensorData } from '@nats/graph';
import { readWeights, writeSafetensors } from '@nats/transfer';
import { makePth } from '../packages/transfer/test/helpers/pth.js';
import { type BenchResult, median } from './lib/bench.js';

/**
 * Load times of files with ResNet-50's tensors (25.6 M parameters), against reading the same bytes from the file system
 * cache without looking at them, by turns in one process.
 */
export async function run(): Promise<BenchResult> {
  const tensors = await resnet50();
  const folder = await mkdtemp(join(tmpdir(), 'nats-bench-transfer-'));
  try {
    const paths = await writeFiles(folder, tensors);
    const samples = await measure(paths, tensors);
    const rows: Record<string, string | number>[] = [];
    const ratios: Record<string, number> = {};
    for (const [format, path] of Object.entries(paths)) {
      const milliseconds = median(samples[format]!);
      const raw = median(samples[`${format}, bytes only`]!);
      rows.push({
        format,
        'file (MB)': Number(((await stat(path)).size / 1e6).toFixed(1)),
        'load (ms)': Number(milliseconds.toFixed(0)),
        'bytes only (ms)': Number(raw.toFixed(0)),
      });
      ratios[`${format} / bytes only`] = milliseconds / raw;
    }
    const write = median(samples['write safetensors']!);
    rows.push({
      format: 'write safetensors',
      'file (MB)': '',
      'load (ms)': Number(write.toFixed(0)),
      'bytes only (ms)': '',
    });
    return { name: 'transfer', rows, ratios, samples };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const ROUNDS = 7;

async function measure(
  paths: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, TensorData>,
): Promise<Record<string, number[]>> {
  const samples: Record<string, number[]> = {};
  const time = async (name: string, work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    samples[name] ??= [];
    samples[name].push(performance.now() - start);
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [format, path] of Object.entries(paths)) {
      await time(`${format}, bytes only`, () => readFile(path));
      await time(format, async () => {
        const { size } = (await readWeights(path)).tensors;
        if (size !== tensors.size) throw new Error(`${path}: ${size} tensors`);
      });
    }
    await time('write safetensors', () => writeSafetensors(`${paths.safetensors}.again`, tensors));
  }
  return samples;
}

async function writeFiles(folder: string, tensors: ReadonlyMap<string, TensorData>): Promise<Record<string, string>> {
  const paths = {
    safetensors: join(folder, 'resnet50.safetensors'),
    'pth (zip)': join(folder, 'resnet50.pth'),
    'pth (legacy)': join(folder, 'resnet50.th'),
    onnx: join(folder, 'resnet50.onnx'),
  };
  await writeSafetensors(paths.safetensors, tensors);
  await writeFile(paths['pth (zip)'], makePth(tensors));
  await writeFile(paths['pth (legacy)'], makePth(tensors, { legacy: true }));
  await writeFile(paths.onnx, makeOnnx(tensors));
  return paths;
}

/** torchvision's ResNet-50: names and shapes from the fixture, values of no meaning. */
async function resnet50(): Promise<Map<string, TensorData>> {
  const file = new URL('../packages/transfer/src/fixtures/torchvision-shapes.json', import.meta.url);
  const shapes = JSON.parse(await readFile(file, 'utf8')) as Record<string, Record<string, number[]>>;
  const entries = Object.entries(shapes.resnet50!).map(([name, shape]): [string, TensorData] => {
    const size = sizeOf(shape);
    const data = name.endsWith('num_batches_tracked')
      ? new Int32Array(size)
      : Float32Array.from({ length: size }, (_, index) => ((index * 2654435761) % 65536) / 65536 - 0.5);
    return [name, { dtype: data instanceof Int32Array ? 'int32' : 'float32', shape, data }];
  });
  return new Map(entries);
}

/** A model of initializers alone, with raw data: fields 1 (dims), 2 (type), 8 (name), 9 (raw_data) of TensorProto. */
function makeOnnx(tensors: ReadonlyMap<string, TensorData>): Uint8Array {
  const initializers = [...tensors].map(([name, { dtype, shape, data }]) => {
    const raw = Buffer.from(data.buffer, data.byteOffset, data.length * BYTES_PER_ELEMENT[dtype]);
    const dims = shape.map((dimension) => Buffer.from([0x08, ...varint(dimension)]));
    const type = Buffer.from([0x10, dtype === 'int32' ? 6 : 1]);
    return delimited(5, Buffer.concat([...dims, type, delimited(8, Buffer.from(name)), delimited(9, raw)]));
  });
  return Buffer.concat([Buffer.from([0x08, 8]), delimited(7, Buffer.concat(initializers))]);
}

function delimited(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}
