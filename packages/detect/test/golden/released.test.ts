import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, createScope, input, seedOf, sizeOf, type TensorData, tensorData } from '@nats/graph';
import { goldenValue, hashed } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { resnetConfig } from '@nats/space';
import { encodeSafetensors, mapDetectorWeights, parseWeights } from '@nats/transfer/parse';
import { afterAll, describe, expect, it } from 'vitest';
import {
  buildDetector,
  type DetectorConfig,
  detectionsOf,
  fasterRcnnConfig,
  fcosConfig,
  maskRcnnConfig,
  retinanetConfig,
} from '../../src/index.js';
import { namedDetections, readGolden } from './support.js';

/** Of tools/golden/released_detectors.py. */
interface Attributes {
  readonly size: number;
  readonly batch: number;
  /** torchvision's number, background or not. */
  readonly classes: number;
  readonly scales: Readonly<Record<string, readonly [number, number]>>;
  readonly epsilon: number;
  readonly score: number;
  readonly nms: number;
  readonly limit: number;
  readonly candidates: number;
  readonly preNms: number;
  readonly postNms: number;
  readonly rpnNms: number;
  /** By torchvision 0.14's name: the name in the published file, and the shape. */
  readonly file: Readonly<Record<string, readonly [string, readonly number[]]>>;
}

/** As torchvision's `…_resnet50_fpn`; `classes` as there. */
type Build = (attributes: Attributes, classes: number) => DetectorConfig;

const common = ({ size }: Attributes) => ({ backbone: resnetConfig('resnet50'), inputSize: [size, size] as const });

function twoStage(attributes: Attributes, classes: number) {
  const { preNms: candidatesPerLevel, postNms: maxProposals, rpnNms: iouThreshold } = attributes;
  const proposals = { candidatesPerLevel, iouThreshold, maxProposals };
  return { ...common(attributes), classes: classes - 1, proposals };
}

const builds: Readonly<Record<string, Build>> = {
  retinanet: (a, classes) => retinanetConfig({ ...common(a), classes, candidatesPerLevel: a.candidates }),
  fcos: (a, classes) => fcosConfig({ ...common(a), classes, candidatesPerLevel: a.candidates }),
  'faster-rcnn': (a, classes) => fasterRcnnConfig(twoStage(a, classes)),
  'mask-rcnn': (a, classes) =>
    maskRcnnConfig({
      ...twoStage(a, classes),
      detection: { scoreThreshold: a.score, iouThreshold: a.nms, maxDetections: a.limit },
    }),
};

/** Tensors whose shapes tell the number of classes. */
const OF_CLASSES =
  /(?:head\.cls_logits|classification_head\.cls_logits|cls_score|box_predictor\.bbox_pred|mask_fcn_logits)\./;

const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

function specOf(config: DetectorConfig, batch: number) {
  const detector = buildDetector(config);
  const scope = createScope();
  const shape = [batch, 3, ...config.inputSize];
  return { scope, shape, candidates: detector.candidates(scope, input('images', 'float32', shape)) };
}

describe.each(Object.entries(builds))("torchvision's checkpoint of %s", (kind, build) => {
  const name = `released-${kind}`;
  const fixture = readGolden<Attributes>(name);
  const { seed } = fixture;
  const { attributes } = fixture.cases.only!;

  /** The file as it was published, with hashed values. */
  function published(): Map<string, TensorData> {
    return new Map(
      Object.entries(attributes.file).map(([own, [published, shape]]) => {
        const { data } = goldenValue(seed, own, shape);
        for (const [end, [factor, shift]] of Object.entries(attributes.scales)) {
          if (!own.endsWith(end)) continue;
          const [a, b] = [Math.fround(factor), Math.fround(shift)];
          for (let i = 0; i < data.length; i++) data[i] = Math.fround(Math.fround(data[i]! * a) + b);
        }
        return [published, tensorData('float32', shape, data)];
      }),
    );
  }

  it('loads as a whole, and gives the same detections', async () => {
    const { size, batch, score: scoreThreshold, nms: iouThreshold, limit, epsilon } = attributes;
    const { scope, shape, candidates } = specOf(build(attributes, attributes.classes), batch);
    const weights = parseWeights(encodeSafetensors(published()));
    const mapped = mapDetectorWeights(weights, scope.spec, { batchNormEpsilon: epsilon });
    expect(mapped.scope).toBe('detector');
    expect(mapped.report).toMatchObject({ missing: [], unexpected: [], mismatched: [], outside: [], dropped: [] });
    // The 53 norms of a ResNet-50.
    expect(mapped.report.rescaled).toHaveLength(epsilon === 0 ? 53 : 0);
    expect(mapped.report.expected).toEqual({ missing: [], unexpected: [], mismatched: [] });
    expect([...mapped.tensors.keys()]).toEqual([...scope.spec.keys()]);

    const executable = await engine.compile(createProgram({ outputs: { ...candidates } }));
    const state = await engine.createState(scope.spec, mapped.tensors);
    const found = await executable.run(state, { images: hashed(shape, seedOf(seed, 'images')) });
    await executable.dispose();
    const { boxes, scores, labels, masks } = found;
    const detections = detectionsOf(
      { boxes: boxes!, scores: scores!, labels: labels! },
      { scoreThreshold, iouThreshold, maxDetections: limit },
    );
    // In two stages torchvision counts the background as class 0.
    const shift = 'proposals' in build(attributes, 2) ? 1 : 0;
    const shifted = detections.map((own) => ({ ...own, labels: own.labels.map((label) => label + shift) }));
    const values = new Map(namedDetections('detections', shifted));
    for (const [i, { scores: own }] of detections.entries()) {
      if (masks === undefined) continue;
      const [, places, , side] = masks.shape as [number, number, number, number];
      const start = i * places * side * side;
      const data = masks.data.subarray(start, start + own.length * side * side);
      values.set(`masks/${i}`, tensorData('float32', [own.length, side, side], data));
    }
    expect(size).toBe(shape[2]);
    expectGolden(name, fixture, 'only', values);
  });

  it('gives all but the classifiers to a detector of other classes, and says so', () => {
    const { scope } = specOf(build(attributes, 5), 1);
    // Shapes alone matter here.
    const file = new Map(
      Object.values(attributes.file).map(([published, shape]) => [
        published,
        tensorData('float32', shape, new Float32Array(sizeOf(shape))),
      ]),
    );
    const { tensors, report, scope: taken } = mapDetectorWeights(file, scope.spec);
    expect(taken).toBe('detector');
    const others = [...scope.spec.keys()].filter((own) => !tensors.has(own));
    expect(report.expected.mismatched.map((difference) => difference.name).sort()).toEqual([...others].sort());
    expect(others.length).toBeGreaterThan(0);
    expect(others.every((own) => OF_CLASSES.test(own) && !own.startsWith('rpn.'))).toBe(true);
    expect(report.expected.missing).toEqual([]);
  });
});
