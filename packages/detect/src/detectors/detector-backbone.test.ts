import { createProgram, createScope, input } from '@nats/graph';
import { programCosts, resnetConfig, searchSpace } from '@nats/space';
import { expect, test } from 'vitest';
import { buildDetector } from '../kinds/index.js';
import { type DetectorConfig, detectorBackbone, fcosConfig, retinanetConfig } from './index.js';

const base = { backbone: resnetConfig('resnet18'), inputSize: [64, 64], classes: 2 } as const;
const ranges = [
  [0, 32],
  [32, null],
] as const;
const pyramid = { channels: 32, extra: 'none' } as const;

function layersOf(config: DetectorConfig) {
  const scope = createScope();
  const { boxes, scores } = buildDetector(config).candidates(scope, input('images', 'float32', [1, 3, 64, 64]));
  const costs = programCosts(createProgram({ outputs: { boxes, scores } }), scope.spec);
  return { names: [...scope.spec.keys()], layers: costs.layers.map(({ name }) => name) };
}

test.each([
  ['fcos', fcosConfig({ ...base, pyramid, ranges, stages: ['C3', 'C4'] })],
  [
    'retinanet',
    retinanetConfig({
      ...base,
      pyramid,
      stages: ['C3', 'C4'],
      anchors: [
        { sizes: [32], aspectRatios: [1] },
        { sizes: [64], aspectRatios: [1] },
      ],
    }),
  ],
])('a %s on C3 and C4 has no layer4: it is not built, not counted, not searched', (_, config) => {
  const { names, layers } = layersOf(config);
  expect(names.filter((name) => name.startsWith('backbone.body.layer3.')).length).toBeGreaterThan(0);
  expect([...names, ...layers].filter((name) => name.includes('layer4'))).toEqual([]);
  expect(searchSpace(detectorBackbone(config)).sites.map(({ stage }) => stage)).not.toContain('C5');
});

test('a detector on C5 has all of the backbone', () => {
  expect(detectorBackbone(fcosConfig(base))).toBe(base.backbone);
});
