import { toBinary } from '@bufbuild/protobuf';
import { programModel, readModel } from '@nats/export';
import { cast, concat, createProgram, createScope, input, multiply, NatsError, reshape, tensorData } from '@nats/graph';
import { createScheme, schemeToJson } from '@nats/space';
import { ModelProtoSchema } from 'onnx-buf';
import { expect, test } from 'vitest';
import { type EncodeDetectorOptions, encodeDetector } from './encode-detector.js';
import { conventionMetadata, readDetectorMetadata } from './metadata.js';

const images = input('images', 'float32', ['N', 1, 2, 3]);
const scope = createScope();
const scores = multiply(reshape(images, ['N', 6]), scope.parameter('head.weight', [6], { kind: 'constant', value: 1 }));
const side = reshape(scores, ['N', 6, 1]);
const outputs = { boxes: concat([side, side, side, side], 2), scores, labels: cast(scores, 'int32') };
const program = createProgram({ outputs });
const options: EncodeDetectorOptions = {
  values: new Map([['head.weight', tensorData('float32', [6], [1, 2, 3, 4, 5, 6])]]),
  classes: ['a "quoted" name', 'ß'],
  statistics: { mean: [0.1], deviation: [1 / 3] },
  tool: 'test 1.2.3',
};

/** Of a network that has nothing to be transformed, as this one. */
const scheme = schemeToJson(
  createScheme({
    backbone: 'none',
    genotypes: [[1, 1]],
    convolutions: [],
    provenance: { method: 'by hand', tool: { name: 'test', version: '1' } },
  }),
);

test('all that was said is read', () => {
  const bytes = encodeDetector(program, {
    ...options,
    preprocessing: 'NHWC',
    padValue: 7,
    thresholds: { maxDetections: 3 },
    scheme,
    metadata: { license: 'MIT', format: 'cannot be replaced' },
  });
  expect(readDetectorMetadata(bytes)).toEqual({
    classes: options.classes,
    input: {
      name: 'images',
      preprocessing: 'model',
      dtype: 'uint8',
      layout: 'NHWC',
      channels: 1,
      size: [2, 3],
      letterbox: { padValue: 7 },
      statistics: options.statistics,
    },
    output: { kind: 'detections', count: 3, pixels: 'image' },
    thresholds: { scoreThreshold: 0.05, iouThreshold: 0.5, maxDetections: 3 },
    tool: 'test 1.2.3',
    scheme,
  });
  expect(readModel(bytes).metadata.license).toBe('MIT');
  expect(readModel(bytes).inputs).toMatchObject([{ name: 'images', note: expect.stringContaining('N >= 1') }]);
  const plain = readDetectorMetadata(encodeDetector(program, { ...options, suppression: false }));
  expect(plain).toMatchObject({
    input: { preprocessing: 'caller', dtype: 'float32', layout: 'NCHW', letterbox: { padValue: 114 } },
    output: { kind: 'candidates', count: 6, pixels: 'canvas' },
    thresholds: { maxDetections: 100 },
  });
  expect(plain).not.toHaveProperty('scheme');
});

test('the same detector gives the same bytes', () => {
  expect(encodeDetector(program, options)).toEqual(encodeDetector(program, options));
});

const error = (run: () => unknown) => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof NatsError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'nothing was thrown';
};

test.each([
  [
    'other outputs',
    { boxes: outputs.boxes, scores },
    /^shape: .*received images float32\[N, 1, 2, 3\], boxes.*labels int32 \[N, K\].*/,
  ],
  ['labels that are no whole numbers', { ...outputs, labels: scores }, /^shape: /],
  ['boxes of another number', { ...outputs, boxes: reshape(images, ['N', 2, 3]) }, /^shape: /],
  ['masks of other boxes', { ...outputs, masks: reshape(images, ['N', 2, 1, 3]) }, /^shape: .*perhaps masks/],
])('a program with %s is refused', (_, other, message) => {
  expect(error(() => encodeDetector(createProgram({ outputs: other }), options))).toMatch(message);
});

test.each<[string, Partial<EncodeDetectorOptions>, RegExp]>([
  ['no classes', { classes: [] }, /^attribute: .*a detector has at least one class/],
  [
    'statistics of three channels',
    { statistics: { mean: [0, 0, 0], deviation: [1, 1, 1] } },
    /^attribute: .*1 channels/,
  ],
  ['a deviation of 0', { statistics: { mean: [0], deviation: [0] } }, /^attribute: .*positive deviation/],
  ['a threshold of 2', { thresholds: { iouThreshold: 2 } }, /^attribute: .*"iouThreshold":2.*from 0 to 1/],
  ['a maxDetections of 0', { thresholds: { maxDetections: 0 } }, /^attribute: .*at least 1/],
  ['a padValue of 300', { padValue: 300 }, /^attribute: .*0 to 255/],
  [
    'a missing weight',
    { values: new Map() },
    /^state: .*received none for head.weight.*every weight of a detector has a value/,
  ],
])('%s is refused', (_, wrong, message) => {
  expect(error(() => encodeDetector(program, { ...options, ...wrong }))).toMatch(message);
});

const written = conventionMetadata(readDetectorMetadata(encodeDetector(program, options)));

test.each<[string, Record<string, string | undefined>, RegExp]>([
  ['no format', { format: undefined }, /^malformed: .*received none.*nats detector 1/],
  ['the format of something else', { format: 'yolo' }, /^malformed: .*received yolo/],
  ['a later format', { format: 'nats detector 2' }, /^unsupported: .*a\.onnx.*received nats detector 2/],
  ['no classes', { classes: undefined }, /^malformed: .*metadata classes.*received none/],
  ['an input that is no JSON', { input: '{' }, /^malformed: .*metadata input.*received {/],
  [
    'an output of another kind',
    { output: '{"kind":"masks","count":1,"pixels":"image"}' },
    /^malformed: .*metadata output/,
  ],
  [
    'masks without a side',
    { output: '{"kind":"detections","count":1,"pixels":"image","masks":true}' },
    /^malformed: .*metadata output/,
  ],
  [
    'thresholds that are none',
    { thresholds: '{"scoreThreshold":3,"iouThreshold":0.5,"maxDetections":1}' },
    /^malformed: .*from 0 to 1/,
  ],
])('a file with %s is refused', (_, change, message) => {
  const metadata = Object.entries({ ...written, ...change }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const model = programModel(program, { metadata: Object.fromEntries(metadata) });
  expect(error(() => readDetectorMetadata(toBinary(ModelProtoSchema, model), 'a.onnx'))).toMatch(message);
});
