import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  type Feeds,
  gradients,
  input,
  reshape,
  type Scope,
  seedOf,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { resnetConfig } from '@nats/space';
import { afterAll, describe, expect, it } from 'vitest';
import { boxStage } from '../../src/detectors/faster-rcnn.js';
import { firstStage, poolBoxes, proposalsOf, trainedFirstStage } from '../../src/detectors/two-stage.js';
import {
  BOX_HEAD_WEIGHTS,
  buildDetector,
  decodeMask,
  detectionsOf,
  encodeBoxes,
  encodeMask,
  type FasterRcnnConfig,
  fasterRcnnConfig,
  type MaskRcnnConfig,
  maskedDetectionsOf,
  maskFeeds,
  maskRcnnConfig,
  type RleMask,
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
  readonly preNms: number;
  readonly postNms: number;
  readonly rpnNms: number;
  readonly hidden: number;
  readonly pool: number;
  readonly samplingRatio: number;
  readonly score: number;
  readonly nms: number;
  readonly limit: number;
  readonly rpnSampler: readonly [number, number];
  readonly boxSampler: readonly [number, number];
  /** Of Mask R-CNN. */
  readonly maskChannels?: number;
  readonly maskDepth?: number;
}

const LOSSES = {
  objectness: 'loss_objectness',
  proposal: 'loss_rpn_box_reg',
  classification: 'loss_classifier',
  box: 'loss_box_reg',
  mask: 'loss_mask',
} as const;

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const sampler = ([size, foregroundShare]: readonly [number, number]) => ({ size, foregroundShare });

function configOf(attributes: Attributes): FasterRcnnConfig | MaskRcnnConfig {
  const {
    preNms: candidatesPerLevel,
    rpnNms: iouThreshold,
    postNms: maxProposals,
    maskChannels,
    maskDepth,
  } = attributes;
  const proposals = { candidatesPerLevel, iouThreshold, maxProposals };
  const options = {
    inputSize: [attributes.size, attributes.size] as const,
    classes: attributes.classes - 1,
    pyramid: { channels: attributes.channels, extra: 'pool' } as const,
    representationSize: attributes.hidden,
    trainingProposals: proposals,
    proposals,
    rpnSampler: sampler(attributes.rpnSampler),
    boxSampler: sampler(attributes.boxSampler),
  };
  if (maskChannels === undefined || maskDepth === undefined) {
    return fasterRcnnConfig({ backbone: resnetConfig('resnet18'), ...options });
  }
  const detection = { scoreThreshold: attributes.score, iouThreshold: attributes.nms, maxDetections: attributes.limit };
  return maskRcnnConfig({ backbone: resnetConfig('resnet50'), ...options, maskChannels, maskDepth, detection });
}

/** By turns an ellipse and a triangle that fill their boxes, as `object_masks` of tools/golden/detectors.py. */
function objectMasks({ size, targets }: Attributes): RleMask[][] {
  return targets.map(({ boxes }) =>
    boxes.map((box, i) => {
      const [x1, y1, x2, y2] = box as [number, number, number, number];
      const pixels = new Uint8Array(size * size).map((_, pixel) => {
        const u = ((pixel % size) + 0.5 - x1) / (x2 - x1);
        const v = (Math.floor(pixel / size) + 0.5 - y1) / (y2 - y1);
        const inside = i % 2 === 0 ? (u - 0.5) ** 2 + (v - 0.5) ** 2 < 0.25 : u + v < 1;
        return Number(inside && u > 0 && u < 1 && v > 0 && v < 1);
      });
      return encodeMask(pixels, size, size);
    }),
  );
}

/** Rows of one image that `valid` keeps. */
function validRows(values: TensorData, valid: TensorData, image: number): TensorData {
  const [, k, ...rest] = values.shape as [number, number, ...number[]];
  const size = rest.reduce((product, length) => product * length, 1);
  const kept = Array.from({ length: k }, (_, i) => i).filter((i) => valid.data[image * k + i] !== 0);
  const data = kept.flatMap((i) =>
    Array.from(values.data.subarray((image * k + i) * size, (image * k + i + 1) * size)),
  );
  return tensorData(values.dtype, [kept.length, ...rest], data);
}

describe.each(['faster-rcnn', 'mask-rcnn-resnet50'])('%s equals torchvision', (name) => {
  const fixture = readGolden<Attributes>(name);
  const { seed } = fixture;
  const { attributes } = fixture.cases.only!;
  const batch = attributes.targets.length;
  const places = Math.max(...attributes.targets.map(({ labels }) => labels.length));
  const imageShape = [batch, 3, attributes.size, attributes.size];
  const imageFeeds = { images: hashed(imageShape, seedOf(seed, 'images')) };
  const config = configOf(attributes);
  const detector = buildDetector(config);
  const images = () => input('images', 'float32', imageShape);
  const targets = () => ({
    boxes: input('boxes', 'float32', [batch, places, 4]),
    labels: input('labels', 'int32', [batch, places]),
  });
  const trainingFeeds = (): Feeds => ({
    ...imageFeeds,
    ...targetFeeds(attributes, places),
    ...detector.feeds!(batch, places, seed),
    ...(config.kind === 'mask-rcnn' && maskFeeds(objectMasks(attributes), places, config.inputSize)),
  });

  async function run(scope: Scope, outputs: Record<string, Tensor>, feeds: Feeds): Promise<Map<string, TensorData>> {
    const executable = await engine.compile(createProgram({ outputs }));
    const state = await engine.createState(scope.spec, detectorState(scope.spec, seed, attributes));
    const own = Object.entries(feeds).filter(([name]) => executable.program.inputs.has(name));
    const values = new Map(Object.entries(await executable.run(state, Object.fromEntries(own))));
    await executable.dispose();
    return values;
  }

  it('features and outputs of the region proposal network', async () => {
    const scope = createScope();
    const { levels, rpn } = firstStage(scope, images(), config, {});
    expect(levels.length).toBe(5);
    const values = await run(
      scope,
      {
        ...Object.fromEntries(levels.map((level, i) => [`features/P${i + 2}`, level])),
        'rpn/objectness': reshape(rpn.objectness, [batch, -1, 1]),
        'rpn/offsets': rpn.offsets,
      },
      imageFeeds,
    );
    expectGolden(name, fixture, 'only', values, { families: ['features', 'rpn'] });
  });

  it('proposals, pooled features and the box head on them', async () => {
    const scope = createScope();
    const first = firstStage(scope, images(), config, {});
    const { boxes, valid } = proposalsOf(first, config.proposals, config);
    const pooled = poolBoxes(first, boxes, config.boxPool, config);
    const { logits, offsets } = boxStage(scope, first, boxes, config);
    const rows = batch * attributes.postNms;
    const values = await run(
      scope,
      {
        boxes,
        valid,
        'box/pooled': reshape(pooled, [rows, ...(pooled.shape.slice(2) as number[])]),
        'box/logits': reshape(logits, [rows, -1]),
        'box/offsets': reshape(offsets, [rows, -1]),
      },
      imageFeeds,
    );
    for (let i = 0; i < batch; i++) {
      values.set(`proposals/${i}.boxes`, validRows(values.get('boxes')!, values.get('valid')!, i));
    }
    for (const name of ['boxes', 'valid']) values.delete(name);
    expectGolden(name, fixture, 'only', values, { families: ['proposals', 'box'] });
  });

  it('boxes that the second stage is trained on, drawn by the same keys', async () => {
    const scope = createScope();
    const { sampled } = trainedFirstStage(scope, images(), targets(), config, {}, 0.5);
    const offsets = encodeBoxes(sampled.targets, sampled.boxes, BOX_HEAD_WEIGHTS);
    const { boxes, labels, valid } = sampled;
    const outputs = { 'sampled.boxes': boxes, 'sampled.labels': labels, 'sampled.offsets': offsets };
    const found = await run(scope, { ...outputs, valid }, trainingFeeds());
    const values = new Map<string, TensorData>();
    for (let i = 0; i < batch; i++) {
      for (const part of ['boxes', 'labels', 'offsets']) {
        const rows = validRows(found.get(`sampled.${part}`)!, found.get('valid')!, i);
        // There the background is 0.
        const shifted = part === 'labels' ? rows.data.map((label) => label + 1) : rows.data;
        values.set(`sampled/${i}.${part}`, tensorData(rows.dtype, rows.shape, shifted));
      }
    }
    expectGolden(name, fixture, 'only', values, { families: ['sampled'] });
  });

  it('each loss, and gradients of named parameters', async () => {
    const scope = createScope();
    const { loss, parts } = detector.loss(scope, images(), targets());
    const names = goldenGradients(fixture);
    const slopes = gradients(loss, variables(scope, names));
    const outputs = {
      'loss/total': loss,
      ...Object.fromEntries(
        Object.entries(parts).map(([part, x]) => [`loss/${LOSSES[part as keyof typeof LOSSES]}`, x]),
      ),
      ...Object.fromEntries(names.map((parameter, i) => [`gradient/${parameter}`, slopes[i]!])),
    };
    const values = await run(scope, outputs, trainingFeeds());
    expectGolden(name, fixture, 'only', values, { families: ['loss', 'gradient'] });
  });

  it('final detections', async () => {
    const scope = createScope();
    const found = await run(scope, { ...detector.candidates(scope, images()) }, imageFeeds);
    const [boxes, scores, labels] = ['boxes', 'scores', 'labels'].map((key) => found.get(key)!);
    const { score: scoreThreshold, nms: iouThreshold, limit: maxDetections } = attributes;
    const options = { scoreThreshold, iouThreshold, maxDetections };
    const detections = detectionsOf({ boxes: boxes!, scores: scores!, labels: labels! }, options).map(
      ({ labels: own, ...rest }) => ({ ...rest, labels: own.map((label) => label + 1) }),
    );
    const values = new Map(namedDetections('detections', detections));
    const masks = found.get('masks');
    if (!masks) {
      expectGolden(name, fixture, 'only', values, { families: ['detections'] });
      return;
    }
    const masked = maskedDetectionsOf(
      { boxes: boxes!, scores: scores!, labels: labels!, masks },
      config.inputSize,
      options,
    );
    const side = masks.shape[2]!;
    for (const [i, own] of masked.entries()) {
      const count = own.masks.length;
      const start = i * masks.shape[1]! * side * side;
      const probabilities = masks.data.subarray(start, start + count * side * side);
      values.set(`masks/${i}`, tensorData('float32', [count, side, side], probabilities));
      const pixels = own.masks.flatMap((mask) => Array.from(decodeMask(mask)));
      values.set(`pasted/${i}`, tensorData('float32', [count, ...config.inputSize], pixels));
    }
    expectGolden(name, fixture, 'only', values, { families: ['detections', 'masks', 'pasted'] });
  });
});
