import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, initialize, input } from '@nats/graph';
import { backboneCosts, buildBackbone, smallResnet } from '@nats/space';
import { writeSafetensors } from '@nats/transfer';
import { afterAll, expect, test } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { coverageText, effectiveFieldSide, receptiveCoverage } from './receptive-coverage.js';

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const backbone = smallResnet({ widths: [4, 4], strides: [1, 2] });
const [FIELD] = backboneCosts(backbone, { size: [128, 128] }).receptiveField;

/** Images of 256 x 128, that a canvas of 128 x 128 halves, with boxes of these heights and widths. */
function dataset(...boxes: readonly (readonly [number, number])[]): Dataset {
  const objects = boxes.map(([height, width]) => ({ box: [0, 0, width, height] as const, label: 0 }));
  return {
    name: 'boxes',
    classes: ['one'],
    problems: [],
    records: [{ id: '1', width: 256, height: 128, objects, source: { file: 'none' } }],
  };
}

test('objects count as large as the detector sees them, by their larger side', () => {
  // On the canvas: just covered, wider than the field, higher than the field, small.
  const side = 2 * FIELD;
  const data = dataset([side, side], [8, side + 4], [side + 4, 8], [8, 8]);
  const coverage = receptiveCoverage(backbone, [128, 128], data);
  expect(coverage).toEqual({ backbone: 'small-resnet', theoretical: [FIELD, FIELD], largerThanTheoretical: 0.5 });
  expect(coverageText(coverage!)).toBe(
    `objects larger than the receptive field of small-resnet (${FIELD} x ${FIELD} pixels): 50 %; a search may pay`,
  );
});

test('the effective field of weights decides, which is smaller', async () => {
  const scope = createScope();
  buildBackbone(scope, input('x', 'float32', [1, 3, 64, 64]), backbone);
  const file = join(mkdtempSync(join(tmpdir(), 'coverage-')), 'weights.safetensors');
  await writeSafetensors(file, initialize(scope.spec, 1));
  const config = parseConfig(
    {
      backbone: { name: 'small-resnet', widths: [4, 4], strides: [1, 2] },
      weights: { file },
      detector: { kind: 'fcos', inputSize: [128, 128], stages: ['C3'] },
    },
    'test',
  );
  const progress = { line: () => {}, update: () => {} };
  const context = { config, engine, progress, command: '', signal: new AbortController().signal };
  const effective = await effectiveFieldSide(context);
  rmSync(file);
  expect(effective).toBeGreaterThan(4);
  expect(effective).toBeLessThan(FIELD - 1);
  const coverage = receptiveCoverage(backbone, [128, 128], dataset([2 * FIELD - 2, 8], [8, 8], [8, 8]), effective);
  expect(coverage).toMatchObject({ effective, largerThanTheoretical: 0, largerThanEffective: 1 / 3 });
  expect(coverageText(coverage!)).toMatch(/: 0 %; than its effective one \(\d+ pixels\): 33 %; a search may pay$/);
  const without = { ...context, config: { ...config, weights: { ...config.weights, file: undefined } } };
  await expect(effectiveFieldSide(without)).rejects.toThrow(/set weights.file/);
});

test('small objects alone: no promise, and how to know more', () => {
  const coverage = receptiveCoverage(backbone, [128, 128], dataset([8, 8]));
  expect(coverageText(coverage!)).toMatch(/: 0 %; the effective field of pretrained weights is smaller/);
  expect(coverageText({ ...coverage!, effective: 9, largerThanEffective: 0 })).toMatch(/not likely to pay$/);
  expect(receptiveCoverage(backbone, [128, 128], dataset())).toBeUndefined();
});
