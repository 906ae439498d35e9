import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, type Engine, input, NatsError, referenceEngine, type TensorData, tensorData } from '@nats/graph';
import { goldenState, hashed, relativeError } from '@nats/graph/testing';
import { afterAll, expect, test } from 'vitest';
import { PROVENANCE } from '../../test/arbitraries.js';
import { uniformScheme } from '../../test/uniform-scheme.js';
import { buildBackbone, smallResnet } from '../backbones/index.js';
import type { Genotype } from '../genotypes.js';
import { backboneCosts } from './backbone-costs.js';
import { effectiveReceptiveFields } from './effective-receptive-field.js';

const SIZE = 31;
const config = smallResnet({ widths: [6, 6], stem: { stride: 1 }, inputChannels: 2 });
const images = hashed([3, 2, SIZE, SIZE], 1);

function values(prefix = ''): Map<string, TensorData> {
  const scope = createScope();
  buildBackbone(prefix ? scope.child(prefix) : scope, input('x', 'float32', images.shape), config);
  return goldenState(scope.spec, 2);
}

const engines: Engine[] = [referenceEngine(), onnxruntimeEngine()];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const measure = (engine: Engine, genotype?: Genotype) => {
  const scheme = genotype && uniformScheme(config, genotype, PROVENANCE);
  return effectiveReceptiveFields(engine, config, { values: values(), images, ...(scheme && { scheme }) });
};

test('is inside the theoretical one, around the center, and reaches its edge', async () => {
  const fields = await measure(referenceEngine());
  const { layers } = backboneCosts(config, { size: [SIZE, SIZE] });
  for (const [stage, layer, center] of [
    ['C2', 'layer1.0.conv2', 15],
    // Position 8 of a map of 16 with step 2.
    ['C3', 'layer2.0.conv2', 16],
  ] as const) {
    const { map } = fields.get(stage)!;
    const reach = (layers.find(({ name }) => name === layer)!.receptiveField![0] - 1) / 2;
    let farthest = 0;
    for (const [i, value] of map.data.entries()) {
      const distance = Math.max(Math.abs(Math.floor(i / SIZE) - center), Math.abs((i % SIZE) - center));
      if (value > 0) farthest = Math.max(farthest, distance);
    }
    expect(farthest).toBe(reach);
    expect(Math.max(...map.data)).toBe(1);
  }
});

test('grows with dilation, along the axis that is dilated', async () => {
  const [engine] = engines as [Engine];
  const of = async (genotype?: Genotype) => (await measure(engine, genotype)).get('C3')!;
  const plain = await of();
  const both = await of([2, 2]);
  const wide = await of([1, 3]);
  expect(await of([1, 1])).toEqual(plain);
  expect(both.side).toBeGreaterThan(plain.side);
  expect(both.deviation[0]).toBeGreaterThan(1.3 * plain.deviation[0]);
  expect(wide.deviation[1]).toBeGreaterThan(1.3 * wide.deviation[0]);
});

test('is a mean over images: the same image twice changes nothing, another one does', async () => {
  const [engine] = engines as [Engine];
  const [, ...shape] = images.shape as number[];
  const pixels = Array.from(images.data as Float32Array).slice(0, 2 * SIZE * SIZE);
  const mapOf = async (shown: TensorData) =>
    (await effectiveReceptiveFields(engine, config, { values: values(), images: shown })).get('C3')!.map;
  const once = await mapOf(tensorData('float32', [1, ...shape], pixels));
  expect(await mapOf(tensorData('float32', [2, ...shape], [...pixels, ...pixels]))).toEqual(once);
  expect(await mapOf(images)).not.toEqual(once);
});

test('onnxruntime measures what the float64 reference measures', async () => {
  const [expected, actual] = await Promise.all(engines.map((engine) => measure(engine, [2, 1])));
  for (const [stage, field] of expected!) {
    expect(relativeError(actual!.get(stage)!.map, field.map)).toBeLessThan(1e-4);
    expect(actual!.get(stage)!.deviation[0]).toBeCloseTo(field.deviation[0], 3);
  }
});

test('values may stand behind a prefix; a missing one is named', async () => {
  const [engine] = engines as [Engine];
  const stages = ['C2'] as const;
  const bare = await effectiveReceptiveFields(engine, config, { values: values(), images, stages });
  const moved = new Map([...values()].map(([name, value]) => [`body.${name}`, value]));
  const behind = await effectiveReceptiveFields(engine, config, { values: moved, prefix: 'body', images, stages });
  expect(behind).toEqual(bare);
  expect([...bare.keys()]).toEqual(['C2']);
  moved.delete('body.bn1.bias');
  const incomplete = effectiveReceptiveFields(engine, config, { values: moved, prefix: 'body', images });
  await expect(incomplete).rejects.toThrow(NatsError);
  await expect(incomplete).rejects.toThrow('bn1.bias');
});
