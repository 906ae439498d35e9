import { check } from '@nats/graph';
import { type CustomBackbone, customKind } from './custom.js';
import type { BackboneKind } from './kind.js';
import { type MobilenetV2Config, mobilenetV2Kind } from './mobilenet-v2.js';
import { type RegnetConfig, regnetKind } from './regnet.js';
import { resnetKind } from './resnet.js';
import type { ResnetConfig } from './resnet-config.js';

/** The config of a backbone: of which kind, and everything that its network is built from. */
export type BackboneConfig = ResnetConfig | RegnetConfig | MobilenetV2Config | CustomBackbone;

type Kinds = { readonly [K in BackboneConfig['kind']]: BackboneKind<Extract<BackboneConfig, { kind: K }>> };

/** A new family is a file and an entry here. */
const KINDS: Kinds = {
  resnet: resnetKind,
  regnet: regnetKind,
  'mobilenet-v2': mobilenetV2Kind,
  custom: customKind,
};

/** The family of a config. @throws NatsError `name` for a kind that there is none of */
export function kindOf(config: BackboneConfig): BackboneKind<BackboneConfig> {
  check(Object.hasOwn(KINDS, config.kind), 'name', () => ({
    rule: "a backbone's kind is one of those known",
    received: JSON.stringify(config.kind) ?? 'none',
    limit: Object.keys(KINDS).join(', '),
    where: config.name,
  }));
  // The key says which member of the union the entry takes, which an index type can't express.
  return KINDS[config.kind] as BackboneKind<BackboneConfig>;
}
