import { TIMM_WEIGHTS } from './timm-weights.js';
import { TORCHVISION_WEIGHTS } from './torchvision-weights.js';

/** What a network's input was when its weights were trained. */
export interface Preprocessing {
  /** Per channel, of pixels in `inputRange`. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly channelOrder: 'RGB' | 'BGR';
  readonly inputRange: readonly [number, number];
}

/** Weights that are known by name. */
export interface KnownWeights extends Preprocessing {
  /** As `weights.file` takes it: `torchvision:resnet50@IMAGENET1K_V1`, `timm:resnet50.a1_in1k`. */
  readonly name: string;
  /** A shorter name for the same, where there is one: `torchvision:resnet50` for the tag that torchvision calls DEFAULT. */
  readonly alias?: string;
  readonly file: string;
  /** The first digits of the file's SHA-256, which torchvision's names hold. The hub tells the whole one. */
  readonly sha256Prefix?: string;
  readonly task: 'classification' | 'detection';
  /** The epsilon of the batch norms, where it is not 1e-5 (`mapWeights` takes it). */
  readonly batchNormEpsilon?: number;
  readonly license: string;
  /** Where this row comes from. */
  readonly source: string;
}

/** A row of torchvision-weights.ts. */
export interface TorchvisionWeights {
  readonly name: string;
  readonly tag: string;
  readonly isDefault: boolean;
  readonly file: string;
  readonly sha256Prefix: string;
  readonly task: 'classification' | 'detection';
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly batchNormEpsilon?: number;
  readonly source: string;
}

/** README of pytorch/vision, "Pre-trained Model License". */
const TORCHVISION_LICENSE = 'code BSD-3-Clause; weights: terms of their training data (ImageNet, COCO), yours to check';

/** All weights that are known by name; any other `timm:` and `hf:` name is looked for on the hub. */
export const KNOWN_WEIGHTS: readonly KnownWeights[] = [
  ...TORCHVISION_WEIGHTS.map(
    ({ name, tag, isDefault, ...row }): KnownWeights => ({
      name: `torchvision:${name}@${tag}`,
      ...(isDefault && { alias: `torchvision:${name}` }),
      channelOrder: 'RGB',
      inputRange: [0, 1],
      license: TORCHVISION_LICENSE,
      ...row,
    }),
  ),
  ...TIMM_WEIGHTS,
];

/** Finds weights by name, alias, or by the name of their file (`resnet50-11ad3fa6.pth`). */
export function knownWeights(nameOrFile: string): KnownWeights | undefined {
  const file = nameOrFile.replace(/^.*[/\\]/, '');
  const isGeneric = file === 'model.safetensors';
  return (
    KNOWN_WEIGHTS.find(({ name, alias }) => name === nameOrFile || alias === nameOrFile) ??
    (isGeneric ? undefined : KNOWN_WEIGHTS.find((weights) => weights.file === file))
  );
}
