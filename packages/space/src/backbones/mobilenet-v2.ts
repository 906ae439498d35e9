import {
  add,
  convolution,
  flatten,
  globalAveragePool,
  linear,
  minimum,
  relu,
  type Scope,
  type Tensor,
} from '@nats/graph';
import {
  type BackboneBase,
  type BackboneKind,
  checkSizes,
  checkStageCount,
  nearestMultiple,
  type StagePlan,
} from './kind.js';
import { type NormConfig, normalize } from './norm.js';
import { IMAGENET_STATISTICS, type PixelStatistics } from './pixel-statistics.js';
import { type BlockContext, searchable } from './site.js';

/** Blocks of one width: a row of table 2 of the paper. */
export interface InvertedResiduals {
  /** t: channels of the depthwise convolution for each input channel. */
  readonly expansion: number;
  /** c, of the output. */
  readonly channels: number;
  /** n */
  readonly blocks: number;
  /** s, of the first block. */
  readonly stride: number;
}

/** A MobileNetV2 (Sandler et al. 2018), as plain data. */
export interface MobilenetV2Config extends BackboneBase {
  readonly kind: 'mobilenet-v2';
  /** Of the 3x3 convolution of stride 2 before the stages. */
  readonly stemChannels: number;
  /** Rows of blocks that one feature map is the end of: strides 4, 8, 16 and 32. */
  readonly stages: readonly (readonly InvertedResiduals[])[];
  /** Of the classifier's 1x1 convolution; detectors stand on the blocks before it. */
  readonly classifierChannels: number;
  readonly norm: NormConfig;
}

/** Table 2. The rows are put together by stride; the first one, of stride 1, stands with the second. */
const STAGES: MobilenetV2Config['stages'] = [
  [
    { expansion: 1, channels: 16, blocks: 1, stride: 1 },
    { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  ],
  [{ expansion: 6, channels: 32, blocks: 3, stride: 2 }],
  [
    { expansion: 6, channels: 64, blocks: 4, stride: 2 },
    { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  ],
  [
    { expansion: 6, channels: 160, blocks: 3, stride: 2 },
    { expansion: 6, channels: 320, blocks: 1, stride: 1 },
  ],
];

/** Options of `mobilenetV2Config`. */
export interface MobilenetV2Options {
  /** Default 3. */
  readonly inputChannels?: number;
  /** Of all layers, to multiples of 8; the classifier's gets only wider. Default 1. */
  readonly widthMultiplier?: number;
  /** Default: batch norm with PyTorch's settings. */
  readonly norm?: NormConfig;
  /** How its input is normalized; default: ImageNet's for three channels. */
  readonly inputStatistics?: PixelStatistics;
}

/** The network of table 2, named `mobilenet_v2` as torchvision's; with another width `mobilenet_v2_0.5` and so on. */
export function mobilenetV2Config(options: MobilenetV2Options = {}): MobilenetV2Config {
  const { inputChannels = 3, widthMultiplier = 1, norm = { kind: 'batch' }, inputStatistics } = options;
  const scaled = (channels: number, by = widthMultiplier) => nearestMultiple(channels * by, 8);
  return {
    kind: 'mobilenet-v2',
    name: widthMultiplier === 1 ? 'mobilenet_v2' : `mobilenet_v2_${widthMultiplier}`,
    inputChannels,
    stemChannels: scaled(32),
    stages: STAGES.map((rows) => rows.map((row) => ({ ...row, channels: scaled(row.channels) }))),
    classifierChannels: scaled(1280, Math.max(1, widthMultiplier)),
    norm,
    ...(inputStatistics && { inputStatistics }),
  };
}

/** MobileNetV2, its parameters named as torchvision's: `features.0.0`, `features.1.conv.0.0`, …, `classifier.1`. */
export const mobilenetV2Kind: BackboneKind<MobilenetV2Config> = {
  check(config) {
    checkStageCount(config);
    const { inputChannels, stemChannels, stages, classifierChannels } = config;
    checkSizes(config, { inputChannels, stemChannels, stages, classifierChannels });
  },
  stem(scope, x, { stemChannels, norm }) {
    return convolved(feature(scope, 0), x, { channels: stemChannels, kernel: 3, stride: 2, padding: 1 }, norm);
  },
  stages({ stages, norm }) {
    let total = 2;
    let index = 1;
    return stages.map((rows): StagePlan => {
      total *= rows.reduce((product, { stride }) => product * stride, 1);
      const first = index;
      const blocks = rows.flatMap((row) =>
        Array.from({ length: row.blocks }, (_, i) => ({ ...row, stride: i === 0 ? row.stride : 1 })),
      );
      index += blocks.length;
      return {
        stride: total,
        build: (scope, x, context) =>
          blocks.reduce((h, row, blockIndex) => {
            const own = feature(scope, first + blockIndex);
            const block = { ...context, block: 'inverted-residual', blockIndex } as const;
            return own.build(() => invertedResidual(own.child('conv'), h, row, norm, block));
          }, x),
      };
    });
  },
  classifier(scope, features, classes, { stages, classifierChannels, norm }) {
    const blocks = stages.flat().reduce((sum, row) => sum + row.blocks, 0);
    const h = convolved(feature(scope, blocks + 1), features, { channels: classifierChannels, kernel: 1 }, norm);
    const pooled = scope.build(() => flatten(globalAveragePool(h)));
    return linear(scope.child('classifier').child(1), pooled, classes);
  },
  inputStatistics: IMAGENET_STATISTICS,
};

function feature(scope: Scope, index: number): Scope {
  return scope.child('features').child(index);
}

/** A convolution `0`, its norm `1`, and ReLU6. */
function convolved(scope: Scope, x: Tensor, options: Parameters<typeof convolution>[2], norm: NormConfig): Tensor {
  return relu6(normalize(scope.child(1), convolution(scope.child(0), x, options), norm));
}

/** Wide, depthwise, narrow again without an activation; added to the input where the shape stays (figure 4). */
function invertedResidual(
  scope: Scope,
  x: Tensor,
  { expansion, channels, stride }: InvertedResiduals,
  norm: NormConfig,
  context: BlockContext,
): Tensor {
  const inputChannels = x.shape[1] as number;
  const width = inputChannels * expansion;
  let index = 0;
  let h = x;
  if (expansion !== 1) h = convolved(scope.child(index++), h, { channels: width, kernel: 1 }, norm);
  const depthwise = scope.child(index++);
  h = searchable(depthwise.child(0), h, { channels: width, stride, groups: width }, context);
  h = relu6(normalize(depthwise.child(1), h, norm));
  h = convolution(scope.child(index++), h, { channels, kernel: 1 });
  h = normalize(scope.child(index), h, norm);
  return stride === 1 && inputChannels === channels ? add(x, h) : h;
}

function relu6(x: Tensor): Tensor {
  return minimum(relu(x), 6);
}
