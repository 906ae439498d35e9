import { createScope, input, tensorData } from '@nats/graph';
import { type BackboneName, backboneConfig, buildClassifier } from '@nats/space';
import { describe, expect, test } from 'vitest';
import { mapWeights } from './map-weights.js';

const spec = (name: BackboneName) => {
  const scope = createScope();
  buildClassifier(scope, input('x', 'float32', [1, 3, 32, 32]), backboneConfig(name), { classes: 10 });
  return scope.spec;
};

/** A scalar of its own instead of each tensor: names decide, and shapes are not looked at. */
function loaded(network: BackboneName, rename: (name: string) => string) {
  const names = [...spec(network).keys()];
  const file = new Map(names.map((name, i) => [rename(name), tensorData('float32', [1], [i])]));
  const { tensors, report } = mapWeights(file, new Map(names.map((name) => [name, { shape: [1] }])));
  return {
    rules: report.rules,
    values: names.map((name) => tensors.get(name)?.data[0]),
    expected: names.map((_, i) => i),
  };
}

/** torchvision's name of a RegNet's parameter as timm has it: blocks are counted from 1, norms are beside convolutions. */
function timmRegnet(name: string): string {
  const layer = (index: string) => (index === '0' ? 'conv' : 'bn');
  const path = name
    .replace(/^fc\./, 'head.fc.')
    .replace(/^stem\.([01])/, (_, index: string) => `stem.${layer(index)}`)
    .replace(/^trunk_output\.block\d\.block(\d)-(\d+)/, (_, stage, block) => `s${stage}.b${Number(block) + 1}`);
  return path
    .replace(/\.f\.se\./, '.se.')
    .replace(
      /\.f\.([abc])\.([01])/,
      (_, letter: string, index: string) => `.conv${' abc'.indexOf(letter)}.${layer(index)}`,
    )
    .replace(/\.proj\.([01])/, (_, index: string) => `.downsample.${layer(index)}`);
}

/** The same in pycls: `s1.b1.f.a`, `s1.b1.f.a_bn`, `s1.b1.f.se.f_ex.0`, `s1.b1.proj`, `s1.b1.bn`. */
function pyclsRegnet(name: string): string {
  return timmRegnet(name)
    .replace(
      /\.conv([123])\.(conv|bn)/,
      (_, place: string, kind) => `.f.${' abc'[Number(place)]}${kind === 'bn' ? '_bn' : ''}`,
    )
    .replace(/\.se\.fc1/, '.f.se.f_ex.0')
    .replace(/\.se\.fc2/, '.f.se.f_ex.2')
    .replace(/\.downsample\.conv/, '.proj')
    .replace(/\.downsample\.bn/, '.bn');
}

/** torchvision's name of a MobileNetV2's parameter as timm has it: `blocks.1.0.conv_dw`. */
function timmMobilenet(name: string): string {
  const [, index, rest] = /^features\.(\d+)\.(.*)$/.exec(name) ?? [];
  if (index === undefined) return name.replace('classifier.1.', 'classifier.');
  if (index === '0') return rest!.replace(/^0\./, 'conv_stem.').replace(/^1\./, 'bn1.');
  if (index === '18') return rest!.replace(/^0\./, 'conv_head.').replace(/^1\./, 'bn2.');
  let [row, block] = [0, Number(index) - 1];
  for (const count of [1, 2, 3, 4, 3, 3, 1]) {
    if (block < count) break;
    [row, block] = [row + 1, block - count];
  }
  const layers =
    index === '1'
      ? { 'conv.0.0': 'conv_dw', 'conv.0.1': 'bn1', 'conv.1': 'conv_pw', 'conv.2': 'bn2' }
      : {
          'conv.0.0': 'conv_pw',
          'conv.0.1': 'bn1',
          'conv.1.0': 'conv_dw',
          'conv.1.1': 'bn2',
          'conv.2': 'conv_pwl',
          'conv.3': 'bn3',
        };
  const [own, variable] = [rest!.slice(0, rest!.lastIndexOf('.')), rest!.slice(rest!.lastIndexOf('.'))];
  return `blocks.${row}.${block}.${layers[own as keyof typeof layers]}${variable}`;
}

describe.each([
  ['torchvision', 'regnet_x_400mf', (name: string) => name, 'none'],
  ['timm', 'regnet_y_1_6gf', timmRegnet, 'timm-regnet'],
  ['pycls', 'regnet_y_400mf', pyclsRegnet, 'pycls-regnet'],
  ['pycls', 'regnet_x_400mf', pyclsRegnet, 'pycls-regnet'],
  ['torchvision', 'mobilenet_v2', (name: string) => name, 'none'],
  ['timm', 'mobilenet_v2', timmMobilenet, 'timm-mobilenetv2'],
] as const)("%s's names of %s", (_, network, rename, rules) => {
  test.each(['', 'module.', 'backbone.'])("each finds its place, by '%s' too", (prefix) => {
    const { values, expected, rules: used } = loaded(network, (name) => prefix + rename(name));
    expect(values).toEqual(expected);
    if (prefix === '') expect(used).toBe(rules);
  });
});

test('names are those that the libraries publish', () => {
  expect(timmRegnet('trunk_output.block1.block1-0.f.b.0.weight')).toBe('s1.b1.conv2.conv.weight');
  expect(pyclsRegnet('trunk_output.block1.block1-0.f.b.1.bias')).toBe('s1.b1.f.b_bn.bias');
  expect(timmMobilenet('features.2.conv.2.weight')).toBe('blocks.1.0.conv_pwl.weight');
});
