import { check } from '../errors.js';
import { apply, applyAll, defineOp, type OpDefinition } from '../op.js';
import { formatType, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf } from '../tensor-data.js';
import { type RoiAlignAttributes, type RoiAlignOptions, roiAlignGradOp, roiAlignOp } from './roi-align.js';
import { fill } from './source.js';

/** Attributes of `pyramidRoiAlign`. */
export interface PyramidRoiAlignAttributes extends Omit<RoiAlignAttributes, 'spatialScale'> {
  /** Of each level. */
  readonly spatialScales: readonly number[];
}

/** Attributes of `pyramidRoiAlignGrad`. */
export interface PyramidRoiAlignGradAttributes extends PyramidRoiAlignAttributes {
  /** Of the features of each level. */
  readonly shapes: readonly (readonly number[])[];
}

/** Options of `pyramidRoiAlign`. */
export interface PyramidRoiAlignOptions extends Omit<RoiAlignOptions, 'spatialScale'> {
  /** Feature pixels per pixel of the boxes, of each level. */
  readonly spatialScales: readonly number[];
}

const ofLevel = ({ spatialScales, ...shared }: PyramidRoiAlignAttributes, level: number): RoiAlignAttributes => ({
  ...shared,
  spatialScale: spatialScales[level]!,
});

/** First-class, so that an engine pools each box from its own level alone. */
export const pyramidRoiAlignOp: OpDefinition<PyramidRoiAlignAttributes> = defineOp<PyramidRoiAlignAttributes>({
  name: 'pyramidRoiAlign',
  infer: (inputs, attributes) => {
    const features = inputs.slice(0, -2);
    const [boxes, levels] = inputs.slice(-2);
    check(features.length > 0 && features.length === attributes.spatialScales.length, 'attribute', () => ({
      rule: 'every level of a pyramid has a scale',
      received: `${attributes.spatialScales.length} scales for ${features.length} levels`,
    }));
    const perBox = { dtype: 'int32', shape: boxes!.shape.slice(0, -1) } as const;
    check(formatType(levels!) === formatType(perBox), 'shape', () => ({
      rule: 'every box of pyramidRoiAlign has the number of a level',
      received: formatType(levels!),
      limit: formatType(perBox),
    }));
    const pooled = features.map((level, i) => roiAlignOp.infer([level, boxes!], ofLevel(attributes, i))[0]);
    check(
      pooled.every((type) => formatType(type) === formatType(pooled[0]!)),
      'shape',
      () => ({
        rule: 'all levels of a pyramid have as many channels',
        received: features.map(formatType).join(' and '),
      }),
    );
    return [pooled[0]!];
  },
  /** Of the features; boxes are taken as given. */
  gradient: ({ inputs, gradients: [g], attributes, needed }) => {
    const [boxes, levels] = inputs.slice(-2) as [Tensor, Tensor];
    if (!needed.includes(true)) return inputs.map(() => undefined);
    check(attributes.samplingRatio > 0, 'attribute', () => ({
      rule: 'pyramidRoiAlign is differentiated with a fixed number of samples',
      received: 'samplingRatio 0',
      limit: 'at least 1, or stopGradient on the features',
    }));
    const shapes = inputs.slice(0, -2).map(({ shape }) => shape as number[]);
    const features = applyAll(pyramidRoiAlignGradOp, [g, boxes, levels], { ...attributes, shapes });
    return [...features.map((feature, i) => (needed[i] ? feature : undefined)), undefined, undefined];
  },
  evaluate: (inputs, attributes) => {
    const [boxes, levels] = inputs.slice(-2);
    const pooled = inputs.slice(0, -2).map((x, i) => roiAlignOp.evaluate([x, boxes!], ofLevel(attributes, i))[0]);
    const { shape } = pooled[0]!;
    const size = sizeOf(shape.slice(2));
    const data = new Float64Array(sizeOf(shape));
    for (const [box, level] of [...levels!.data].entries()) {
      check(level in pooled, 'attribute', () => ({
        rule: 'boxes name a level that there is',
        received: String(level),
        limit: `0 to ${pooled.length - 1}`,
      }));
      data.set(pooled[level]!.data.subarray(box * size, (box + 1) * size), box * size);
    }
    return [{ dtype: 'float32', shape, data }];
  },
});

type PyramidGradInputs = [g: Tensor, boxes: Tensor, levels: Tensor];

/** Gradient of pyramidRoiAlign with respect to all its levels: each is reached by its own boxes alone. */
export const pyramidRoiAlignGradOp: OpDefinition<PyramidRoiAlignGradAttributes, PyramidGradInputs, readonly Tensor[]> =
  defineOp<PyramidRoiAlignGradAttributes, PyramidGradInputs, readonly Tensor[]>({
    name: 'pyramidRoiAlignGrad',
    infer: ([g, boxes, levels], { shapes, ...attributes }) => {
      const features = shapes.map((shape): TensorType => ({ dtype: 'float32', shape }));
      const [expected] = pyramidRoiAlignOp.infer([...features, boxes, levels], attributes);
      check(formatType(g) === formatType(expected), 'shape', () => ({
        rule: "pyramidRoiAlignGrad takes the gradient of pyramidRoiAlign's output",
        received: formatType(g),
        limit: formatType(expected),
      }));
      return features;
    },
    gradient: ({ inputs: [, boxes, levels], gradients, attributes: { shapes, ...attributes }, needed }) => {
      const features = shapes.map((shape, i) => gradients[i] ?? fill(shape, 0));
      return [needed[0] ? apply(pyramidRoiAlignOp, [...features, boxes, levels], attributes) : undefined];
    },
    evaluate: ([g, boxes, levels], { shapes, ...attributes }) => {
      const size = sizeOf(g.shape.slice(2));
      return shapes.map((shape, level) => {
        const own = Float64Array.from(g.data, (value, i) => (levels.data[Math.floor(i / size)] === level ? value : 0));
        return roiAlignGradOp.evaluate([{ ...g, data: own }, boxes], { ...ofLevel(attributes, level), shape })[0];
      });
    },
  });

/**
 * RoIAlign over a pyramid, each box from one level (torchvision's MultiScaleRoIAlign without its mapper). Other levels cost a
 * box nothing, forward and backward.
 * @param levels `[N, C, H, W]` each, all with as many channels
 * @param boxes `[N, K, 4]`, x1, y1, x2, y2 in image pixels; no gradient goes through them
 * @param levelOfBox int32 `[N, K]`, 0 to one less than there are levels
 * @returns `[N, K, C, h, w]`
 */
export function pyramidRoiAlign(
  levels: readonly Tensor[],
  boxes: Tensor,
  levelOfBox: Tensor,
  { outputSize: size, spatialScales, samplingRatio, aligned = false }: PyramidRoiAlignOptions,
): Tensor {
  const outputSize = typeof size === 'number' ? ([size, size] as const) : ([size[0], size[1]] as const);
  const attributes = { outputSize, spatialScales: [...spatialScales], samplingRatio, aligned };
  return apply(pyramidRoiAlignOp, [...levels, boxes, levelOfBox], attributes);
}
