import { add, convolution, globalAveragePool, multiply, relu, type Scope, sigmoid, type Tensor } from '@nats/graph';
import {
  type BackboneBase,
  type BackboneKind,
  checkSizes,
  checkStageCount,
  nearestMultiple,
  pooledLinear,
  type StagePlan,
} from './kind.js';
import { unknownName } from './names.js';
import { type NormConfig, normalize } from './norm.js';
import { IMAGENET_STATISTICS, type PixelStatistics } from './pixel-statistics.js';
import { type BlockContext, searchable } from './site.js';

/** One stage of a RegNet. */
export interface RegnetStage {
  readonly blocks: number;
  /** Of the block's output and of its 3x3 convolution. */
  readonly channels: number;
  /** Channels of one group of the 3x3 convolution. */
  readonly groupWidth: number;
  /** Stride of the first block. */
  readonly stride: number;
}

/** A RegNet (Radosavovic et al. 2020), as plain data. Its bottlenecks are as wide as their output (bottleneck ratio 1). */
export interface RegnetConfig extends BackboneBase {
  readonly kind: 'regnet';
  /** Of the 3x3 convolution of stride 2 before the stages. */
  readonly stemChannels: number;
  readonly stages: readonly RegnetStage[];
  /** RegNetY: channels of the squeeze for each input channel of the block; absent for RegNetX. */
  readonly squeezeRatio?: number;
  readonly norm: NormConfig;
}

/** The parameters of a RegNet's widths (section 3.3 of the paper). */
export interface RegnetParameters {
  /** Blocks of all stages together. */
  readonly depth: number;
  /** w_0, a multiple of 8. */
  readonly initialWidth: number;
  /** w_a: channels by which a block is wider than the one before it. */
  readonly slope: number;
  /** w_m: the ratio of the widths of stages that follow each other. */
  readonly ratio: number;
  readonly groupWidth: number;
}

const STEM_CHANNELS = 32;
/** Widths are multiples of it. */
const WIDTH_STEP = 8;
/** RegNetY's (section 5). */
const SQUEEZE_RATIO = 0.25;

const X = {
  regnet_x_400mf: { depth: 22, initialWidth: 24, slope: 24.48, ratio: 2.54, groupWidth: 16 },
  regnet_x_800mf: { depth: 16, initialWidth: 56, slope: 35.73, ratio: 2.28, groupWidth: 16 },
  regnet_x_1_6gf: { depth: 18, initialWidth: 80, slope: 34.01, ratio: 2.25, groupWidth: 24 },
  regnet_x_3_2gf: { depth: 25, initialWidth: 88, slope: 26.31, ratio: 2.25, groupWidth: 48 },
} as const satisfies Record<string, RegnetParameters>;

const Y = {
  regnet_y_400mf: { depth: 16, initialWidth: 48, slope: 27.89, ratio: 2.09, groupWidth: 8 },
  regnet_y_800mf: { depth: 14, initialWidth: 56, slope: 38.84, ratio: 2.4, groupWidth: 16 },
  regnet_y_1_6gf: { depth: 27, initialWidth: 48, slope: 20.71, ratio: 2.65, groupWidth: 24 },
  regnet_y_3_2gf: { depth: 21, initialWidth: 80, slope: 42.63, ratio: 2.66, groupWidth: 24 },
} as const satisfies Record<string, RegnetParameters>;

/** Named as torchvision's. */
export type RegnetName = keyof typeof X | keyof typeof Y;
export const REGNET_NAMES: readonly RegnetName[] = [...keys(X), ...keys(Y)];

function keys<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(table) as K[];
}

/** Options of `regnetConfig`. */
export interface RegnetOptions {
  /** Default 3. */
  readonly inputChannels?: number;
  /** Default: batch norm with PyTorch's settings. */
  readonly norm?: NormConfig;
  /** How its input is normalized; default: ImageNet's for three channels. */
  readonly inputStatistics?: PixelStatistics;
}

/** @throws NatsError `name` for an unknown one, with the nearest */
export function regnetConfig(name: RegnetName, options: RegnetOptions = {}): RegnetConfig {
  if (!REGNET_NAMES.includes(name)) throw unknownName("a RegNet's name", name, REGNET_NAMES);
  const { inputChannels = 3, norm = { kind: 'batch' }, inputStatistics } = options;
  const squeezed = Object.hasOwn(Y, name);
  return {
    kind: 'regnet',
    name,
    inputChannels,
    stemChannels: STEM_CHANNELS,
    stages: regnetStages(squeezed ? Y[name as keyof typeof Y] : X[name as keyof typeof X]),
    ...(squeezed && { squeezeRatio: SQUEEZE_RATIO }),
    norm,
    ...(inputStatistics && { inputStatistics }),
  };
}

/**
 * Stages from a RegNet's parameters (section 3.3): block j is w_0 + w_a j wide, rounded to a power of w_m times w_0 and
 * then to a multiple of 8; blocks of equal width are a stage. Widths that the group width does not divide become the
 * nearest multiple of it (pycls and torchvision).
 */
export function regnetStages({ depth, initialWidth, slope, ratio, groupWidth }: RegnetParameters): RegnetStage[] {
  const blocksOf = new Map<number, number>();
  for (let j = 0; j < depth; j++) {
    const power = roundHalfEven(Math.log((initialWidth + slope * j) / initialWidth) / Math.log(ratio));
    const width = roundHalfEven((initialWidth * ratio ** power) / WIDTH_STEP) * WIDTH_STEP;
    blocksOf.set(width, (blocksOf.get(width) ?? 0) + 1);
  }
  return [...blocksOf].map(([width, blocks]) => {
    const own = Math.min(groupWidth, width);
    return { blocks, channels: nearestMultiple(width, own), groupWidth: own, stride: 2 };
  });
}

/** As NumPy and PyTorch round, which decides the widths of regnet_x_1_6gf. */
function roundHalfEven(value: number): number {
  const nearest = Math.round(value);
  return value % 1 === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** RegNets X and Y, their parameters named as torchvision's: `stem.0`, `trunk_output.block1.block1-0.f.b.0`, …, `fc`. */
export const regnetKind: BackboneKind<RegnetConfig> = {
  check(config) {
    checkStageCount(config);
    const { inputChannels, stemChannels, stages } = config;
    checkSizes(config, { inputChannels, stemChannels, stages });
  },
  stem(scope, x, { stemChannels, norm }) {
    const place = scope.child('stem');
    const h = convolution(place.child(0), x, { channels: stemChannels, kernel: 3, stride: 2, padding: 1 });
    return relu(normalize(place.child(1), h, norm));
  },
  stages(config) {
    let total = 2;
    return config.stages.map((stage, i): StagePlan => {
      total *= stage.stride;
      return {
        stride: total,
        build: (scope, x, context) => {
          const place = scope.child('trunk_output').child(`block${i + 1}`);
          let h = x;
          for (let blockIndex = 0; blockIndex < stage.blocks; blockIndex++) {
            const own = place.child(`block${i + 1}-${blockIndex}`);
            const stride = blockIndex === 0 ? stage.stride : 1;
            const block = { ...context, block: 'bottleneck', blockIndex } as const;
            h = own.build(() => bottleneck(own, h, stage, stride, config, block));
          }
          return h;
        },
      };
    });
  },
  classifier: pooledLinear,
  inputStatistics: IMAGENET_STATISTICS,
};

function bottleneck(
  scope: Scope,
  x: Tensor,
  { channels, groupWidth }: RegnetStage,
  stride: number,
  { norm, squeezeRatio }: RegnetConfig,
  context: BlockContext,
): Tensor {
  const inputChannels = x.shape[1] as number;
  let shortcut = x;
  if (stride !== 1 || inputChannels !== channels) {
    const place = scope.child('proj');
    shortcut = normalize(place.child(1), convolution(place.child(0), x, { channels, kernel: 1, stride }), norm);
  }
  const place = scope.child('f');
  const layer = (name: string, index: number) => place.child(name).child(index);
  let h = convolution(layer('a', 0), x, { channels, kernel: 1 });
  h = relu(normalize(layer('a', 1), h, norm));
  h = searchable(layer('b', 0), h, { channels, stride, groups: channels / groupWidth }, context);
  h = relu(normalize(layer('b', 1), h, norm));
  if (squeezeRatio !== undefined) {
    const squeeze = place.child('se');
    h = squeeze.build(() => squeezeExcitation(squeeze, h, Math.max(1, roundHalfEven(squeezeRatio * inputChannels))));
  }
  h = convolution(layer('c', 0), h, { channels, kernel: 1 });
  return relu(add(shortcut, normalize(layer('c', 1), h, norm)));
}

/** Each channel times a factor in 0 to 1 that all channels' means decide (Hu et al. 2018). */
function squeezeExcitation(scope: Scope, x: Tensor, squeezed: number): Tensor {
  const channels = x.shape[1] as number;
  const mean = globalAveragePool(x);
  const h = relu(convolution(scope.child('fc1'), mean, { channels: squeezed, kernel: 1, bias: true }));
  return multiply(x, sigmoid(convolution(scope.child('fc2'), h, { channels, kernel: 1, bias: true })));
}
