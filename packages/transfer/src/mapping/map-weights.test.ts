import { readFileSync } from 'node:fs';
import { NatsError, sizeOf, type TensorData, tensorData } from '@nats/graph';
import { describe, expect, it } from 'vitest';
import { resnet20 } from '../../test/helpers/cifar-resnet.js';
import { sharedFolder } from '../../test/helpers/shared.js';
import { readWeights } from '../read-weights.js';
import type { Weights } from '../weights.js';
import { mapWeights } from './map-weights.js';
import { formatReport } from './report.js';
import { RULE_SETS } from './rule-sets.js';

const shapes = JSON.parse(
  readFileSync(new URL('../fixtures/torchvision-shapes.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, number[]>>;

/** torchvision's names and shapes of a model, its channels divided by `thin` to keep tests light. */
function network(model: string, thin = 16): Map<string, { shape: number[] }> {
  const entries = Object.entries(shapes[model]!).map(([name, shape]) => {
    const slim = shape.map((dimension) => (dimension >= thin ? Math.ceil(dimension / thin) : dimension));
    return [name, { shape: name.startsWith('conv1.') ? [slim[0]!, 3, 7, 7] : slim }] as const;
  });
  return new Map(entries);
}

/** Tensors for a network, each filled with a number of its own. */
function fill(expected: ReadonlyMap<string, { shape: readonly number[] }>, rename = (name: string) => name) {
  return new Map<string, TensorData>(
    [...expected].map(([name, { shape }], index) => {
      const values = Array.from({ length: sizeOf(shape) }, (_, i) => index + i / 1000);
      return [rename(name), tensorData('float32', shape, values)];
    }),
  );
}

function withoutCounters<T>(map: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...map].filter(([name]) => !name.endsWith('num_batches_tracked')));
}

/** torchvision's names to detectron2's, as tools/convert-torchvision-to-d2.py of detectron2 describes them. */
function detectron2Name(name: string): string {
  const staged = name.includes('layer') ? name : `stem.${name}`;
  return staged
    .replace(/layer(\d)/, (_, stage: string) => `res${Number(stage) + 1}`)
    .replace(/bn(\d)/, 'conv$1.norm')
    .replace('downsample.0', 'shortcut')
    .replace('downsample.1', 'shortcut.norm');
}

/** torchvision's names to Caffe2's blobs. */
function caffe2Name(name: string): string {
  const suffix = { weight: 'w', bias: 'b' }[name.replace(/^.*\./, '')] ?? '?';
  const norm = suffix === 'w' ? 's' : 'b';
  if (name.startsWith('fc.')) return `fc1000_${suffix}`;
  if (name.startsWith('conv1.')) return 'conv1_w';
  if (name.startsWith('bn1.')) return `res_conv1_bn_${norm}`;
  const [, stage, block, rest] = /^layer(\d)\.(\d+)\.(.*)\.\w+$/.exec(name)!;
  const at = `res${Number(stage) + 1}_${block}_branch`;
  if (rest === 'downsample.0') return `${at}1_w`;
  if (rest === 'downsample.1') return `${at}1_bn_${norm}`;
  const letter = ' abc'[Number(rest!.at(-1))];
  return rest!.startsWith('bn') ? `${at}2${letter}_bn_${norm}` : `${at}2${letter}_w`;
}

function error(run: () => unknown): NatsError {
  try {
    run();
  } catch (reason) {
    expect(reason).toBeInstanceOf(NatsError);
    return reason as NatsError;
  }
  throw new Error('nothing was thrown');
}

describe('conventions', () => {
  const resnet50 = network('resnet50');

  it('torchvision: all names of real models, as they are', () => {
    for (const model of Object.keys(shapes)) {
      const expected = network(model);
      const file = fill(expected);
      const { tensors, report } = mapWeights(file, expected);
      expect([...tensors]).toEqual([...file]);
      expect(report).toMatchObject({ rules: 'none', missing: [], unexpected: [], mismatched: [] });
      expect(report.loaded).toHaveLength(expected.size);
    }
  });

  it('module. prefixes, and a backbone inside a detector or trainer', () => {
    const expected = withoutCounters(network('resnet18'));
    for (const prefix of [
      'module.',
      '_orig_mod.',
      'module._orig_mod.',
      'backbone.',
      'backbone.body.',
      'module.encoder.',
    ]) {
      const { tensors } = mapWeights(
        fill(expected, (name) => prefix + name),
        expected,
      );
      expect([...tensors.keys()], prefix).toEqual([...expected.keys()]);
    }
  });

  it('timm: another name of the head', () => {
    const expected = network('resnet18');
    const file = fill(expected, (name) => name.replace(/^fc\./, 'last_linear.'));
    const { tensors, report } = mapWeights(file, expected);
    expect(report.rules).toBe('timm');
    expect(tensors.get('fc.weight')).toBe(file.get('last_linear.weight'));
  });

  it('CIFAR ResNets: linear is fc, option B shortcuts are downsample', () => {
    const names = [
      'conv1.weight',
      'bn1.weight',
      'layer2.0.shortcut.0.weight',
      'layer2.0.shortcut.1.running_var',
      'linear.bias',
    ];
    const file = new Map(names.map((name) => [`module.${name}`, tensorData('float32', [1], [0])]));
    const wanted = [
      'conv1.weight',
      'bn1.weight',
      'layer2.0.downsample.0.weight',
      'layer2.0.downsample.1.running_var',
      'fc.bias',
    ];
    const { tensors, report } = mapWeights(file, new Map(wanted.map((name) => [name, { shape: [1] }])));
    expect([...tensors.keys()]).toEqual(wanted);
    expect(report.rules).toBe('cifar-resnet');
  });

  it('detectron2: every name of ResNet-50 finds its place, and BGR becomes RGB', () => {
    const expected = withoutCounters(resnet50);
    const file = fill(expected, detectron2Name);
    expect(file.has('stem.conv1.norm.weight') && file.has('res2.0.conv1.weight')).toBe(true);
    const { tensors, report } = mapWeights(file, expected);
    expect(report).toMatchObject({ rules: 'detectron2', missing: [], unexpected: [], filled: [] });
    expect(report.reversed).toEqual(['conv1.weight']);
    for (const name of expected.keys()) {
      const stored = file.get(detectron2Name(name))!;
      if (name !== 'conv1.weight') expect(tensors.get(name)).toBe(stored);
    }
    const rgb = tensors.get('conv1.weight')!;
    const bgr = file.get('stem.conv1.weight')!;
    for (let o = 0; o < rgb.shape[0]!; o++) {
      for (let channel = 0; channel < 3; channel++) {
        for (let at = 0; at < 49; at++) {
          expect(rgb.data[(o * 3 + channel) * 49 + at]).toBe(bgr.data[(o * 3 + 2 - channel) * 49 + at]);
        }
      }
    }
  });

  it('detectron2 files converted from torchvision, and detectron2-rgb, stay RGB', () => {
    const expected = withoutCounters(resnet50);
    const tensors = fill(expected, detectron2Name);
    const weights: Weights = {
      format: 'pickle',
      tensors,
      storedDtypes: new Map(),
      metadata: { __author__: 'torchvision' },
    };
    for (const result of [mapWeights(weights, expected), mapWeights(tensors, expected, { rules: 'detectron2-rgb' })]) {
      expect(result.report.rules).toBe('detectron2-rgb');
      expect(result.report.reversed).toEqual([]);
      expect(result.tensors.get('conv1.weight')).toBe(tensors.get('stem.conv1.weight'));
    }
  });

  it('a detectron2 detector: the backbone behind bottom_up, the rest dropped by a rule', () => {
    const expected = new Map([...withoutCounters(resnet50)].filter(([name]) => !name.startsWith('fc.')));
    const file = fill(expected, (name) => `backbone.bottom_up.${detectron2Name(name)}`);
    file.set('proposal_generator.conv.weight', tensorData('float32', [1], [0]));
    const { report } = mapWeights(file, expected, {
      rules: ['detectron2', { match: '^(?:proposal_generator|roi_heads)\\.', replace: null }],
    });
    expect(report.loaded).toHaveLength(expected.size);
    expect(report.dropped).toEqual(['proposal_generator.conv.weight']);
  });

  it('Caffe2 blobs: statistics merged into scale and shift are filled as the identity', () => {
    const expected = withoutCounters(resnet50);
    const merged = new Map([...expected].filter(([name]) => !/running_/.test(name)));
    const file = fill(merged, caffe2Name);
    file.set('conv1_w_momentum', tensorData('float32', [1], [0]));
    const { tensors, report } = mapWeights(file, expected);
    expect(report).toMatchObject({ rules: 'caffe2', missing: [], unexpected: [] });
    expect(report.filled).toHaveLength(106);
    expect(report.dropped).toEqual(['conv1_w_momentum']);
    expect(tensors.size).toBe(expected.size);
    // (x - mean) / sqrt(var + eps) * weight + bias is x * weight + bias.
    expect(tensors.get('layer1.0.bn1.running_mean')!.data[0]).toBe(0);
    expect(tensors.get('layer1.0.bn1.running_var')!.data[0]! + 1e-5).toBeCloseTo(1, 7);
    expect(tensors.get('layer1.0.downsample.1.weight')).toBe(file.get('res2_0_branch1_bn_s'));
  });
});

const small = new Map([
  ['conv1.weight', { shape: [2, 3, 1, 1] }],
  ['bn1.weight', { shape: [2] }],
  ['fc.weight', { shape: [4, 2] }],
]);

const shared = sharedFolder('data/cifar-resnet/resnet20-12fca82f.th');

it.skipIf(!shared)(`a real CIFAR ResNet-20${shared ? '' : ' (NATS_SHARED is not set)'}`, async () => {
  const expected = resnet20('backbone.body.');
  const weights = await readWeights(shared!);
  const { tensors, report } = mapWeights(weights, expected, { prefix: 'backbone.body.', tolerate: [] });
  expect(report.rules).toBe('cifar-resnet');
  expect([...tensors.keys()]).toEqual([...expected.keys()]);
  expect(tensors.get('backbone.body.fc.bias')).toBe(weights.tensors.get('module.linear.bias'));
});

describe('rules of the caller', () => {
  it('regular expressions in order, from text or not, before or after a set', () => {
    const file = fill(small, (name) => `enc/${name.replaceAll('.', '/')}`);
    const rules = [
      { match: '^enc/', replace: '' },
      { match: /\//g, replace: '.' },
    ];
    expect([...mapWeights(file, small, { rules }).tensors.keys()]).toEqual([...small.keys()]);
    expect(mapWeights(file, small, { rules: [...rules, 'torchvision'] }).report.rules).toBe(
      'custom, custom, torchvision',
    );
  });

  it('a global expression keeps no state between names', () => {
    const rules = [{ match: /x/g, replace: '' }];
    const file = fill(small, (name) => `x${name}`);
    expect(mapWeights(file, small, { rules }).report.loaded).toHaveLength(3);
    expect(mapWeights(file, small, { rules }).report.loaded).toHaveLength(3);
  });

  it('mistakes are named', () => {
    expect(error(() => mapWeights(new Map(), small, { rules: [{ match: '(', replace: '' }] })).code).toBe('attribute');
    expect(error(() => mapWeights(new Map(), small, { rules: 'keras' as 'timm' })).message).toMatch(/detectron2-rgb/);
    const rules = [{ match: /^.*$/, replace: 'bn1.weight' }];
    const clash = error(() => mapWeights(fill(small), small, { rules }));
    expect(clash.code).toBe('name');
    expect(clash.message).toMatch(/"conv1\.weight" and "bn1\.weight"/);
  });
});

describe('prefix', () => {
  const behind = new Map([...small].map(([name, value]) => [`backbone.body.${name}`, value]));
  const detector = new Map([...behind, ['head.cls.weight', { shape: [1] }]]);

  it('goes before mapped names, and limits what is asked for', () => {
    const { tensors, report } = mapWeights(fill(small), detector, { prefix: 'backbone.body.' });
    expect([...tensors.keys()]).toEqual([...behind.keys()]);
    expect(report.missing).toEqual([]);
  });

  it('is not put twice', () => {
    const { tensors } = mapWeights(fill(behind), detector, { prefix: 'backbone.body.' });
    expect(tensors.size).toBe(3);
  });
});

describe('differences', () => {
  const without = (...names: string[]) => new Map([...fill(small)].filter(([name]) => !names.includes(name)));

  it('strict names the surprises and the nearest names', () => {
    const file = without('conv1.weight');
    file.set('conv_1.weight', tensorData('float32', [2, 3, 1, 1], [0, 0, 0, 0, 0, 0]));
    const thrown = error(() => mapWeights(file, small));
    expect(thrown.code).toBe('state');
    expect(thrown.message).toMatch(/1 missing: conv1\.weight \(nearest: conv_1\.weight\)/);
    expect(thrown.message).toMatch(/1 unexpected: conv_1\.weight \(nearest: conv1\.weight\)/);
    const { tensors, report } = mapWeights(file, small, { strict: false });
    expect(report).toMatchObject({ missing: ['conv1.weight'], unexpected: ['conv_1.weight'] });
    expect([...tensors.keys()]).toEqual(['bn1.weight', 'fc.weight']);
  });

  it('another shape or dtype is a surprise, and not loaded', () => {
    const file = fill(small);
    file.set('bn1.weight', tensorData('float32', [3], [0, 0, 0]));
    expect(error(() => mapWeights(file, small)).message).toMatch(/bn1\.weight is float32 \[3\], not float32 \[2\]/);
    file.set('bn1.weight', tensorData('int32', [2], [0, 0]));
    const typed = new Map([...small].map(([name, { shape }]) => [name, { shape, dtype: 'float32' as const }]));
    expect(error(() => mapWeights(file, typed)).message).toMatch(/bn1\.weight is int32 \[2\], not float32/);
    const { report, tensors } = mapWeights(file, typed, { strict: false });
    expect(report.missing).toEqual([]);
    expect(tensors.has('bn1.weight')).toBe(false);
  });

  it('dimensions of size 1 are added and removed', () => {
    const file = fill(small);
    file.set('fc.weight', tensorData('float32', [4, 2, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8]));
    const { tensors, report } = mapWeights(file, small);
    expect(tensors.get('fc.weight')).toEqual(tensorData('float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
    expect(report.reshaped).toEqual([{ name: 'fc.weight', source: 'fc.weight', from: [4, 2, 1, 1], to: [4, 2] }]);
    file.set('fc.weight', tensorData('float32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]));
    expect(mapWeights(file, small, { strict: false }).report.expected.mismatched).toHaveLength(1);
  });

  it('a head of other classes, no head, a head too much, and counters are expected', () => {
    const backbone = new Map([...small].filter(([name]) => name !== 'fc.weight'));
    const file = fill(small);
    file.set('bn1.num_batches_tracked', tensorData('int32', [], [7]));
    const extra = mapWeights(file, backbone).report;
    expect(extra.expected.unexpected).toEqual(['fc.weight', 'bn1.num_batches_tracked']);
    expect(mapWeights(without('fc.weight'), small).report.expected.missing).toEqual(['fc.weight']);
    file.set('fc.weight', tensorData('float32', [1, 2], [0, 0]));
    const other = mapWeights(file, small);
    expect(other.report.expected.mismatched).toEqual([
      { name: 'fc.weight', source: 'fc.weight', received: 'float32 [1, 2]', wanted: 'float32 [4, 2]' },
    ]);
    expect(other.tensors.has('fc.weight')).toBe(false);
    expect(error(() => mapWeights(file, small, { tolerate: [] })).message).toMatch(/num_batches_tracked/);
  });

  it('a head behind a prefix is one too', () => {
    const expected = new Map([...small].map(([name, value]) => [`net.${name}`, value]));
    const { report } = mapWeights(without('fc.weight'), expected, { prefix: 'net.', rules: 'none' });
    expect(report.expected.missing).toEqual(['net.fc.weight']);
  });

  it('the report reads well', () => {
    const file = without('bn1.weight', 'fc.weight');
    for (let i = 0; i < 12; i++) file.set(`extra${i}`, tensorData('float32', [1], [0]));
    expect(formatReport(mapWeights(file, small, { strict: false }).report)).toBe(
      [
        '1 tensors loaded (rules: none)',
        'missing (1): bn1.weight',
        'unexpected (12): extra0, extra1, extra2, extra3, extra4, extra5, extra6, extra7, … 4 more',
        'missing, as expected (1): fc.weight',
      ].join('\n'),
    );
  });
});

it('rule sets are plain data', () => {
  for (const { rules } of Object.values(RULE_SETS)) {
    for (const rule of rules)
      expect(Object.keys(rule).every((key) => ['match', 'replace', 'transform'].includes(key))).toBe(true);
  }
});
