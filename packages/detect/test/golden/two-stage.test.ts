import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, createScope, input } from '@nats/graph';
import { goldenNormal } from '@nats/graph/testing';
import { buildBackbone, resnetConfig, stageOutput } from '@nats/space';
import { expect, it } from 'vitest';
import { featurePyramid } from '../../src/index.js';
import { type DetectorAttributes, detectorState, expectGolden, readGolden } from './support.js';

it('the pyramid of Faster R-CNN, P2 to P6, equals torchvision', async () => {
  const fixture = readGolden<DetectorAttributes>('faster-rcnn');
  const { attributes } = fixture.cases.only!;
  const shape = [attributes.targets.length, 3, attributes.size, attributes.size];
  const scope = createScope();
  const place = scope.child('backbone');
  const backbone = buildBackbone(place.child('body'), input('images', 'float32', shape), resnetConfig('resnet18'));
  const stages = (['C2', 'C3', 'C4', 'C5'] as const).map((name) => stageOutput(backbone, name).features);
  const levels = featurePyramid(place.child('fpn'), stages, { channels: attributes.channels, extra: 'pool' });
  expect(levels.length).toBe(5);
  const outputs = Object.fromEntries(levels.map((level, i) => [`features/P${i + 2}`, level]));
  const engine = onnxruntimeEngine();
  const executable = await engine.compile(createProgram({ outputs }));
  const state = await engine.createState(scope.spec, detectorState(scope.spec, fixture.seed, attributes));
  const values = await executable.run(state, { images: goldenNormal(fixture.seed, 'images', shape) });
  expectGolden('faster-rcnn', fixture, 'only', new Map(Object.entries(values)), { families: ['features'] });
  await engine.dispose();
});
