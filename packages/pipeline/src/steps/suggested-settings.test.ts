import { expect, test } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { withOverrides } from '../config/overrides.js';
import { scheduleFor, suggestedSettings } from './suggested-settings.js';

test.each([
  [12, 400, 8],
  [439, 700, 8],
  [118_287, 90_000, 16],
])('%i images are trained on for %i steps of %i', (images, steps, batchSize) => {
  expect(scheduleFor(images)).toMatchObject({ 'train.steps': steps, 'train.batchSize': batchSize });
});

test.each([
  ['resnet18', 4e-4],
  ['regnet_y_400mf', 4e-4],
  ['resnet20', undefined],
])('a %s keeps its pretrained weights at a rate of %s', async (name, rate) => {
  const config = parseConfig({ backbone: { name }, data: { format: 'voc', path: 'nowhere' } }, 'x.json');
  const suggested = await suggestedSettings(config);
  expect(suggested['train.learningRate']).toBe(rate);
  expect(suggested).not.toHaveProperty(['train.steps']);
  const fitted = parseConfig(withOverrides({ backbone: { name } }, suggested), 'x.json');
  expect(fitted.train.freeze?.upTo).toBe(rate === undefined ? undefined : 'C2');
});
