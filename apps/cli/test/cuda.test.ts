import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cudaCpuNodes } from '@nats/engine';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import type { Engine, Program } from '@nats/graph';
import { type ConfigInput, parseConfig, searchRun, trainRun } from '@nats/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyConfig, tinyTwoStage, writeTinyData } from './tiny-data.js';

const root = mkdtempSync(join(tmpdir(), 'nats-cuda-'));
const engine = onnxruntimeEngine({ threads: 1 });
let data: unknown;
beforeAll(async () => {
  data = await writeTinyData(join(root, 'data'), 'coco');
});
afterAll(async () => {
  await engine.dispose();
  rmSync(root, { recursive: true, force: true });
});

const fitting = { batchSize: 4, learningRate: 0.01, checkpointEvery: 2, steps: 2 };
const masks = { maskSize: 7, maskChannels: 8, maskDepth: 1 };

/** Proposals are suppressed: a few thousand boxes go to the CPU, and positions come back. */
const PROPOSALS = ['NonMaxSuppression of float32'];

/** A name, changes of the config, what is run, and the nodes that no CUDA kernel computes: ops with their types, by program. */
const CASES: readonly (readonly [
  string,
  Record<string, unknown>,
  typeof trainRun | typeof searchRun,
  readonly string[],
])[] = [
  ['a training of FCOS', {}, trainRun, []],
  [
    'a training of RetinaNet',
    { detector: { kind: 'retinanet', inputSize: [32, 32], channels: 8, stages: ['C2', 'C3'], extra: 'none' } },
    trainRun,
    [],
  ],
  ['a training of Faster R-CNN', { detector: { kind: 'faster-rcnn', ...tinyTwoStage } }, trainRun, PROPOSALS],
  ['a training of Mask R-CNN', { detector: { kind: 'mask-rcnn', ...tinyTwoStage, ...masks } }, trainRun, PROPOSALS],
  ['an exact search', {}, searchRun, []],
  ['a sampled search', { search: { ...fitting, start: 1, relaxation: 'sampled' } }, searchRun, []],
];

test.each(CASES)('%s computes every node on CUDA but those listed', async (name, changes, run, listed) => {
  const programs: Program[] = [];
  const compile = (program: Program) => {
    programs.push(program);
    return engine.compile(program);
  };
  const config = parseConfig(
    tinyConfig(data, { search: { ...fitting, start: 1 }, train: fitting, ...changes }) as ConfigInput,
    'nats.config.json',
  );
  const recorder: Engine = { ...engine, compile };
  const progress = { line: () => undefined, update: () => undefined };
  const context = { config, engine: recorder, progress, command: 'nats', signal: new AbortController().signal };
  const folder = join(root, name);
  await (run === trainRun ? trainRun(context, folder, undefined) : searchRun(context, folder));
  const steps = programs.filter(({ updates }) => updates.size > 0);
  expect(steps.length).toBeGreaterThan(0);
  const nodes = steps.flatMap((program) => cudaCpuNodes(program).map(({ op, type }) => `${op} of ${type}`));
  expect([...new Set(nodes)].sort()).toEqual(listed);
});
