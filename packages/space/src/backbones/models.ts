import { mobilenetV2Config } from './mobilenet-v2.js';
import { unknownName } from './names.js';
import type { NormConfig } from './norm.js';
import type { PixelStatistics } from './pixel-statistics.js';
import type { BackboneConfig } from './registry.js';
import { REGNET_NAMES, type RegnetName, regnetConfig } from './regnet.js';
import { RESNET_NAMES, type ResnetName, resnetConfig } from './resnet-models.js';

/** All networks that have a name, of every family; named as torchvision's. */
export type BackboneName = ResnetName | RegnetName | 'mobilenet_v2';

/** What can be chosen of every named network. */
export interface NamedBackboneOptions {
  /** Default 3. */
  readonly inputChannels?: number;
  /** Default: batch norm with PyTorch's settings. */
  readonly norm?: NormConfig;
  /** How its input is normalized; default: ImageNet's for three channels. */
  readonly inputStatistics?: PixelStatistics;
}

type Family = readonly [names: readonly string[], make: (name: never, options: NamedBackboneOptions) => BackboneConfig];
const FAMILIES: readonly Family[] = [
  [RESNET_NAMES, resnetConfig],
  [REGNET_NAMES, regnetConfig],
  [['mobilenet_v2'], (_, options) => mobilenetV2Config(options)],
];

/** Names that `backboneConfig` knows, of all families. */
export const BACKBONE_NAMES: readonly BackboneName[] = FAMILIES.flatMap(([names]) => names) as BackboneName[];

/** Is it the name of a network that `backboneConfig` knows? */
export function isBackboneName(name: string): name is BackboneName {
  return (BACKBONE_NAMES as readonly string[]).includes(name);
}

/** A network by its name, of any family. @throws NatsError `name` for an unknown one, with the nearest */
export function backboneConfig(name: BackboneName, options: NamedBackboneOptions = {}): BackboneConfig {
  const family = FAMILIES.find(([names]) => names.includes(name));
  if (!family) throw unknownName("a backbone's name", name, BACKBONE_NAMES);
  return family[1](name as never, options);
}
