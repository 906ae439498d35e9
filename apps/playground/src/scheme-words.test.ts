import { createScheme, schemeToJson } from '@nats/space';
import { expect, test } from 'vitest';
import { schemeWords } from './scheme-words.js';

test('a scheme in words: dilations that channels have, not all that were searched', () => {
  const scheme = createScheme({
    backbone: 'small-resnet',
    genotypes: [
      [1, 1],
      [1, 2],
      [2, 2],
    ],
    convolutions: [
      ['layer1.0.conv1', [0, 0, 2, 2]],
      ['layer1.0.conv2', [2, 2, 2, 2]],
    ],
    provenance: { tool: { name: 'test', version: '1' } },
  });
  expect(schemeWords({ scheme: schemeToJson(scheme) })).toBe('2 convolutions with dilations 1×1, 2×2');
  expect(schemeWords({})).toBeUndefined();
});
