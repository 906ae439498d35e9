import { type NmsOptions, nms } from '../../../ops/nms.js';
import { pyramidRoiAlign } from '../../../ops/pyramid-roi-align.js';
import { type RoiAlignOptions, roiAlign } from '../../../ops/roi-align.js';
import { hashUniform, seedOf } from '../../../random.js';
import { sizeOf, type TensorData, tensorData } from '../../../tensor-data.js';
import { hashed, hashedUniform } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

const floats = (shape: readonly number[]) => hashed(shape, seedOf(1, `features ${shape}`));

/** Boxes of sides up to `side`, their corner inside [-2, extent): some reach over the border. */
function boxes(name: string, shape: readonly number[], extent: number, side: number): TensorData {
  const seed = seedOf(1, name);
  const values = Array.from({ length: sizeOf(shape) / 4 }, (_, i) => {
    const [x, y, w, h] = [0, 1, 2, 3].map((k) => hashUniform(seed, 4 * i + k)) as [number, number, number, number];
    const [left, top] = [x * (extent + 2) - 2, y * (extent + 2) - 2];
    return [left, top, left + w * side, top + h * side];
  });
  return tensorData('float32', shape, values.flat());
}

function roiAlignCases(): ConformanceCase[] {
  const of = (
    name: string,
    features: readonly number[],
    rois: TensorData,
    options: RoiAlignOptions,
    index?: TensorData,
  ): ConformanceCase => ({
    name: `roiAlign: ${name}`,
    inputs: { features: floats(features), boxes: rois, ...(index && { index }) },
    build: ({ features, boxes, index }) => ({ y: roiAlign(features!, boxes!, options, index) }),
    // Boxes are taken as given.
    gradientsOf: options.samplingRatio === 0 ? [] : ['features'],
  });
  const usual: RoiAlignOptions = { outputSize: 3, spatialScale: 0.5, samplingRatio: 2 };
  const index = tensorData('int32', [5], [1, 0, 1, 1, 0]);
  const border = tensorData(
    'float32',
    [1, 6, 4],
    [
      [-4, -4, 3, 3],
      [-9, -9, -5, -5],
      [10, 8, 16, 14],
      [30, 30, 40, 40],
      [0, 0, 0, 0],
      [4.2, 3.1, 4.3, 3.2],
    ].flat(),
  );
  return [
    of('boxes of each image', [2, 3, 7, 9], boxes('rois', [2, 4, 4], 16, 9), usual),
    of('aligned', [2, 3, 7, 9], boxes('rois', [2, 4, 4], 16, 9), { ...usual, aligned: true }),
    of('batch indices', [2, 3, 7, 9], boxes('indexed', [5, 4], 16, 9), usual, index),
    of(
      'batch indices, aligned, one sample',
      [2, 3, 7, 9],
      boxes('indexed', [5, 4], 16, 9),
      { ...usual, samplingRatio: 1, aligned: true },
      index,
    ),
    of('over the border, outside, without area', [1, 2, 6, 7], border, usual),
    of('over the border, aligned', [1, 2, 6, 7], border, { ...usual, aligned: true }),
    of('another side on each axis, three samples', [1, 2, 8, 5], boxes('odd', [1, 3, 4], 8, 6), {
      outputSize: [2, 4],
      spatialScale: 1,
      samplingRatio: 3,
    }),
    of('one pixel', [1, 2, 1, 1], boxes('pixel', [1, 2, 4], 2, 2), usual),
    of('as many samples as pixels', [2, 3, 7, 9], boxes('rois', [2, 4, 4], 16, 20), { ...usual, samplingRatio: 0 }),
    of('as many samples as pixels, over the border', [1, 2, 6, 7], border, { ...usual, samplingRatio: 0 }),
    of('no boxes', [2, 3, 4, 4], tensorData('float32', [2, 0, 4], []), usual),
    {
      name: 'roiAlign: a batch N',
      inputs: { features: floats([3, 2, 6, 5]), boxes: boxes('batched', [3, 4, 4], 10, 6) },
      batched: ['features', 'boxes'],
      build: ({ features, boxes }) => ({ y: roiAlign(features!, boxes!, usual) }),
    },
  ];
}

function pyramidRoiAlignCases(): ConformanceCase[] {
  const of = (
    name: string,
    rois: TensorData,
    levels: readonly number[],
    changes: Partial<ConformanceCase> = {},
  ): ConformanceCase => ({
    name: `pyramidRoiAlign: ${name}`,
    inputs: {
      fine: floats([rois.shape[0]!, 3, 8, 9]),
      coarse: floats([rois.shape[0]!, 3, 4, 5]),
      boxes: rois,
      levels: tensorData('int32', rois.shape.slice(0, 2), levels),
    },
    build: ({ fine, coarse, boxes, levels }) => ({
      y: pyramidRoiAlign([fine!, coarse!], boxes!, levels!, {
        outputSize: [2, 3],
        spatialScales: [0.5, 0.25],
        samplingRatio: 2,
      }),
    }),
    gradientsOf: ['fine', 'coarse'],
    ...changes,
  });
  const four = boxes('pyramid rois', [2, 4, 4], 16, 9);
  return [
    of('each box from its own level', four, [1, 0, 0, 1, 0, 1, 1, 1]),
    of('a level without boxes', four, [1, 1, 1, 1, 1, 1, 1, 1]),
    of('no boxes', tensorData('float32', [2, 0, 4], []), []),
    of(
      'more boxes than an engine may take at once',
      boxes('many pyramid rois', [1, 160, 4], 128, 40),
      Array.from({ length: 160 }, (_, i) => Number(i % 3 === 0)),
      {
        inputs: {
          fine: floats([1, 64, 8, 64]),
          coarse: floats([1, 64, 4, 32]),
          boxes: boxes('many pyramid rois', [1, 160, 4], 128, 40),
          levels: tensorData(
            'int32',
            [1, 160],
            Array.from({ length: 160 }, (_, i) => Number(i % 3 === 0)),
          ),
        },
        build: ({ fine, coarse, boxes, levels }) => ({
          y: pyramidRoiAlign([fine!, coarse!], boxes!, levels!, {
            outputSize: 7,
            spatialScales: [0.5, 0.25],
            samplingRatio: 2,
          }),
        }),
      },
    ),
    of('a batch N', boxes('pyramid batch', [3, 2, 4], 16, 9), [1, 0, 0, 0, 0, 1], {
      batched: ['fine', 'coarse', 'boxes', 'levels'],
      gradientsOf: [],
    }),
  ];
}

function nmsCases(): ConformanceCase[] {
  const of = (
    name: string,
    all: TensorData,
    scores: TensorData,
    options: NmsOptions,
    expected?: Readonly<Record<string, readonly number[]>>,
  ): ConformanceCase => ({
    name: `nms: ${name}`,
    inputs: { boxes: all, scores },
    build: ({ boxes, scores }) => ({ ...nms(boxes!, scores!, options) }),
    gradientsOf: [],
    ...(expected && { expected }),
  });
  const many = boxes('candidates', [2, 60, 4], 20, 12);
  const scores = hashedUniform([2, 60], seedOf(1, 'scores'));
  const squares = tensorData(
    'float32',
    [4, 4],
    [
      [0, 0, 2, 2],
      [0, 0, 2, 2],
      [5, 5, 5, 5],
      [5, 5, 5, 5],
    ].flat(),
  );
  // Overlaps of exactly one half.
  const halves = tensorData(
    'float32',
    [2, 4],
    [
      [0, 0, 2, 1],
      [0, 0, 1, 1],
    ].flat(),
  );
  const two = tensorData('float32', [2], [0.9, 0.8]);
  return [
    of('two images', many, scores, { iouThreshold: 0.5, maxOutput: 20 }),
    of('more slots than boxes', many, scores, { iouThreshold: 0.3, maxOutput: 70 }),
    of('fewer slots than survivors', many, scores, { iouThreshold: 0.7, maxOutput: 3 }),
    of('a score threshold', many, scores, { iouThreshold: 0.5, maxOutput: 20, scoreThreshold: 0.6 }),
    of('nothing above the score threshold', many, scores, { iouThreshold: 0.5, maxOutput: 4, scoreThreshold: 2 }),
    of('one image without a batch', boxes('single', [30, 4], 12, 9), hashedUniform([30], seedOf(1, 'single')), {
      iouThreshold: 0.4,
      maxOutput: 10,
    }),
    of(
      'equal scores, boxes without area',
      squares,
      tensorData('float32', [4], [1, 1, 1, 1]),
      { iouThreshold: 0.5, maxOutput: 5 },
      { indices: [0, 2, 3, 0, 0], valid: [1, 1, 1, 0, 0] },
    ),
    of(
      'NaN and minus infinity are never kept',
      squares,
      tensorData('float32', [4], [Number.NaN, 0.5, Number.NEGATIVE_INFINITY, 0.7]),
      { iouThreshold: 0.5, maxOutput: 3 },
      { indices: [3, 1, 0], valid: [1, 1, 0] },
    ),
    of(
      'an overlap of the threshold stays',
      halves,
      two,
      { iouThreshold: 0.5, maxOutput: 2 },
      { indices: [0, 1], valid: [1, 1] },
    ),
    of(
      'a score of the threshold goes',
      halves,
      tensorData('float32', [2], [0.75, 0.5]),
      { iouThreshold: 1, maxOutput: 2, scoreThreshold: 0.5 },
      { indices: [0, 0], valid: [1, 0] },
    ),
    of(
      'threshold 0 drops all that touch',
      halves,
      two,
      { iouThreshold: 0, maxOutput: 2 },
      { indices: [0, 0], valid: [1, 0] },
    ),
    of('no boxes', tensorData('float32', [2, 0, 4], []), tensorData('float32', [2, 0], []), {
      iouThreshold: 0.5,
      maxOutput: 2,
    }),
    {
      name: 'nms: a batch N, the first image without survivors',
      inputs: {
        boxes: boxes('batched candidates', [3, 20, 4], 9, 9),
        scores: {
          ...hashedUniform([3, 20], seedOf(1, 'batched')),
          data: hashedUniform([3, 20], seedOf(1, 'batched')).data.map((s, i) => (i < 20 ? -s : s)),
        },
      },
      batched: ['boxes', 'scores'],
      build: ({ boxes, scores }) => ({
        ...nms(boxes!, scores!, { iouThreshold: 0.5, maxOutput: 6, scoreThreshold: 0 }),
      }),
    },
  ];
}

export function detectionCases(): ConformanceCase[] {
  return [...roiAlignCases(), ...pyramidRoiAlignCases(), ...nmsCases()];
}
