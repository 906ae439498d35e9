import { createScope, input } from '@nats/graph';
import { expect, test } from 'vitest';
import { cascadeRcnn, cascadeRcnnConfig } from './cascade-rcnn.js';
import { demoFasterRcnnConfig } from './demo-two-stage.js';

const config = cascadeRcnnConfig(demoFasterRcnnConfig());
const images = input('images', 'float32', ['N', 1, 128, 128]);

test('overlaps rise from stage to stage, as in the paper', () => {
  expect(config.kind).toBe('cascade-rcnn');
  expect(config.cascade.map(({ iou }) => iou)).toEqual([0.5, 0.6, 0.7]);
});

test('every stage has a head of its own, with one box for all classes', () => {
  const scope = createScope();
  cascadeRcnn(config).candidates(scope, images);
  const shapes = [...scope.spec.values()].map(({ name, shape }) => `${name} ${shape.join('x')}`);
  for (const stage of [0, 1, 2]) {
    expect(shapes).toContain(`roi_heads.box_head.${stage}.fc6.weight 128x3136`);
    expect(shapes).toContain(`roi_heads.box_predictor.${stage}.cls_score.weight 11x128`);
    expect(shapes).toContain(`roi_heads.box_predictor.${stage}.bbox_pred.weight 4x128`);
  }
  expect(shapes.filter((name) => name.startsWith('roi_heads.')).length).toBe(3 * 8);
});

test('losses are those of the first stage and two of every other, later ones for less', () => {
  const targets = { boxes: input('boxes', 'float32', [1, 2, 4]), labels: input('labels', 'int32', [1, 2]) };
  const { parts } = cascadeRcnn(config).loss(createScope(), input('images', 'float32', [1, 1, 128, 128]), targets);
  expect(Object.keys(parts)).toEqual([
    'objectness',
    'proposal',
    'classification1',
    'box1',
    'classification2',
    'box2',
    'classification3',
    'box3',
  ]);
});

test('a cascade has stages', () => {
  expect(() => cascadeRcnn({ ...config, cascade: [] })).toThrow(/cascade: received none.*at least one stage/);
});
