import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  EMPTY_SPEC,
  type Engine,
  type Feeds,
  gradients,
  input,
  multiply,
  nms,
  type Pair,
  reduceSum,
  referenceEngine,
  roiAlign,
  seedOf,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import {
  type CompareOptions,
  compareGolden,
  type GoldenResult,
  goldenFailures,
  goldenReport,
  hashed,
} from '@nats/graph/testing';
import { afterAll, describe, expect, it } from 'vitest';
import {
  boxIou,
  ciouLoss,
  classwiseNms,
  decodeBoxes,
  decodeDistances,
  encodeBoxes,
  encodeDistances,
  focalLoss,
  generateAnchors,
  giouLoss,
  l1Loss,
  matchByIou,
  smoothL1Loss,
} from '../../src/index.js';
import { readGolden } from './support.js';

type Rows = readonly (readonly number[])[];

// The attributes of a case are what its family of tools/golden/pieces.py writes.
const fixture = readGolden<never>('pieces');
const casesOf = <A>(family: string): [string, A][] =>
  Object.entries(fixture.cases).flatMap(([name, { attributes }]) =>
    name.startsWith(`${family}.`) ? [[name, attributes as A] as [string, A]] : [],
  );

const floats = (rows: Rows) => tensorData('float32', [rows.length, rows[0]!.length], rows.flat());
const numbers = (values: readonly number[]) => tensorData('float32', [values.length], values);
const ints = (values: ArrayLike<number>) => tensorData('int32', [values.length], values);

/** Feeds instead of constants: constants would be folded, and the engine would have nothing to do. */
async function run(
  engine: Engine,
  values: Feeds,
  build: (inputs: Record<string, Tensor>) => Record<string, Tensor>,
): Promise<Map<string, TensorData>> {
  const inputs = Object.fromEntries(
    Object.entries(values).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );
  const executable = await engine.compile(createProgram({ outputs: build(inputs) }));
  const state = await engine.createState(EMPTY_SPEC, new Map());
  return new Map(Object.entries(await executable.run(state, values)));
}

interface AnchorCase {
  readonly size: Pair;
  readonly grids: readonly Pair[];
  readonly sizes: Rows;
  readonly ratios: readonly number[];
}

describe('anchors equal torchvision', () => {
  it.each(casesOf<AnchorCase>('anchors'))('%s', (name, { size, grids, sizes, ratios }) => {
    const levels = sizes.map((own) => ({ sizes: own, aspectRatios: ratios }));
    // Around the origin: one location per level.
    const cells = generateAnchors(
      size,
      grids.map(() => [1, 1] as const),
      levels,
    ).boxes;
    const actual = { 'anchors/cells': cells, 'anchors/all': generateAnchors(size, grids, levels).boxes };
    const results = compareGolden(fixture.cases[name]!, new Map(Object.entries(actual)));
    expect(goldenFailures(results)).toEqual([]);
  });
});

interface NmsCase {
  readonly threshold: number;
  readonly boxes: Rows;
  readonly scores: readonly number[];
  readonly labels: readonly number[];
}

describe('class-wise non-maximum suppression equals torchvision', () => {
  it.each(casesOf<NmsCase>('nms'))('%s', (name, { threshold, boxes, scores, labels }) => {
    const kept = classwiseNms({ boxes: boxes.flat(), scores, labels }, threshold);
    expect(kept).toEqual(fixture.cases[name]!.tensors['nms/kept']!.values);
  });
});

const ENGINES: readonly (readonly [Engine, CompareOptions])[] = [
  [onnxruntimeEngine(), {}],
  // What the reference misses is that constants are float32.
  [referenceEngine(), { bound: 5e-7 }],
];
afterAll(async () => {
  for (const [engine] of ENGINES) await engine.dispose();
});

describe.each(ENGINES.map((pair) => [pair[0].name, ...pair] as const))(
  'pieces equal torchvision, on %s',
  (_, engine, options) => {
    const compared: GoldenResult[] = [];
    afterAll(() => console.log(goldenReport(`pieces (${engine.name})`, compared)));

    function compare(name: string, actual: ReadonlyMap<string, TensorData>): void {
      const results = compareGolden(fixture.cases[name]!, actual, options);
      compared.push(...results);
      expect(goldenFailures(results)).toEqual([]);
    }

    interface CoderCase {
      readonly weights: readonly [number, number, number, number] | null;
      readonly anchors: Rows;
      readonly boxes: Rows;
      readonly offsets: Rows;
    }

    it.each(casesOf<CoderCase>('coder'))('%s', async (name, { weights, ...values }) => {
      const feeds = { anchors: floats(values.anchors), boxes: floats(values.boxes), offsets: floats(values.offsets) };
      const actual = await run(engine, feeds, ({ anchors, boxes, offsets }) => ({
        'coder/encoded': weights ? encodeBoxes(boxes!, anchors!, weights) : encodeDistances(boxes!, anchors!),
        'coder/decoded': weights ? decodeBoxes(offsets!, anchors!, weights) : decodeDistances(offsets!, anchors!),
      }));
      compare(name, actual);
    });

    interface MatcherCase {
      readonly objects: Rows;
      readonly anchors: Rows;
      readonly high: number;
      readonly low: number;
      readonly lowQuality: boolean;
    }

    it.each(casesOf<MatcherCase>('matcher'))('%s', async (name, { objects, anchors, high, low, lowQuality }) => {
      const m = objects.length;
      const feeds = {
        anchors: floats(anchors),
        // With a place of padding, which nothing may match.
        boxes: tensorData('float32', [1, m + 1, 4], [...objects.flat(), 0, 0, 10, 10]),
        labels: tensorData('int32', [1, m + 1], [...objects.map(() => 0), -1]),
      };
      const found = await run(engine, feeds, ({ anchors: a, boxes, labels }) => ({
        iou: boxIou(a!, boxes!),
        ...matchByIou(
          a!,
          { boxes: boxes!, labels: labels! },
          { foregroundIou: high, backgroundIou: low, lowQualityMatches: lowQuality },
        ),
      }));
      const values = (key: string) => found.get(key)!.data;
      const overlaps = anchors.flatMap((_, i) => Array.from(values('iou').subarray(i * (m + 1), i * (m + 1) + m)));
      const matches = anchors.map((_, i) => {
        if (values('foreground')[i]) return values('matched')[i]!;
        return values('ignored')[i] ? -2 : -1;
      });
      const actual = {
        'match/iou': tensorData('float32', [anchors.length, m], overlaps),
        'match/matches': ints(matches),
      };
      compare(name, new Map(Object.entries(actual)));
    });

    interface FocalCase {
      readonly alpha: number;
      readonly gamma: number;
      readonly logits: readonly number[];
      readonly targets: readonly number[];
    }

    it.each(casesOf<FocalCase>('focal'))('%s', async (name, { alpha, gamma, logits, targets }) => {
      const feeds = { logits: numbers(logits), targets: numbers(targets) };
      const actual = await run(engine, feeds, ({ logits: x, targets: t }) => {
        const loss = focalLoss(x!, t!, { alpha, gamma });
        return { 'loss/focal': loss, 'gradient/focal': gradients(reduceSum(loss), [x!])[0]! };
      });
      compare(name, actual);
    });

    interface PairCase {
      readonly names: readonly string[];
      readonly a: Rows;
      readonly b: Rows;
    }

    it.each(casesOf<PairCase>('pairs'))('%s', async (name, { a, b }) => {
      const { tensors } = fixture.cases[name]!;
      const actual = await run(engine, { a: floats(a), b: floats(b) }, ({ a: x, b: y }) => {
        const scaled = (t: Tensor) => multiply(t, 1 / 16);
        const losses: Record<string, Tensor> = {
          giou: giouLoss(x!, y!),
          ciou: ciouLoss(x!, y!),
          l1: l1Loss(x!, y!),
          'smooth-l1': smoothL1Loss(scaled(x!), scaled(y!)),
        };
        const outputs: Record<string, Tensor> = {};
        for (const [key, loss] of Object.entries(losses)) {
          outputs[`loss/${key}`] = loss;
          if (tensors[`gradient/${key}`]) outputs[`gradient/${key}`] = gradients(reduceSum(loss), [x!])[0]!;
        }
        return outputs;
      });
      // Complete IoU of empty boxes is not compared: their aspect ratio is undefined.
      const [count] = tensors['loss/ciou']!.shape as [number];
      actual.set('loss/ciou', numbers(Array.from(actual.get('loss/ciou')!.data.subarray(0, count))));
      compare(name, actual);
    });

    it.each(casesOf<NmsCase>('nms').filter(([, { labels }]) => new Set(labels).size === 1))(
      '%s, as an op',
      async (name, { threshold, boxes, scores }) => {
        const feeds = { boxes: floats(boxes), scores: numbers(scores) };
        const found = await run(engine, feeds, ({ boxes: b, scores: s }) => ({
          ...nms(b!, s!, { iouThreshold: threshold, maxOutput: scores.length }),
        }));
        const valid = found.get('valid')!.data;
        const kept = Array.from(found.get('indices')!.data).filter((_, i) => valid[i]);
        expect(kept).toEqual(fixture.cases[name]!.tensors['nms/kept']!.values);
      },
    );

    interface RoiAlignCase {
      readonly features: readonly number[];
      /** Image, x1, y1, x2, y2. */
      readonly rois: Rows;
      readonly output: Pair;
      readonly scale: number;
      readonly samplingRatio: number;
      readonly aligned: boolean;
    }

    it.each(casesOf<RoiAlignCase>('roi-align'))('%s', async (name, attributes) => {
      const { features, rois, output: outputSize, scale: spatialScale, samplingRatio, aligned } = attributes;
      const feeds = {
        features: hashed(features, seedOf(fixture.seed, 'roi.features')),
        boxes: floats(rois.map((roi) => roi.slice(1))),
        images: ints(rois.map(([image]) => image!)),
        cotangent: hashed([rois.length, features[1]!, ...outputSize], seedOf(fixture.seed, 'roi.cotangent')),
      };
      const actual = await run(engine, feeds, ({ features: x, boxes, images, cotangent }) => {
        const pooled = roiAlign(x!, boxes!, { outputSize, spatialScale, samplingRatio, aligned }, images!);
        const [gradient] = gradients(reduceSum(multiply(pooled, cotangent!)), [x!]);
        return { 'align/pooled': pooled, 'align/gradient': gradient! };
      });
      compare(name, actual);
    });
  },
);
