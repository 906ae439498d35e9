import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  constant,
  createProgram,
  createScope,
  type Feeds,
  gradients,
  input,
  multiply,
  type Scope,
  seedOf,
  sigmoid,
  sqrt,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { type ResnetName, resnetConfig } from '@nats/space';
import { afterAll, describe, it } from 'vitest';
import { gridsOf, pyramidFeatures } from '../../src/detectors/pyramid-features.js';
import {
  type Anchors,
  buildDetector,
  type Candidates,
  decodeBoxes,
  decodeDistances,
  detectionsOf,
  type FcosConfig,
  fcosConfig,
  fcosHead,
  generateAnchors,
  generatePoints,
  type RetinanetConfig,
  retinanetConfig,
  retinanetHead,
  selectCandidates,
} from '../../src/index.js';
import {
  type DetectorAttributes,
  detectorState,
  goldenGradients,
  namedDetections,
  readGolden,
  targetFeeds,
  variables,
} from './support.js';

interface Attributes extends DetectorAttributes {
  readonly backbone: ResnetName;
  readonly detection: {
    readonly score: number;
    readonly nms: number;
    readonly limit: number;
    readonly candidates: number;
  };
}

type Grids = readonly (readonly [number, number])[];
type Head = Readonly<Record<string, Tensor>>;

/** The parts of a detector that the fixture looks into, by torchvision's names. */
interface OneStage {
  readonly config: RetinanetConfig | FcosConfig;
  readonly lossNames: Readonly<Record<string, string>>;
  readonly anchors: (grids: Grids) => Anchors;
  readonly head: (scope: Scope, levels: readonly Tensor[]) => Head;
  readonly decode: (outputs: Head, anchors: Tensor) => { readonly boxes: Tensor; readonly scores: Tensor };
  /** Outputs of a trained head from normal numbers, as `injection` of tools/golden/detectors.py. */
  readonly inject: Readonly<Record<string, (x: number) => number>>;
}

const injectedLogit = (x: number) => Math.fround(x * 2 - 4);

const common = ({ backbone, size, classes, channels, detection }: Attributes) => ({
  backbone: resnetConfig(backbone),
  inputSize: [size, size] as const,
  classes,
  pyramid: { channels, extra: 'p6p7' } as const,
  candidatesPerLevel: detection.candidates,
});

function retinanetCase(attributes: Attributes): OneStage {
  const config = retinanetConfig(common(attributes));
  return {
    config,
    lossNames: { classification: 'classification', box: 'bbox_regression' },
    anchors: (grids) => generateAnchors(config.inputSize, grids, config.anchors),
    head: (scope, levels) => {
      const { classes, headDepth: depth, headNorm: norm, boxLoss } = config;
      const head = { classes, anchorsPerLocation: 9, depth, norm, boxLoss, priorProbability: 0.01 };
      const { classLogits, boxOffsets } = retinanetHead(scope, levels, head);
      return { cls_logits: classLogits, bbox_regression: boxOffsets };
    },
    decode: ({ cls_logits, bbox_regression }, anchors) => ({
      boxes: decodeBoxes(bbox_regression!, anchors),
      scores: sigmoid(cls_logits!),
    }),
    inject: { cls_logits: injectedLogit, bbox_regression: (x) => x * 0.5 },
  };
}

function fcosCase(attributes: Attributes): OneStage {
  const config = fcosConfig(common(attributes));
  return {
    config,
    lossNames: { classification: 'classification', box: 'bbox_regression', quality: 'bbox_ctrness' },
    anchors: (grids) => generatePoints(config.inputSize, grids, [8, 16, 32, 64, 128], config.points),
    head: (scope, levels) => {
      const { classes, headDepth: depth, headNorm: norm, distance, quality, predictionKernel } = config;
      const sampling = { radius: config.radius, ranges: [] };
      const head = { classes, depth, norm, distance, quality, predictionKernel, sampling, priorProbability: 0.01 };
      const outputs = fcosHead(scope, levels, head);
      return { cls_logits: outputs.classLogits, bbox_regression: outputs.distances, bbox_ctrness: outputs.quality };
    },
    decode: ({ cls_logits, bbox_regression, bbox_ctrness }, anchors) => ({
      boxes: decodeDistances(bbox_regression!, anchors),
      scores: sqrt(multiply(sigmoid(cls_logits!), sigmoid(bbox_ctrness!))),
    }),
    inject: { cls_logits: injectedLogit, bbox_regression: (x) => Math.abs(x) * 2, bbox_ctrness: (x) => x },
  };
}

const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

describe.each([
  ['retinanet', retinanetCase],
  ['fcos', fcosCase],
  ['retinanet-resnet50', retinanetCase],
  ['fcos-resnet50', fcosCase],
] as const)('%s equals torchvision', (name, build) => {
  const fixture = readGolden<Attributes>(name);
  const { seed } = fixture;
  const { attributes } = fixture.cases.only!;
  const { size, targets, detection } = attributes;
  const { config, lossNames, anchors: anchorsOf, head, decode, inject } = build(attributes);
  const detector = buildDetector(config);
  const batch = targets.length;
  const imageShape = [batch, 3, size, size];
  const images = { images: hashed(imageShape, seedOf(seed, 'images')) };

  async function run(scope: Scope, outputs: Record<string, Tensor>, feeds: Feeds): Promise<Map<string, TensorData>> {
    const executable = await engine.compile(createProgram({ outputs }));
    const state = await engine.createState(scope.spec, detectorState(scope.spec, seed, attributes));
    const values = new Map(Object.entries(await executable.run(state, feeds)));
    await executable.dispose();
    return values;
  }

  async function detect(family: string, scope: Scope, candidates: Candidates, feeds: Feeds) {
    const found = await run(scope, { ...candidates }, feeds);
    const [boxes, scores, labels] = ['boxes', 'scores', 'labels'].map((key) => found.get(key)!);
    const options = { scoreThreshold: detection.score, iouThreshold: detection.nms, maxDetections: detection.limit };
    const named = namedDetections(family, detectionsOf({ boxes: boxes!, scores: scores!, labels: labels! }, options));
    expectGolden(name, fixture, 'only', new Map(named), { families: [family] });
  }

  it('features, anchors and head outputs', async () => {
    const scope = createScope();
    const levels = pyramidFeatures(scope, input('images', 'float32', imageShape), config, {});
    const outputs = Object.entries(head(scope.child('head'), levels)).map(([key, value]) => [`head/${key}`, value]);
    const features = levels.map((level, i) => [`features/P${i + 3}`, level]);
    const values = await run(scope, Object.fromEntries([...features, ...outputs]), images);
    values.set('anchors/boxes', anchorsOf(gridsOf(levels)).boxes);
    expectGolden(name, fixture, 'only', values, { families: ['features', 'head', 'anchors'] });
  });

  it('each loss, and gradients of named parameters', async () => {
    const scope = createScope();
    const places = 4;
    const { loss, parts } = detector.loss(scope, input('images', 'float32', imageShape), {
      boxes: input('boxes', 'float32', [batch, places, 4]),
      labels: input('labels', 'int32', [batch, places]),
    });
    const names = goldenGradients(fixture);
    const slopes = gradients(loss, variables(scope, names));
    const outputs = {
      'loss/total': loss,
      ...Object.fromEntries(Object.entries(parts).map(([part, value]) => [`loss/${lossNames[part]}`, value])),
      ...Object.fromEntries(names.map((parameter, i) => [`gradient/${parameter}`, slopes[i]!])),
    };
    const values = await run(scope, outputs, { ...images, ...targetFeeds(attributes, places) });
    expectGolden(name, fixture, 'only', values, { families: ['loss', 'gradient'] });
  });

  it('final detections', async () => {
    const scope = createScope();
    const candidates = detector.candidates(scope, input('images', 'float32', imageShape));
    await detect('detections', scope, candidates, images);
  });

  it('post-processing of given head outputs', async () => {
    const grids = [20, 10, 5, 3, 2].map((side) => [side, side] as const);
    const { boxes: anchors, counts } = anchorsOf(grids);
    const feeds: Record<string, TensorData> = {};
    const outputs: Record<string, Tensor> = {};
    for (const [key, change] of Object.entries(inject)) {
      const { shape } = fixture.cases.only!.tensors[`head/${key}`]!;
      const normal = hashed(shape, seedOf(seed, `injected.${key}`));
      feeds[key] = tensorData('float32', shape, Array.from(normal.data, change));
      outputs[key] = input(key, 'float32', shape);
    }
    const { boxes, scores } = decode(outputs, constant(anchors));
    const candidates = selectCandidates(boxes, scores, counts, detection.candidates, config.inputSize);
    await detect('injected', createScope(), candidates, feeds);
  });
});
