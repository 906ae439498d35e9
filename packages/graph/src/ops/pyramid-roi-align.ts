import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { formatType, type Tensor } from '../tensor.js';
import { sizeOf } from '../tensor-data.js';
import { equal, multiply } from './binary.js';
import { cast } from './cast.js';
import { reshape } from './reshape.js';
import { type RoiAlignAttributes, type RoiAlignOptions, roiAlignGradOp, roiAlignOp } from './roi-align.js';

/** Attributes of `pyramidRoiAlign`. */
export interface PyramidRoiAlignAttributes extends Omit<RoiAlignAttributes, 'spatialScale'> {
  /** Of each level. */
  readonly spatialScales: readonly number[];
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
export const pyramidRoiAlignOp = defineOp<PyramidRoiAlignAttributes>({
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
  /** Of the features; boxes are taken as given. Each level is reached by its own boxes alone. */
  gradient: ({ inputs, gradients: [g], attributes, needed }) => {
    const [boxes, levels] = inputs.slice(-2);
    check(attributes.samplingRatio > 0 || !needed.includes(true), 'attribute', () => ({
      rule: 'pyramidRoiAlign is differentiated with a fixed number of samples',
      received: 'samplingRatio 0',
      limit: 'at least 1, or stopGradient on the features',
    }));
    const features = inputs.slice(0, -2).map((level, i) => {
      if (!needed[i]) return undefined;
      const own = reshape(cast(equal(levels!, i), 'float32'), [...levels!.shape, 1, 1, 1]);
      const shape = level.shape as number[];
      return apply(roiAlignGradOp, [multiply(g, own), boxes!], { ...ofLevel(attributes, i), shape });
    });
    return [...features, undefined, undefined];
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

/**
 * RoIAlign over a pyramid, each box from one level (torchvision's MultiScaleRoIAlign without its mapper). Other levels cost a
 * box nothing in the forward pass.
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
