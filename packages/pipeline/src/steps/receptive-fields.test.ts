import { buildDetector, type Dataset, fcosConfig } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { hash32, hashNormal, sizeOf, type TensorData, tensorData } from '@nats/graph';
import { smallResnet } from '@nats/space';
import { afterAll, expect, test } from 'vitest';
import { receptiveFields } from './receptive-fields.js';
import { detectorSpec, type Task } from './task.js';

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const CLASSES = ['one'] as const;
const backbone = smallResnet({ widths: [4, 4], strides: [1, 2] });
const detectorConfig = fcosConfig({ backbone, inputSize: [32, 48], classes: 1, stages: ['C2', 'C3'] });
const detector = buildDetector(detectorConfig);
const statistics = { mean: [0.5, 0.5, 0.5], deviation: [0.2, 0.2, 0.2] };
const weights = new Map(
  [...detectorSpec(detector)].map(([name, { shape }]): [string, TensorData] => {
    const mean = /running_var$|(bn\d|downsample\.1)\.weight$/.test(name) ? 1 : 0;
    const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => mean + 0.2 * hashNormal(3, i));
    return [name, tensorData('float32', shape, values)];
  }),
);

/** Images of 64 x 64 of their own noise; the last has no object. */
function dataset(seed: number): Dataset {
  const records = [0, 1, 2].map((i) => ({
    id: String(i),
    width: 64,
    height: 64,
    objects: i === 2 ? [] : [{ box: [1, 1, 9, 9] as const, label: 0 }],
    source: {
      load: () => ({
        channels: 3 as const,
        width: 64,
        height: 64,
        pixels: Uint8Array.from({ length: 3 * 64 * 64 }, (_, p) => hash32(seed + i, p) & 255),
      }),
    },
  }));
  return { name: 'squares', classes: CLASSES, records } as unknown as Dataset;
}

const fieldsOf = async (val: Dataset) => {
  const task: Task = { train: val, val, classes: CLASSES, backbone, detectorConfig, detector, statistics };
  return receptiveFields(engine, { task, scheme: undefined, weights });
};

test('are measured on the images with objects, in the size that the detector sees', async () => {
  const fields = await fieldsOf(dataset(1));
  expect([...fields.keys()]).toEqual(['C2', 'C3']);
  for (const { map } of fields.values()) expect(map.shape).toEqual([32, 48]);
  // Another image counts, one without objects does not.
  const { records, ...rest } = dataset(1);
  const [first, second, empty] = records;
  const mapOf = async (...chosen: typeof records) => (await fieldsOf({ ...rest, records: chosen })).get('C3')!.map;
  expect(await mapOf(first!, second!)).toEqual(fields.get('C3')!.map);
  expect(await mapOf(first!, empty!)).not.toEqual(fields.get('C3')!.map);
  expect((await fieldsOf(dataset(9))).get('C3')!.map).not.toEqual(fields.get('C3')!.map);
});

test('there are none without objects', async () => {
  const { records, ...rest } = dataset(1);
  expect((await fieldsOf({ ...rest, records: records.slice(2) })).size).toBe(0);
});
