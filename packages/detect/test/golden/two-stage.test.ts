import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  type Feeds,
  gradients,
  input,
  reshape,
  type Scope,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { goldenNormal } from '@nats/graph/testing';
import { resnetConfig } from '@nats/space';
import { afterAll, describe, expect, it } from 'vitest';
import { boxStage } from '../../src/detectors/faster-rcnn.js';
import { firstStage, poolBoxes, proposalsOf, trainedFirstStage } from '../../src/detectors/two-stage.js';
import { BOX_HEAD_WEIGHTS, detectionsOf, encodeBoxes, fasterRcnn, fasterRcnnConfig } from '../../src/index.js';
import {
  type DetectorAttributes,
  detectorState,
  expectGolden,
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
}

const LOSSES = {
  objectness: 'loss_objectness',
  proposal: 'loss_rpn_box_reg',
  classification: 'loss_classifier',
  box: 'loss_box_reg',
} as const;

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const fixture = readGolden<Attributes>('faster-rcnn');
const { seed } = fixture;
const { attributes } = fixture.cases.only!;
const batch = attributes.targets.length;
const places = Math.max(...attributes.targets.map(({ labels }) => labels.length));
const imageShape = [batch, 3, attributes.size, attributes.size];
const imageFeeds = { images: goldenNormal(seed, 'images', imageShape) };

const proposals = {
  candidatesPerLevel: attributes.preNms,
  iouThreshold: attributes.rpnNms,
  limit: attributes.postNms,
};
const sampler = ([size, foregroundShare]: readonly [number, number]) => ({ size, foregroundShare });
const options = {
  inputSize: [attributes.size, attributes.size] as const,
  classes: attributes.classes - 1,
  pyramid: { channels: attributes.channels, extra: 'pool' } as const,
  hidden: attributes.hidden,
  trainingProposals: proposals,
  proposals,
  rpnSampler: sampler(attributes.rpnSampler),
  boxSampler: sampler(attributes.boxSampler),
};
const config = fasterRcnnConfig({ backbone: resnetConfig('resnet18'), ...options });
const detector = fasterRcnn(config);

const images = () => input('images', 'float32', imageShape);
const targets = () => ({
  boxes: input('boxes', 'float32', [batch, places, 4]),
  labels: input('labels', 'int32', [batch, places]),
});
const trainingFeeds = {
  ...imageFeeds,
  ...targetFeeds(attributes, places),
  ...detector.feeds!(batch, places, seed),
};

async function run(scope: Scope, outputs: Record<string, Tensor>, feeds: Feeds): Promise<Map<string, TensorData>> {
  const executable = await engine.compile(createProgram({ outputs }));
  const state = await engine.createState(scope.spec, detectorState(scope.spec, seed, attributes));
  const own = Object.entries(feeds).filter(([name]) => executable.program.inputs.has(name));
  const values = new Map(Object.entries(await executable.run(state, Object.fromEntries(own))));
  await executable.dispose();
  return values;
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

describe('Faster R-CNN equals torchvision', () => {
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
    expectGolden('faster-rcnn', fixture, 'only', values, { families: ['features', 'rpn'] });
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
    expectGolden('faster-rcnn', fixture, 'only', values, { families: ['proposals', 'box'] });
  });

  it('boxes that the second stage is trained on, drawn by the same keys', async () => {
    const scope = createScope();
    const { sampled } = trainedFirstStage(scope, images(), targets(), config, {}, 0.5);
    const offsets = encodeBoxes(sampled.targets, sampled.boxes, BOX_HEAD_WEIGHTS);
    const { boxes, labels, valid } = sampled;
    const outputs = { 'sampled.boxes': boxes, 'sampled.labels': labels, 'sampled.offsets': offsets };
    const found = await run(scope, { ...outputs, valid }, trainingFeeds);
    const values = new Map<string, TensorData>();
    for (let i = 0; i < batch; i++) {
      for (const name of ['boxes', 'labels', 'offsets']) {
        const rows = validRows(found.get(`sampled.${name}`)!, found.get('valid')!, i);
        // There the background is 0.
        const shifted = name === 'labels' ? rows.data.map((label) => label + 1) : rows.data;
        values.set(`sampled/${i}.${name}`, tensorData(rows.dtype, rows.shape, shifted));
      }
    }
    expectGolden('faster-rcnn', fixture, 'only', values, { families: ['sampled'] });
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
    const values = await run(scope, outputs, trainingFeeds);
    expectGolden('faster-rcnn', fixture, 'only', values, { families: ['loss', 'gradient'] });
  });

  it('final detections', async () => {
    const scope = createScope();
    const found = await run(scope, { ...detector.candidates(scope, images()) }, imageFeeds);
    const [boxes, scores, labels] = ['boxes', 'scores', 'labels'].map((key) => found.get(key)!);
    const { score: scoreThreshold, nms: iouThreshold, limit } = attributes;
    const detections = detectionsOf(
      { boxes: boxes!, scores: scores!, labels: labels! },
      { scoreThreshold, iouThreshold, limit },
    ).map(({ labels: own, ...rest }) => ({ ...rest, labels: own.map((label) => label + 1) }));
    const named = new Map(namedDetections('detections', detections));
    expectGolden('faster-rcnn', fixture, 'only', named, { families: ['detections'] });
  });
});
