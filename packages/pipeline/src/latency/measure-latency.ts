import { nativeOnnxruntime } from '@nats/engine';
import { compareLatency, type Latency, type Precision } from '@nats/export';
import { input, type Pair, type Tensor } from '@nats/graph';
import {
  type BackboneConfig,
  type BackboneOptions,
  buildBackbone,
  buildStage,
  createScheme,
  keepsOriginal,
  type LatencyShape,
  type LatencyStage,
  type LatencyTable,
  type MeasuredDivision,
  predictLatency,
  type Scheme,
  type SearchableSite,
  type SearchSpace,
  type StageName,
  schemeBuilder,
  shapesBySite,
} from '@nats/space';
import type { ModelRuntime } from '../model/model-engines.js';
import type { Progress } from '../progress.js';
import { environmentOf } from '../run/environment.js';
import { VERSION } from '../version.js';
import { beyondStages, withBeyond } from './beyond-stages.js';
import { choiceOf, measuredDivisions } from './divisions.js';
import { evenestDivision, partsOf } from './evenest-division.js';
import { type ExportedSession, type NetworkBuilder, openExported } from './exported-session.js';

/** A whole network whose latency others are told in parts of. */
export interface MeasuredNetwork {
  /** `fcos`, `backbone`. */
  readonly name: string;
  /** @param x the image `[N, C, H, W]`, of the measured size */
  build(scope: Parameters<NetworkBuilder>[0], x: Tensor, options: BackboneOptions): Readonly<Record<string, Tensor>>;
}

/** Options of `measureLatency`. */
export interface MeasureLatencyOptions {
  readonly backbone: BackboneConfig;
  readonly space: SearchSpace;
  /** `[height, width]` of the image. */
  readonly size: Pair;
  readonly runtime: ModelRuntime;
  /** Default: the backbone by itself. */
  readonly network?: MeasuredNetwork;
  /** Images at a time; default 1. */
  readonly batch?: number;
  /** Default float32. */
  readonly precision?: Precision;
  /** Least rounds of each file; default 15. Where a file is fast there are more, see `milliseconds`. */
  readonly rounds?: number;
  /** Time that each file is run for at least; default 150. */
  readonly milliseconds?: number;
  readonly signal?: AbortSignal;
  readonly progress?: Pick<Progress, 'update'>;
  /** Milliseconds; default `performance.now`. Processor time tells less of other processes, with one thread. */
  readonly clock?: () => number;
}

/** Files that are open at the same time, beside the two of the original. */
const AT_A_TIME = 6;
const MOST_ROUNDS = 400;

/**
 * Measures what dividing the channels of each convolution of a space costs in an exported file. Convolutions of equal shape
 * in the same stage and position are measured together: their stage by itself, once as it is and once with all of them
 * divided, by turns; what one adds is the difference by their number. So layout pass, concatenations and what the
 * runtime fuses are in it. Stages are told in parts of the whole network, by turns with it. Only ratios of neighboring
 * rounds count: what slows the machine for a while slows both. Then all convolutions of a stage at once: together they add
 * less than one by one. Last, all of the whole network, where each adds a little more than in its stage by itself.
 * @throws NatsError `device` or `provider` where the runtime can't be had; what `signal` is aborted with
 */
export async function measureLatency(options: MeasureLatencyOptions): Promise<LatencyTable> {
  const { space, size, runtime, batch = 1, precision = 'float32', progress } = options;
  const { name, original, shares } = await measureStages(options);
  const classes = shapesOf(space);
  const shapes: LatencyShape[] = [];
  for (const [i, sites] of classes.entries()) {
    progress?.update(`  latency: shape ${i + 1} of ${classes.length} (${sites.length} as ${sites[0]!.name})`);
    shapes.push(await measureShape(sites, shares.get(sites[0]!.stage)!, options));
  }
  const stages: LatencyStage[] = [];
  for (const [stage, share] of shares) {
    progress?.update(`  latency: all convolutions of ${stage} at once`);
    stages.push(await measureTogether(stage, share, shapes, options));
  }
  const { providers = ['cpu'], threads } = runtime;
  const { versions } = nativeOnnxruntime().env;
  const table: LatencyTable = {
    backbone: space.backbone,
    network: name,
    size,
    target: { engine: 'onnxruntime', providers: [...providers], threads, batch, precision },
    genotypes: space.genotypes,
    original,
    environment: { ...environmentOf(undefined), onnxruntime: versions.node ?? versions.common },
    created: new Date().toISOString(),
    shapes,
    stages,
  };
  progress?.update('  latency: all convolutions of the whole network at once');
  const beyond = await measureBeyondStages(table, options);
  return { ...table, shapes: shapes.map((shape) => withBeyond(shape, beyond)) };
}

/** The whole network, and each stage as a part of it. */
async function measureStages(options: MeasureLatencyOptions) {
  const { space, runtime, precision = 'float32', progress } = options;
  const { name } = networkOf(options);
  progress?.update(`  latency: ${name} and its stages`);
  const stages = [...new Set(space.sites.map(({ stage }) => stage))];
  const sessions: Record<string, ExportedSession> = {};
  try {
    sessions.whole = await openExported(wholeNetwork(options), runtime, precision);
    for (const stage of stages) sessions[stage] = await openStage(stage, options);
    const latencies = await time(sessions, options);
    const { median, p10: low, p90: high } = latencies.whole!;
    return {
      name,
      original: { median, low, high },
      shares: new Map(stages.map((stage) => [stage, latencies[stage]!.ratio])),
    };
  } finally {
    for (const session of Object.values(sessions)) await session.close();
  }
}

function networkOf({ network, backbone }: MeasureLatencyOptions): MeasuredNetwork {
  if (network) return network;
  return { name: 'backbone', build: (scope, x, options) => ({ ...buildBackbone(scope, x, backbone, options).stages }) };
}

function wholeNetwork(options: MeasureLatencyOptions, scheme?: Scheme): NetworkBuilder {
  const { backbone, size, batch = 1 } = options;
  const building = scheme ? { convolution: schemeBuilder(scheme) } : {};
  return (scope) =>
    networkOf(options).build(scope, input('image', 'float32', [batch, backbone.inputChannels, ...size]), building);
}

/** See `beyondStages`: all convolutions of the whole network in two even parts, by turns with the original. */
async function measureBeyondStages(table: LatencyTable, options: MeasureLatencyOptions): Promise<number> {
  const { space, runtime, precision = 'float32' } = options;
  const shapes = shapesBySite(table);
  const even = space.sites.flatMap((site) => {
    const division = evenestDivision(shapes.get(site.name)!, 2);
    return division ? [{ site, counts: division.channels }] : [];
  });
  if (even.length === 0) return 0;
  const sites = even.map(({ site }) => site);
  const scheme = schemeOf(space, { sites, counts: even.map(({ counts }) => counts), order: 'spread' });
  const sessions: Record<string, ExportedSession> = {};
  try {
    for (const name of ['plain', 'twin'])
      sessions[name] = await openExported(wholeNetwork(options), runtime, precision);
    for (const name of ['divided', 'again'])
      sessions[name] = await openExported(wholeNetwork(options, scheme), runtime, precision);
    const { twin, divided, again } = await time(sessions, options);
    const ratios = { twin: twin!.ratio, divided: [divided!.ratio, again!.ratio] } as const;
    return beyondStages(ratios, predictLatency(table, scheme).ratio, sites.length);
  } finally {
    for (const session of Object.values(sessions)) await session.close();
  }
}

/** Convolutions that are equal in all that their latency may depend on. */
function shapesOf({ sites }: SearchSpace): SearchableSite[][] {
  const classes = new Map<string, SearchableSite[]>();
  for (const site of sites) {
    const { stage, position, inputChannels, channels, groups, stride, dilation } = site;
    const key = [stage, position, inputChannels, channels, groups, stride, dilation].join();
    classes.set(key, [...(classes.get(key) ?? []), site]);
  }
  return [...classes.values()];
}

interface Variant {
  readonly sites: readonly SearchableSite[];
  /** By genotype, for each of the sites. */
  readonly counts: readonly (readonly number[])[];
  readonly order: 'spread' | 'contiguous';
}

async function measureShape(
  sites: readonly SearchableSite[],
  share: number,
  options: MeasureLatencyOptions,
): Promise<LatencyShape> {
  const { genotypes } = options.space;
  const { channels, unit, stage } = sites[0]!;
  const divisions = measuredDivisions(genotypes, channels, unit);
  // The evenest division in two parts, twice: as groups choose, and in runs.
  const two = divisions.filter((counts) => counts.filter((count) => count > 0).length === 2).at(-1);
  const variant = (counts: readonly number[], order: Variant['order']) => ({
    sites,
    counts: sites.map(() => counts),
    order,
  });
  const variants: Variant[] = [
    ...divisions.map((counts) => variant(counts, 'spread')),
    ...(two ? [variant(two, 'contiguous')] : []),
  ];
  const perSite = (ratio: number) => ((ratio - 1) * share) / sites.length;
  const measured: Latency[] = [];
  let resolution = 0;
  for (let start = 0; start < variants.length; start += AT_A_TIME) {
    const { twin, others } = await measureVariants(stage, variants.slice(start, start + AT_A_TIME), options);
    resolution = Math.max(resolution, Math.abs(perSite(twin.ratio)));
    measured.push(...others);
  }
  const found = divisions.map((counts, i): MeasuredDivision => {
    const { ratio, ratioQuartiles } = measured[i]!;
    const [low, high] = ratioQuartiles;
    return { channels: counts, extra: perSite(ratio), low: perSite(low), high: perSite(high) };
  });
  const apart = two ? found[divisions.indexOf(two)]!.extra : 0;
  return {
    sites: sites.map(({ name }) => name),
    channels,
    unit,
    resolution,
    contiguous: two ? perSite(measured.at(-1)!.ratio) - apart : 0,
    divisions: found,
  };
}

/**
 * All convolutions of a stage at once, each in as many parts as there are genotypes. What one division has to do between
 * convolutions, to change how channels lie in memory, its neighbor need not do again: so they add less than their sum.
 */
async function measureTogether(
  stage: StageName,
  share: number,
  shapes: readonly LatencyShape[],
  options: MeasureLatencyOptions,
): Promise<LatencyStage> {
  const sites = options.space.sites.filter((site) => site.stage === stage);
  const own = sites.map(({ name }) => evenest(shapes.find((shape) => shape.sites.includes(name))!));
  const sum = own.reduce((total, { extra }) => total + extra, 0);
  const names = sites.map(({ name }) => name);
  if (sites.length < 2 || sum <= 0) return { sites: names, together: 1 };
  const counts = own.map(({ channels }) => channels);
  const { others } = await measureVariants(stage, [{ sites, counts, order: 'spread' }], options);
  const together = ((others[0]!.ratio - 1) * share) / sum;
  return { sites: names, together: Math.min(1, Math.max(0, together)) };
}

/** Of the divisions in most parts. */
function evenest(shape: LatencyShape): MeasuredDivision {
  return evenestDivision(shape, Math.max(...shape.divisions.map(partsOf)))!;
}

/** A stage as it is, twice, and with some of its convolutions divided in several ways. */
async function measureVariants(
  stage: StageName,
  variants: readonly Variant[],
  options: MeasureLatencyOptions,
): Promise<{ readonly twin: Latency; readonly others: Latency[] }> {
  const sessions: Record<string, ExportedSession> = {};
  try {
    sessions.plain = await openStage(stage, options);
    sessions.twin = await openStage(stage, options);
    for (const [i, variant] of variants.entries()) sessions[`v${i}`] = await openStage(stage, options, variant);
    const latencies = await time(sessions, options);
    return { twin: latencies.twin!, others: variants.map((_, i) => latencies[`v${i}`]!) };
  } finally {
    for (const session of Object.values(sessions)) await session.close();
  }
}

function openStage(
  stage: StageName,
  { backbone, space, size, batch = 1, runtime, precision = 'float32' }: MeasureLatencyOptions,
  variant?: Variant,
): Promise<ExportedSession> {
  const scheme = schemeOf(space, variant);
  const convolution = keepsOriginal(scheme) ? {} : { convolution: schemeBuilder(scheme) };
  return openExported(
    (scope) => ({ features: buildStage(scope, backbone, stage, { size, batch, ...convolution }).features }),
    runtime,
    precision,
  );
}

function schemeOf({ backbone, genotypes }: SearchSpace, variant?: Variant): Scheme {
  const convolutions = (variant?.sites ?? []).map(
    ({ name, unit }, i) => [name, choiceOf(variant!.counts[i]!, unit, variant!.order)] as const,
  );
  const provenance = { tool: { name: '@nats/pipeline', version: VERSION } };
  return createScheme({ backbone, genotypes, convolutions, provenance });
}

/** By turns, for as many rounds as the slowest needs. */
async function time(
  sessions: Readonly<Record<string, ExportedSession>>,
  { rounds = 15, milliseconds = 150, signal, clock = () => performance.now() }: MeasureLatencyOptions,
): Promise<Record<string, Latency>> {
  const runs = Object.fromEntries(Object.entries(sessions).map(([name, { run }]) => [name, run]));
  const first = Object.values(runs)[0]!;
  await first();
  const start = performance.now();
  await first();
  const needed = Math.ceil(milliseconds / Math.max(0.01, performance.now() - start));
  return compareLatency(runs, {
    rounds: Math.min(MOST_ROUNDS, Math.max(rounds, needed)),
    warmUp: 3,
    clock,
    ...(signal && { signal }),
  });
}
