import { createProgram, createScope, input, sizeOf } from '@nats/graph';
import { programCosts } from '@nats/space';
import { expect, test } from 'vitest';
import { buildDetector } from '../kinds/index.js';
import { deepDemoDetectorConfig, demoDetectorConfig } from './demo.js';
import { demoFasterRcnnConfig, demoMaskRcnnConfig } from './demo-two-stage.js';
import type { DetectorConfig } from './index.js';

function parametersOf(config: DetectorConfig): number {
  const scope = createScope();
  buildDetector(config).candidates(scope, input('images', 'float32', [1, 1, 128, 128]));
  const parameters = [...scope.spec.values()].filter(({ kind }) => kind === 'parameter');
  return parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

test('the detectors of the demonstration have a third of a million parameters, and about a million', () => {
  expect(parametersOf(demoDetectorConfig())).toBe(311_359);
  expect(parametersOf(deepDemoDetectorConfig())).toBe(1_155_007);
});

test('those of two stages have two thirds of a million, and three quarters with masks', () => {
  expect(parametersOf(demoFasterRcnnConfig())).toBe(692_027);
  expect(parametersOf(demoMaskRcnnConfig())).toBe(724_230);
});

test('predictions of one pixel and levels without smoothing take 16 pixels of receptive field each', () => {
  const fieldOf = (config: DetectorConfig) => {
    const scope = createScope();
    const images = input('images', 'float32', [1, 1, 128, 128]);
    const program = createProgram({ outputs: { ...buildDetector(config).candidates(scope, images) } });
    return programCosts(program, scope.spec).receptiveField;
  };
  const unsmoothed = { channels: 64, extra: 'none', smoothing: false } as const;
  expect(fieldOf(demoDetectorConfig())).toEqual([119, 119]);
  expect(fieldOf(demoDetectorConfig({ predictionKernel: 1 }))).toEqual([103, 103]);
  expect(fieldOf(demoDetectorConfig({ predictionKernel: 1, pyramid: unsmoothed }))).toEqual([87, 87]);
});
