import { createScope, input, sizeOf } from '@nats/graph';
import { expect, test } from 'vitest';
import { deepDemoDetectorConfig, demoDetectorConfig } from './demo.js';
import { demoFasterRcnnConfig, demoMaskRcnnConfig } from './demo-two-stage.js';
import { buildDetector, type DetectorConfig } from './index.js';

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
