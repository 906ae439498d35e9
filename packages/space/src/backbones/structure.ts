import { createScope, input, NatsError, type StateSpec, type VariableSpec } from '@nats/graph';
import type { PixelStatistics } from './pixel-statistics.js';
import { type BackboneConfig, kindOf } from './registry.js';
import { type ConvolutionSite, plainConvolution } from './site.js';
import { type BackbonePart, STAGE_NAMES, type StageName } from './stage-name.js';

/** What a backbone consists of, as its own building shows it. */
interface Structure {
  readonly sites: readonly ConvolutionSite[];
  /** By layer, the scope that declares parameters: `layer2.0.bn1`. */
  readonly layers: ReadonlyMap<string, { readonly part: BackbonePart; readonly isNorm: boolean }>;
}

/** Configs are immutable: each is built once. */
const KNOWN = new WeakMap<BackboneConfig, Structure>();

function structureOf(config: BackboneConfig): Structure {
  const known = KNOWN.get(config);
  if (known) return known;
  const structure = trace(config);
  KNOWN.set(config, structure);
  return structure;
}

/** Builds the network part by part and notes what each declares. */
function trace(config: BackboneConfig): Structure {
  const kind = kindOf(config);
  kind.check(config);
  const sites: ConvolutionSite[] = [];
  const scope = createScope();
  const parts = new Map<string, BackbonePart>();
  const note = (part: BackbonePart) => {
    for (const name of scope.spec.keys()) if (!parts.has(layerOf(name))) parts.set(layerOf(name), part);
  };
  let h = kind.stem(scope, input('x', 'float32', [1, config.inputChannels, 64, 64]), config);
  note('stem');
  for (const [i, { build }] of kind.stages(config).entries()) {
    const stage = STAGE_NAMES[i]!;
    h = build(scope, h, {
      stage,
      root: '',
      convolve: (place, x, options, site) => {
        sites.push(site);
        return plainConvolution(place, x, options, site);
      },
    });
    note(stage);
  }
  const norms = normLayers(scope.spec);
  const layers = [...parts].map(([name, part]) => [name, { part, isNorm: norms.has(name) }] as const);
  return { sites, layers: new Map(layers) };
}

/** Layers with one weight and one bias for each channel and nothing that mixes channels. */
function normLayers(spec: StateSpec): Set<string> {
  const layers = new Map<string, VariableSpec[]>();
  for (const variable of spec.values()) {
    const layer = layerOf(variable.name);
    const list = layers.get(layer);
    if (list) list.push(variable);
    else layers.set(layer, [variable]);
  }
  const norms = [...layers].filter(([layer, variables]) => {
    const names = variables.map(({ name }) => name);
    const affine = ['weight', 'bias'].every((name) => names.includes(layer === '' ? name : `${layer}.${name}`));
    return affine && variables.every(({ shape }) => shape.length === 1);
  });
  return new Set(norms.map(([layer]) => layer));
}

/** `layer2.0.bn1` of `layer2.0.bn1.weight`. */
function layerOf(variable: string): string {
  return variable.slice(0, Math.max(0, variable.lastIndexOf('.')));
}

/** All searchable 3x3 convolutions in forward order: what a search space chooses from. */
export function convolutionSites(config: BackboneConfig): readonly ConvolutionSite[] {
  return structureOf(config).sites;
}

/**
 * Where a parameter of the backbone stands.
 * @param name relative to the backbone, of a variable or of a layer: `layer1.0.conv1.weight`, `bn1`
 * @returns undefined for what is not of the backbone, such as the classifier's `fc.weight`
 */
export function stageOf(config: BackboneConfig, name: string): BackbonePart | undefined {
  const { layers } = structureOf(config);
  for (let layer = name; layer !== ''; layer = layerOf(layer)) {
    const found = layers.get(layer);
    if (found) return found.part;
  }
  return undefined;
}

/**
 * Does it belong to a norm, of whatever type?
 * @param name as in `stageOf`
 */
export function isNorm(config: BackboneConfig, name: string): boolean {
  const { layers } = structureOf(config);
  return (layers.get(name) ?? layers.get(layerOf(name)))?.isNorm ?? false;
}

/** Pixels of the input for one of each stage's output, finest first: C2 4, C3 8, C4 16, C5 32 for ImageNet's ResNets. */
export function stageStrides(config: BackboneConfig): ReadonlyMap<StageName, number> {
  const plans = kindOf(config).stages(config);
  return new Map(plans.map(({ stride }, i) => [STAGE_NAMES[i]!, stride]));
}

/**
 * The backbone up to a stage: what comes after it has no parameters, no costs and nothing to search.
 * @returns the same config if it ends there
 * @throws NatsError `name` if it has no such stage
 */
export function withLastStage<C extends BackboneConfig>(config: C, stage: StageName): C {
  const count = STAGE_NAMES.indexOf(stage) + 1;
  if (count < 1 || count > config.stages.length) {
    throw new NatsError('name', {
      rule: 'a stage that is asked for is one of the backbone',
      received: String(stage),
      limit: STAGE_NAMES.slice(0, config.stages.length).join(', '),
      where: config.name,
    });
  }
  return count === config.stages.length ? config : { ...config, stages: config.stages.slice(0, count) };
}

/**
 * How a backbone's input is normalized: what its config says, or else what published weights of its kind expect of RGB
 * images (ImageNet's statistics); for other channels 0.45 and 0.225, about ImageNet's means.
 */
export function inputStatistics(config: BackboneConfig): PixelStatistics {
  if (config.inputStatistics) return config.inputStatistics;
  const usual = kindOf(config).inputStatistics;
  if (config.inputChannels === usual.mean.length) return usual;
  const spread = (value: number) => new Array<number>(config.inputChannels).fill(value);
  return { mean: spread(0.45), deviation: spread(0.225) };
}
