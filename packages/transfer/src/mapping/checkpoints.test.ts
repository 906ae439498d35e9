import { sizeOf, type TensorData, tensorData } from '@nats/graph';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../test/helpers/errors.js';
import { mapWeights } from './map-weights.js';
import { formatReport } from './report.js';

// Checkpoints as trainers and detectors leave them, each on a network of a few tensors. The network lies in a detector,
// as in the CLI, so that names in messages can be seen to be the file's.
const PREFIX = 'backbone.body.';
const shapes: Readonly<Record<string, readonly number[]>> = {
  'conv1.weight': [2, 3, 1, 1],
  'bn1.weight': [2],
  'bn1.running_var': [2],
  'layer1.0.conv1.weight': [2, 2, 1, 1],
  'layer1.0.downsample.0.weight': [2, 2, 1, 1],
};
const network = new Map(Object.entries(shapes).map(([name, shape]) => [PREFIX + name, { shape }]));
const map = (file: ReadonlyMap<string, TensorData>, options: Parameters<typeof mapWeights>[2] = {}) =>
  mapWeights(file, network, { prefix: PREFIX, ...options });

const filled = (shape: readonly number[], value: number) =>
  tensorData('float32', shape, Array<number>(sizeOf(shape)).fill(value));

/** The network's tensors behind a prefix, all of one value, and further tensors of one element. */
function file(prefix: string, value = 1, ...others: readonly string[]): Map<string, TensorData> {
  return new Map([
    ...Object.entries(shapes).map(([name, shape]) => [prefix + name, filled(shape, value)] as const),
    ...others.map((name) => [name, filled([1], 9)] as const),
  ]);
}

function both(a: ReadonlyMap<string, TensorData>, b: ReadonlyMap<string, TensorData>) {
  return new Map([...a, ...b]);
}

/** The rules that an error suggests. */
const suggested = (message: string) => JSON.parse(/rules[^{]*(\{.*\})/.exec(message)![1]!);

const valuesIn = (tensors: ReadonlyMap<string, TensorData>) =>
  new Set([...tensors.values()].flatMap(({ data }) => Array.from(data)));

describe('a network is found where trainers and detectors put it', () => {
  it.each([
    ['MoCo', file('module.encoder_q.', 1, 'module.queue', 'module.queue_ptr'), 'module.encoder_q.'],
    [
      'MoCo with the encoder of its keys',
      both(file('module.encoder_k.', 2), file('module.encoder_q.', 1)),
      'module.encoder_q.',
    ],
    ['BYOL', both(file('online_encoder.', 1), file('target_encoder.', 2)), 'online_encoder.'],
    ['DETR', file('backbone.0.body.', 1, 'transformer.x.weight', 'class_embed.weight'), 'backbone.0.body.'],
    [
      'VISSL',
      file('classy_state_dict.base_model.model.trunk._feature_blocks.', 1, 'x.y'),
      'classy_state_dict.base_model.model.trunk._feature_blocks.',
    ],
    ['DINO', both(file('student.module.backbone.', 2), file('teacher.backbone.', 1)), 'teacher.backbone.'],
    ['Lightning', file('model.backbone.', 1, 'loss.weight'), 'model.backbone.'],
    ['Lightning with an average', both(file('ema_model.module.', 2), file('model.', 1)), 'model.'],
    ['torch.compile in Lightning', file('net._orig_mod.', 1), 'net.'],
    ['AveragedModel (SWA)', file('module.', 1, 'n_averaged'), 'module.'],
    ['MMDetection', file('backbone.', 1, 'neck.lateral_convs.0.conv.weight', 'bbox_head.retina_cls.bias'), 'backbone.'],
    ['torchvision', file('backbone.body.', 1, 'backbone.fpn.inner_blocks.0.0.weight', 'head.x'), 'backbone.body.'],
    ['a name of its own', file('my_backbone.', 1, 'my_head.weight'), 'my_backbone.'],
    ['an odd key', file('checkpoint.', 1), 'checkpoint.'],
  ])('%s', (_, weights, inside) => {
    const { tensors, report } = map(weights);
    expect([...tensors.keys()]).toEqual([...network.keys()]);
    expect(valuesIn(tensors)).toEqual(new Set([1]));
    expect(report.inside).toBe(inside);
    expect([...report.outside].sort()).toEqual([...weights.keys()].filter((name) => !name.startsWith(inside)).sort());
  });

  it('a network that is the whole file is not looked for elsewhere', () => {
    expect(map(file('', 1)).report).toMatchObject({ inside: '', outside: [], others: [] });
    expect(map(file('module._orig_mod.', 1)).report).toMatchObject({ inside: '', rules: 'none' });
  });

  it('perceptrons in place of the classifier are no surprise', () => {
    for (const head of [
      'fc.0.weight',
      'fc.2.bias',
      'projection_head.1.running_mean',
      'prototypes.weight',
      'classifier.1.weight',
    ]) {
      const { report } = map(file('module.encoder_q.', 1, `module.encoder_q.${head}`));
      expect(report.expected.unexpected).toEqual([`module.encoder_q.${head}`]);
    }
  });

  it('copies are told', () => {
    const { report } = map(both(file('encoder_q.', 1), file('encoder_k.', 2)));
    expect(report.others).toEqual(['encoder_k.']);
    expect(formatReport(report)).toMatch(/the file has copies under "encoder_k\."\n.*outside "encoder_q\." \(5\)/s);
  });

  it('two models of which nothing tells which is meant are refused, with the rule that settles it', () => {
    const weights = both(file('generator.', 1), file('critic.', 2));
    const error = refusal(() => map(weights));
    expect(error.code).toBe('name');
    expect(error.message).toMatch(/2 that fit equally well: "generator\.", "critic\."/);
    const rules = JSON.parse(/rules: (\{.*\})/.exec(error.message)![1]!);
    expect(rules).toEqual({ drop: ['^critic\\.'] });
    expect(valuesIn(map(weights, { rules }).tensors)).toEqual(new Set([1]));
  });

  it('of two models the one with the right shapes is taken', () => {
    const other = new Map([...file('small.', 2)].map(([name]) => [name, filled([7], 2)]));
    expect(map(both(other, file('large.', 1))).report.inside).toBe('large.');
  });

  it("PaddlePaddle's names", () => {
    const names = [...network.keys()].map((name) =>
      name.replace('backbone.body.', '').replace('running_mean', '_mean').replace('running_var', '_variance'),
    );
    expect(names).toContain('bn1._variance');
    const weights = new Map(names.map((name, i) => [name, filled(Object.values(shapes)[i]!, 1)]));
    const { tensors, report } = map(weights);
    expect([...tensors.keys()]).toEqual([...network.keys()]);
    expect(report.rules).toBe('paddle');
  });

  it("transformers' names", () => {
    const names = [
      'resnet.embedder.embedder.convolution.weight',
      'resnet.embedder.embedder.normalization.weight',
      'resnet.embedder.embedder.normalization.running_var',
      'resnet.encoder.stages.0.layers.0.layer.0.convolution.weight',
      'resnet.encoder.stages.0.layers.0.shortcut.convolution.weight',
    ];
    const weights = new Map(names.map((name, i) => [name, filled(Object.values(shapes)[i]!, 1)]));
    weights.set('classifier.1.weight', filled([4, 2], 1));
    const { tensors, report } = map(weights);
    expect([...tensors.keys()]).toEqual([...network.keys()]);
    expect(report).toMatchObject({ rules: 'transformers', expected: { unexpected: ['classifier.1.weight'] } });
  });
});

describe('rules that would only hide what is wrong are not suggested', () => {
  it('a network with more than this one', () => {
    const { code, message } = refusal(() => map(file('', 1, 'layer1.0.se.fc1.weight', 'layer1.0.se.fc2.weight')));
    expect(code).toBe('state');
    expect(message).toMatch(/squeeze and excitation.*not built here: choose a file of this network$/);
    expect(message).not.toMatch(/"drop"/);
  });

  it('an ONNX file whose norms are folded', () => {
    const weights = new Map([...file('')].filter(([name]) => !name.startsWith('bn1')));
    weights.set('onnx::Conv_193', filled([2], 1));
    const { message } = refusal(() => map(weights));
    expect(message).toMatch(/2 missing: bn1\.weight.*norms of this ONNX file went into its convolutions.*state_dict/);
    expect(message).not.toMatch(/"optional"/);
  });
});

describe('rules of a config', () => {
  it('drop and rename before the set, in the names of the file', () => {
    const weights = both(file('trunk/', 1), new Map([['trunk/queue', filled([1], 9)]]));
    const rules = { drop: ['queue$'], rename: { '^trunk/': '' } };
    const { report } = map(weights, { rules });
    expect(report).toMatchObject({ rules: 'custom, none', dropped: ['trunk/queue'], missing: [] });
    expect(map(weights, { rules: { ...rules, set: 'timm' } }).report.rules).toBe('custom, custom, timm');
  });

  it('the place is found after renaming, too', () => {
    expect(map(file('a/b.', 1), { rules: { rename: { '^a/': 'x.' } } }).report.inside).toBe('x.b.');
  });

  it('optional names may be missing or of another shape', () => {
    const weights = file('', 1);
    weights.delete('layer1.0.conv1.weight');
    weights.set('conv1.weight', filled([2, 4, 1, 1], 1));
    expect(refusal(() => map(weights)).message).toMatch(/1 missing: layer1.*1 mismatched: conv1\.weight/);
    const { report, tensors } = map(weights, { rules: { optional: ['^layer1\\.', '^conv1'] } });
    expect(report.expected.missing).toEqual(['backbone.body.layer1.0.conv1.weight']);
    expect(tensors.size).toBe(3);
  });

  it.each([{ drop: ['('] }, { rename: { '(?=x)': '' } }, { optional: ['['] }])('no pattern: %j', (rules) => {
    expect(refusal(() => map(file('', 1), { rules })).code).toBe('attribute');
  });

  it('patterns that would hang a backtracking engine do not', () => {
    const weights = both(file('', 1), new Map([[`${'a'.repeat(500)}!`, filled([1], 9)]]));
    expect(() => map(weights, { rules: { drop: ['^(a+)+$'] } })).toThrow(/1 unexpected: a+!/);
  });
});

describe('what does not fit is said in the names of the file, with rules that settle it', () => {
  it('a few names too much', () => {
    const weights = file('', 1, 'extra', 'queue.ptr');
    const { message } = refusal(() => map(weights));
    expect(message).toMatch(/2 unexpected: extra.*queue\.ptr.*5 fit/);
    expect(message).not.toContain(PREFIX);
    expect(map(weights, { rules: suggested(message) }).report.dropped).toEqual(['extra', 'queue.ptr']);
  });

  it('many names too much, and names that are not there', () => {
    const weights = file('', 1, ...Array.from({ length: 20 }, (_, i) => `decoder.${i}.weight`));
    weights.delete('layer1.0.conv1.weight');
    const { message } = refusal(() => map(weights));
    const rules = suggested(message);
    expect(rules).toEqual({ drop: ['^decoder\\.'], optional: ['^layer1\\.0\\.conv1\\.weight$'] });
    expect(map(weights, { rules }).tensors.size).toBe(4);
  });

  it('a suggested pattern does not cover what fits', () => {
    const weights = file('', 1, ...Array.from({ length: 5 }, (_, i) => `layer1.0.extra.${i}.weight`));
    const rules = suggested(refusal(() => map(weights)).message);
    expect(rules).toEqual({ drop: ['^layer1\\.0\\.extra\\.'] });
    expect(map(weights, { rules }).tensors.size).toBe(5);
  });

  it('names that begin otherwise', () => {
    const weights = file('resnet/', 1);
    const { message } = refusal(() => map(weights));
    expect(suggested(message)).toEqual({ rename: { '^resnet/': '' } });
    expect(map(weights, { rules: suggested(message) }).tensors.size).toBe(5);
  });

  it('another network', () => {
    const weights = new Map([['features.0.weight', filled([8, 3, 3, 3], 1)]]);
    expect(refusal(() => map(weights)).message).toMatch(/if the file is of another network, choose the one that fits/);
    expect(refusal(() => map(new Map())).message).toMatch(/choose a file of this network/);
  });

  it('two tensors for one name', () => {
    const weights = both(file('', 1), file('copy/', 1));
    const { message } = refusal(() => map(weights, { rules: { rename: { '^copy/': '' } } }));
    expect(message).toMatch(/"conv1\.weight" and "copy\/conv1\.weight".*drop one.*\^conv1/);
  });

  it('control characters of names are made visible', () => {
    const weights = file('', 1, 'a\u001b[2Jb\nc\u202e');
    expect(refusal(() => map(weights)).message).toContain('a\\u{1b}[2Jb\\u{a}c\\u{202e}');
    expect(formatReport(map(weights, { strict: false }).report)).toContain('a\\u{1b}[2Jb\\u{a}c\\u{202e}');
  });
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('weights with %s are refused', (value) => {
  const weights = file('m.', 1);
  weights.get('m.bn1.weight')!.data[1] = value;
  const error = refusal(() => map(weights, { strict: false }));
  expect(error.code).toBe('not-finite');
  expect(error.message).toMatch(/1 of 5 tensors: "m\.bn1\.weight"/);
});

it('negative variances are refused', () => {
  const weights = file('m.', 1);
  weights.get('m.bn1.running_var')!.data[1] = -0.5;
  const error = refusal(() => map(weights, { strict: false }));
  expect(error.code).toBe('not-finite');
  expect(error.message).toMatch(/negative ones in 1 tensors: "m\.bn1\.running_var"/);
});

it("modules by their number in torchvision's ResNet: nn.Sequential(*resnet.children())", () => {
  const names = ['0.weight', '1.weight', '1.running_var', '4.0.conv1.weight', '4.0.downsample.0.weight'];
  const weights = new Map([...file('')].map(([, tensor], i) => [`backbone.${names[i]}`, tensor] as const));
  const { tensors, report } = map(weights);
  expect(tensors.size).toBe(5);
  expect(report.rules).toBe('torchvision-sequential, inside "backbone."');
});

it('missing statistics of many norms are one pattern; what suggested patterns leave is not called settled', () => {
  const norms = Array.from({ length: 30 }, (_, i) => [`layer${i}.0.bn1.weight`, `layer${i}.0.bn1.running_var`]);
  const network = new Map(norms.flat().map((name) => [PREFIX + name, { shape: [1] }]));
  const without = new Map(norms.map(([weight]) => [weight!, filled([1], 1)]));
  const mapped = (rules?: object) => mapWeights(without, network, { prefix: PREFIX, ...(rules && { rules }) });
  const { message } = refusal(() => mapped());
  expect(message).toMatch(/rules that settle it: \{"optional":\["\\\\\.running_var\$"\]\}/);
  expect(mapped(suggested(message)).tensors.size).toBe(30);
  const half = new Map([...network.keys()].slice(0, 40).map((name) => [name.slice(PREFIX.length), filled([1], 1)]));
  const { message: other } = refusal(() => mapWeights(half, network, { prefix: PREFIX }));
  expect(other).toMatch(/rules such as \{"optional":/);
});

it('what is not loaded may be anything', () => {
  const weights = file('', 1);
  weights.set('queue', filled([2], Number.NaN));
  expect(map(weights, { rules: { drop: ['queue'] } }).tensors.size).toBe(5);
});

it('batch norms of another epsilon compute the same', () => {
  const weights = file('', 1);
  weights.set('bn1.weight', tensorData('float32', [2], [3, 0]));
  weights.set('bn1.running_var', tensorData('float32', [2], [2e-7, 0]));
  const { tensors, report } = map(weights, { batchNormEpsilon: 0 });
  expect(report.rescaled).toEqual(['backbone.body.bn1.weight']);
  const [weight, zero] = tensors.get('backbone.body.bn1.weight')!.data;
  const variance = weights.get('bn1.running_var')!.data[0]!;
  expect(weight! / Math.sqrt(variance + 1e-5) / (3 / Math.sqrt(variance))).toBeCloseTo(1, 6);
  expect(zero).toBe(0);
  expect(tensors.get('backbone.body.bn1.running_var')).toBe(weights.get('bn1.running_var'));
  expect(map(weights).report.rescaled).toEqual([]);
});
