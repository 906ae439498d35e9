import { encodeDetector, exportDetector } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  evaluate,
  foldVariables,
  gradients,
  initialize,
  input,
  type StateSpec,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { goldenState, hashed } from '@nats/graph/testing';
import {
  type BackboneConfig,
  createScheme,
  IMAGENET_STATISTICS,
  layoutPass,
  programCosts,
  type Scheme,
  schemeBuilder,
  schemeToJson,
  searchSpace,
} from '@nats/space';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, test } from 'vitest';
import {
  buildDetector,
  cascadeRcnnConfig,
  type DetectorConfig,
  demoDetectorConfig,
  demoFasterRcnnConfig,
  maskRcnnConfig,
  retinanetConfig,
} from '../src/index.js';

const SIZE = [64, 64] as const;

/** One of each family that is no ResNet, small enough for every detector; stages of stride 4, 8 and 16. */
const BACKBONES: Readonly<Record<string, BackboneConfig>> = {
  'regnet-y': {
    kind: 'regnet',
    name: 'small-regnet-y',
    inputChannels: 3,
    stemChannels: 8,
    stages: [8, 16, 24].map((channels) => ({ blocks: 1, channels, groupWidth: 4, stride: 2 })),
    squeezeRatio: 0.25,
    norm: { kind: 'batch' },
  },
  'mobilenet-v2': {
    kind: 'mobilenet-v2',
    name: 'small-mobilenet-v2',
    inputChannels: 3,
    stemChannels: 8,
    stages: [8, 12, 16].map((channels) => [{ expansion: 3, channels, blocks: 2, stride: 2 }]),
    classifierChannels: 32,
    norm: { kind: 'batch' },
  },
};

function configsOf(backbone: BackboneConfig): DetectorConfig[] {
  const base = { backbone, inputSize: SIZE, classes: 2, pyramid: { channels: 16, extra: 'none' } } as const;
  const faster = demoFasterRcnnConfig({
    ...base,
    proposals: { candidatesPerLevel: 20, iouThreshold: 0.7, maxProposals: 10 },
    representationSize: 16,
    maxCandidates: 20,
  });
  return [
    demoDetectorConfig({ ...base, candidatesPerLevel: 30 }),
    retinanetConfig({
      ...base,
      stages: ['C3', 'C4'],
      anchors: [
        { sizes: [12, 18], aspectRatios: [0.5, 1] },
        { sizes: [24, 36], aspectRatios: [0.5, 1] },
      ],
      headDepth: 1,
      headNorm: { kind: 'batch' },
      candidatesPerLevel: 30,
    }),
    faster,
    cascadeRcnnConfig(faster),
    maskRcnnConfig({
      ...faster,
      maskPool: { ...faster.boxPool, size: 5 },
      maskChannels: 8,
      maskDepth: 1,
      detection: { scoreThreshold: 0.05, iouThreshold: 0.7, maxDetections: 20 },
    }),
  ];
}

/** First values, with norms that are not the identity. */
function valuesOf(spec: StateSpec): Map<string, TensorData> {
  const golden = goldenState(spec, 3);
  const isNorm = (name: string) => name.startsWith('backbone.body.') && spec.get(name)!.shape.length === 1;
  return new Map([...initialize(spec, 7)].map(([name, value]) => [name, isNorm(name) ? golden.get(name)! : value]));
}

interface Row {
  readonly box: readonly number[];
  readonly score: number;
  readonly label: number;
}

function rows({ boxes, scores, labels }: Record<string, Pick<TensorData, 'data'>>): Row[] {
  return Array.from(scores!.data as Float32Array, (score, i) => ({
    score,
    box: Array.from(boxes!.data.subarray(4 * i, 4 * i + 4)),
    label: Number(labels!.data[i]),
  }));
}

/** Of scores, and of boxes as parts of the image. */
function distance(a: Row, b: Row): number {
  if (a.label !== b.label) return Number.POSITIVE_INFINITY;
  return Math.max(Math.abs(a.score - b.score), ...a.box.map((side, c) => Math.abs(side - b.box[c]!) / SIZE[0]));
}

/** Genotypes in turn over whole units, so that channels of one genotype are nowhere contiguous. */
function interleaved(backbone: BackboneConfig): Scheme {
  const { sites, genotypes } = searchSpace(backbone, {
    genotypes: [
      [1, 1],
      [2, 2],
      [1, 3],
    ],
  });
  return createScheme({
    backbone: backbone.name,
    genotypes,
    convolutions: sites.map(({ name, channels, unit }) => [
      name,
      Array.from({ length: channels }, (_, c) => Math.floor(c / unit) % 3),
    ]),
    provenance: { tool: { name: 'test', version: '0' } },
  });
}

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

function candidates(config: DetectorConfig, scheme?: Scheme) {
  const scope = createScope();
  const images = input('images', 'float32', ['N', 3, ...SIZE]);
  const options = scheme ? { convolution: schemeBuilder(scheme) } : {};
  const outputs = buildDetector(config).candidates(scope, images, options);
  return { spec: scope.spec, program: createProgram({ outputs: { ...outputs } }) };
}

const parameters = (spec: StateSpec) => [...spec.values()].map(({ name, shape }) => `${name} ${shape.join()}`);

describe.each(Object.entries(BACKBONES))('on %s', (_, backbone) => {
  const scheme = interleaved(backbone);
  const configs = configsOf(backbone).map((config) => [config.kind, config] as const);

  test.each(configs)('a transformed %s costs the same, and its file finds what it finds', async (_, config) => {
    const plain = candidates(config);
    const { program, spec } = candidates(config, scheme);
    expect(parameters(spec)).toEqual(parameters(plain.spec));
    const laidOut = layoutPass(program);
    expect(programCosts(laidOut, spec).macs).toBe(programCosts(plain.program, plain.spec).macs);

    const values = valuesOf(spec);
    const images = hashed([2, 3, ...SIZE], 3);
    const executable = await engine.compile(program);
    const expected = await executable.run(await engine.createState(spec, values), { images });
    await executable.dispose();
    const bytes = encodeDetector(laidOut, {
      values,
      classes: ['a', 'b'],
      statistics: { mean: [0, 0, 0], deviation: [1, 1, 1] },
      tool: 'test',
      suppression: false,
    });
    const named = { classes: ['a', 'b'], tool: 'test', scheme: schemeToJson(scheme) };
    const statistics = { mean: [0, 0, 0], deviation: [1, 1, 1] };
    expect(() => encodeDetector(plain.program, { ...named, values, statistics })).toThrow(
      /scheme: received no convolution with dilation/,
    );
    const whole = exportDetector(buildDetector(config), values, { ...named, scheme });
    const own = { ...named, values, statistics: IMAGENET_STATISTICS };
    expect(whole).toEqual(encodeDetector(foldVariables(laidOut, values), own));
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const feeds = { images: new Tensor('float32', images.data as Float32Array, images.shape) };
    const found = (await session.run(feeds)) as Record<string, Tensor>;
    await session.release();
    const [ours, theirs] = [rows(expected), rows(found as never)];
    expect(theirs).toHaveLength(ours.length);
    for (const row of ours) {
      // Candidates of nearly the same score may change places.
      const nearest = Math.min(...theirs.map((other) => distance(row, other)));
      expect(nearest).toBeLessThan(1e-4);
    }
    // The dilations make a difference.
    const original = await engine.compile(plain.program);
    const { scores } = await original.run(await engine.createState(spec, values), { images });
    await original.dispose();
    const apart = rows({ ...expected, scores: scores! }).map(({ score }, i) => Math.abs(score - ours[i]!.score));
    expect(Math.max(...apart) / Math.max(...scores!.data)).toBeGreaterThan(1e-3);
  });

  test.each(configs)('every parameter of a %s has a gradient', (_, config) => {
    const scope = createScope();
    const boxes = tensorData('float32', [1, 1, 4], [8, 8, 40, 40]);
    const labels = tensorData('int32', [1, 1], [1]);
    const images = input('images', 'float32', [1, 3, ...SIZE]);
    const detector = buildDetector(config);
    const targets = { boxes: input('boxes', 'float32', [1, 1, 4]), labels: input('labels', 'int32', [1, 1]) };
    const { loss } = detector.loss(scope, images, targets, { convolution: schemeBuilder(scheme) });
    const names = [...scope.spec.values()].filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
    const own = names.filter((name) => name.startsWith('backbone.body.'));
    const all = gradients(
      loss,
      own.map((name) => scope.variable(name)!),
    );
    const program = createProgram({
      outputs: Object.fromEntries(all.map((gradient, i) => [`gradient ${own[i]}`, gradient])),
    });
    const feeds = {
      images: hashed([1, 3, ...SIZE], 5),
      boxes,
      labels,
      ...detector.feeds?.(1, 1, 1),
      ...(detector.masks && { masks: tensorData('bool', [1, 1, ...SIZE], new Uint8Array(SIZE[0] * SIZE[1]).fill(1)) }),
    };
    const { outputs } = evaluate(program, feeds, valuesOf(scope.spec));
    for (const [name, { data }] of Object.entries(outputs)) {
      expect(data.every(Number.isFinite), name).toBe(true);
      expect(
        data.some((value) => value !== 0),
        name,
      ).toBe(true);
    }
  });
});
