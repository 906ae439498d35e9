import { encodeDetector, readDetectorMetadata } from '@nats/detect';
import { encodeProgram, readModel } from '@nats/export';
import { cast, concat, createProgram, createScope, input, multiply, reshape, tensorData } from '@nats/graph';
import { createScheme, schemeToJson } from '@nats/space';
import { detectFormat, parseTfjs, parseWeights, tfjsShards } from '@nats/transfer';
import { type FuzzedReader, text } from './fuzzed-reader.js';

/** A detector in a file, as small as one can be. */
function detector(): Uint8Array[] {
  const images = input('images', 'float32', ['N', 1, 2, 3]);
  const weight = createScope().parameter('head.weight', [6], { kind: 'constant', value: 1 });
  const scores = multiply(reshape(images, ['N', 6]), weight);
  const side = reshape(scores, ['N', 6, 1]);
  const program = createProgram({
    outputs: { boxes: concat([side, side, side, side], 2), scores, labels: cast(scores, 'int32') },
  });
  const scheme = schemeToJson(
    createScheme({
      backbone: 'none',
      genotypes: [[1, 1]],
      convolutions: [],
      provenance: { method: 'by hand', tool: { name: 'test', version: '1' } },
    }),
  );
  const options = {
    values: new Map([['head.weight', tensorData('float32', [6], [1, 2, 3, 4, 5, 6])]]),
    classes: ['cat', 'dog'],
    statistics: { mean: [0.1], deviation: [0.5] },
    tool: 'test',
  };
  return [
    encodeDetector(program, { ...options, scheme }),
    encodeDetector(program, { ...options, suppression: false }),
    encodeProgram(program),
  ];
}

/** Models for detection: what `nats detect` and `inspect` ask of an ONNX file, and its weights. */
export const models: FuzzedReader = {
  name: 'models',
  corpus: async () => detector(),
  read: async (bytes, _, number) => {
    if (number % 4 === 0) return parseWeights(bytes, { name: 'model.onnx' });
    return number % 2 === 0 ? readModel(bytes, 'model.onnx') : readDetectorMetadata(bytes, 'model.onnx');
  },
};

const layers = {
  format: 'layers-model',
  generatedBy: 'keras v2.15.0',
  modelTopology: { keras_version: '2.15.0', backend: 'tensorflow' },
  weightsManifest: [
    {
      paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
      weights: [
        { name: 'conv1/kernel', shape: [1, 2, 3, 2], dtype: 'float32' },
        { name: 'conv1/bias', shape: [2], dtype: 'int32' },
        {
          name: 'bn/gamma',
          shape: [4],
          dtype: 'float32',
          quantization: { min: -1, scale: 0.5, dtype: 'uint8', original_dtype: 'float32' },
        },
      ],
    },
  ],
};
const graph = {
  format: 'graph-model',
  modelTopology: {
    node: [
      { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
      { name: 'conv', op: 'Conv2D', input: ['x', 'w'], attr: { data_format: { s: 'TkhXQw==' } } },
    ],
  },
  weightsManifest: [{ paths: ['s.bin'], weights: [{ name: 'w', shape: [3, 3, 1, 2], dtype: 'float32' }] }],
};

/** `model.json` of TensorFlow.js; its shards are there, as long as the unchanged file says. */
export const tfjs: FuzzedReader = {
  name: 'tfjs',
  corpus: async () => [text(layers), text(JSON.stringify(graph, null, 2))],
  read: async (bytes, _, number) => {
    detectFormat(bytes, { name: 'model.json' });
    const paths = tfjsShards(bytes, { name: 'model.json' });
    const lengths = paths.length === 2 ? [30, 30] : [72];
    const shards = new Map(paths.map((path, i) => [path, new Uint8Array(lengths[i] ?? 4)]));
    return parseTfjs(bytes, shards, { name: 'model.json', layout: number % 2 === 0 ? 'pytorch' : 'stored' });
  },
};
