import { check } from '@nats/graph';
import { unknownName } from './names.js';
import type { NormConfig } from './norm.js';
import type { PixelStatistics } from './pixel-statistics.js';
import { checkResnetConfig, type ResnetConfig, type StemConfig, withOutputStride } from './resnet-config.js';

interface Variant {
  readonly block: ResnetConfig['block'];
  readonly blocks: readonly number[];
  readonly groups?: number;
  readonly widthPerGroup?: number;
}

/** Named as torchvision; the CIFAR ones as in He et al. 2016, section 4.2. */
const IMAGENET = {
  resnet18: { block: 'basic', blocks: [2, 2, 2, 2] },
  resnet34: { block: 'basic', blocks: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', blocks: [3, 4, 6, 3] },
  resnet101: { block: 'bottleneck', blocks: [3, 4, 23, 3] },
  resnet152: { block: 'bottleneck', blocks: [3, 8, 36, 3] },
  resnext50_32x4d: { block: 'bottleneck', blocks: [3, 4, 6, 3], groups: 32, widthPerGroup: 4 },
  resnext101_32x8d: { block: 'bottleneck', blocks: [3, 4, 23, 3], groups: 32, widthPerGroup: 8 },
  wide_resnet50_2: { block: 'bottleneck', blocks: [3, 4, 6, 3], widthPerGroup: 128 },
} as const satisfies Record<string, Variant>;

/** Depth 6 n + 2 with n blocks in each of three stages. */
const CIFAR = { resnet20: 3, resnet32: 5, resnet44: 7, resnet56: 9, resnet110: 18 } as const;

export type ImagenetResnet = keyof typeof IMAGENET;
export type CifarResnet = keyof typeof CIFAR;
/** Names that `resnetConfig` knows: torchvision's, and He et al.'s for CIFAR. */
export type ResnetName = ImagenetResnet | CifarResnet;

export const RESNET_NAMES: readonly ResnetName[] = [
  ...(Object.keys(IMAGENET) as ImagenetResnet[]),
  ...(Object.keys(CIFAR) as CifarResnet[]),
];

/** Options of `resnetConfig`. */
export interface ResnetOptions {
  /** Default 3. */
  readonly inputChannels?: number;
  /** Default: batch norm with PyTorch's settings. */
  readonly norm?: NormConfig;
  /** See `withOutputStride`. */
  readonly outputStride?: number;
  /** Default `projection`, and `padding` for the CIFAR ones, as their paper has it. */
  readonly shortcut?: ResnetConfig['shortcut'];
  /** Default `3x3`, as torchvision. */
  readonly strideIn?: ResnetConfig['strideIn'];
  /** How its input is normalized; default: ImageNet's for three channels. */
  readonly inputStatistics?: PixelStatistics;
}

/** Is it the name of a network that `resnetConfig` knows? */
export function isResnetName(name: string): name is ResnetName {
  return (RESNET_NAMES as readonly string[]).includes(name);
}

/**
 * A ResNet or ResNeXt by name.
 * @throws NatsError `name` for an unknown one, with the nearest (names from files and flags come as strings)
 */
export function resnetConfig(name: ResnetName, options: ResnetOptions = {}): ResnetConfig {
  if (!isResnetName(name)) throw unknownName("a ResNet's name", name, RESNET_NAMES);
  const { outputStride, ...fields } = options;
  const base = Object.hasOwn(CIFAR, name) ? cifar(name as CifarResnet) : imagenet(name as ImagenetResnet);
  const config = { ...base, ...fields };
  checkResnetConfig(config);
  return outputStride === undefined ? config : withOutputStride(config, outputStride);
}

function imagenet(name: ImagenetResnet): ResnetConfig {
  const { block, blocks, groups = 1, widthPerGroup = 64 }: Variant = IMAGENET[name];
  return {
    kind: 'resnet',
    name,
    inputChannels: 3,
    stem: { channels: 64, kernel: 7, stride: 2, pool: true },
    block,
    stages: blocks.map((count, i) => ({ blocks: count, channels: 64 << i, stride: i === 0 ? 1 : 2 })),
    groups,
    widthPerGroup,
    shortcut: 'projection',
    strideIn: '3x3',
    norm: { kind: 'batch' },
  };
}

function cifar(name: CifarResnet): ResnetConfig {
  return {
    kind: 'resnet',
    name,
    inputChannels: 3,
    stem: { channels: 16, kernel: 3, stride: 1, pool: false },
    block: 'basic',
    stages: [16, 32, 64].map((channels, i) => ({ blocks: CIFAR[name], channels, stride: i === 0 ? 1 : 2 })),
    groups: 1,
    widthPerGroup: 64,
    shortcut: 'padding',
    strideIn: '3x3',
    norm: { kind: 'batch' },
  };
}

/** Options of `smallResnet`. */
export interface SmallResnetOptions extends ResnetOptions {
  /** Default 'small-resnet'. */
  readonly name?: string;
  /** Channels of each stage (before a bottleneck's factor 4). */
  readonly widths: readonly number[];
  /** Blocks of each stage; one number for all. Default 1. */
  readonly blocks?: number | readonly number[];
  /** Stride of each stage; default 1 for the first and 2 for the others. */
  readonly strides?: readonly number[];
  /** Default: 3x3 with stride 2, as many channels as the first stage, no pooling. */
  readonly stem?: Partial<StemConfig>;
  /** Default `basic`. */
  readonly block?: ResnetConfig['block'];
  readonly groups?: number;
  readonly widthPerGroup?: number;
}

/**
 * A residual network of any depth and width, for work on a CPU.
 * @throws NatsError `attribute` if the lists do not fit each other
 */
export function smallResnet(options: SmallResnetOptions): ResnetConfig {
  const { name = 'small-resnet', widths, blocks = 1, strides = widths.map((_, i) => (i === 0 ? 1 : 2)) } = options;
  const counts = typeof blocks === 'number' ? widths.map(() => blocks) : blocks;
  check(counts.length === widths.length && strides.length === widths.length, 'attribute', () => ({
    rule: 'widths, blocks and strides have one entry for each stage',
    received: `${widths.length} widths, ${counts.length} blocks, ${strides.length} strides`,
    where: name,
  }));
  const config: ResnetConfig = {
    kind: 'resnet',
    name,
    inputChannels: options.inputChannels ?? 3,
    stem: { channels: widths[0] ?? 16, kernel: 3, stride: 2, pool: false, ...options.stem },
    block: options.block ?? 'basic',
    stages: widths.map((channels, i) => ({ blocks: counts[i]!, channels, stride: strides[i]! })),
    groups: options.groups ?? 1,
    widthPerGroup: options.widthPerGroup ?? 64,
    shortcut: options.shortcut ?? 'projection',
    strideIn: options.strideIn ?? '3x3',
    norm: options.norm ?? { kind: 'batch' },
    ...(options.inputStatistics && { inputStatistics: options.inputStatistics }),
  };
  checkResnetConfig(config);
  return options.outputStride === undefined ? config : withOutputStride(config, options.outputStride);
}

/**
 * The backbone of the demonstration: shallow, so that its receptive field is smaller than the largest digits, which is
 * the condition under which dilation can help. Gray images; about 0.15 million parameters; stages of stride 4, 8, 8.
 */
export function demoResnet(
  options: Pick<ResnetOptions, 'inputChannels' | 'norm' | 'inputStatistics'> = {},
): ResnetConfig {
  return smallResnet({
    name: 'demo-resnet',
    inputChannels: 1,
    widths: [32, 64, 64],
    strides: [2, 2, 1],
    stem: { channels: 16 },
    // About those of digits on textures.
    ...((options.inputChannels ?? 1) === 1 && { inputStatistics: { mean: [0.3], deviation: [0.2] } }),
    ...options,
  });
}
