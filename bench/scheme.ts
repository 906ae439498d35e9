import { encodeProgram } from '@nats/export';
import {
  createProgram,
  createScope,
  foldVariables,
  hash32,
  hashNormal,
  hashUniform,
  initialize,
  input,
  type StateSpec,
  seedOf,
  type TensorData,
} from '@nats/graph';
import {
  anisotropicGenotypes,
  type BackboneConfig,
  backboneConfig,
  buildClassifier,
  channelUnit,
  convolutionSites,
  createScheme,
  type Genotype,
  isBackboneName,
  isotropicGenotypes,
  layoutPass,
  type Scheme,
  schemeBuilder,
} from '@nats/space';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type BenchResult, median, option } from './lib/bench.js';
import { timed } from './lib/timed.js';

interface Variant {
  readonly name: string;
  readonly session: InferenceSession;
  readonly times: number[];
}

/**
 * Latency of exported classifiers transformed by random schemes, relative to the plain one in the same run: batch 1, every
 * 3x3 convolution chosen, counts unrounded and rounded to multiples of 8, 16 and 64, channels interleaved at random (the worst
 * case, as single groups choose) or in contiguous runs (as the proportional decoder gives).
 *
 * With one thread, the default, it is CPU time that is measured, which other processes on the machine do not lengthen.
 *
 * `npm run bench -- scheme [--size 224] [--rounds 15] [--threads 1] [--model resnet50] [--naive]`; `--naive` leaves out the
 * layout pass.
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const size = option(args, 'size', 224);
  const rounds = option(args, 'rounds', 15);
  const threads = option(args, 'threads', 1);
  const asked = args[args.indexOf('--model') + 1];
  const models = args.includes('--model') && asked ? [asked] : ['resnet18', 'resnet50', 'resnext50_32x4d'];
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, number[]> = {};
  for (const model of models) {
    if (!isBackboneName(model)) throw new Error(`--model takes a backbone's name; received ${model}`);
    const config = backboneConfig(model);
    const variants = await measure(config, { size, rounds, threads, naive: args.includes('--naive') });
    const plain = variants[0]!;
    for (const { name, times } of variants) {
      const ratio = median(times.map((time, i) => time / plain.times[i]!));
      rows.push({ model, scheme: name, 'median ms': median(times), 'x plain': ratio });
      samples[`${model} ${name}`] = times;
      if (name !== 'plain') ratios[`${model} ${name}`] = ratio;
    }
  }
  return { name: 'scheme', rows, ratios, samples };
}

interface Settings {
  readonly size: number;
  readonly rounds: number;
  readonly threads: number;
  readonly naive: boolean;
}

async function measure(config: BackboneConfig, { size, rounds, threads, naive }: Settings): Promise<Variant[]> {
  const variants: Variant[] = [];
  const add = async (name: string, scheme?: Scheme) => {
    const bytes = exported(config, size, naive, scheme);
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads, graphOptimizationLevel: 'all' });
    variants.push({ name, session, times: [] });
  };
  await add('plain');
  for (const [kind, genotypes] of [
    ['3 isotropic', isotropicGenotypes(3)],
    ['9 anisotropic', anisotropicGenotypes(3)],
  ] as const) {
    for (const order of ['interleaved', 'contiguous'] as const) {
      for (const multiple of [1, 8, 16, 64]) {
        const rounding = multiple === 1 ? 'unrounded' : `multiples of ${multiple}`;
        await add(`${kind}, ${rounding}, ${order}`, randomScheme(config, genotypes, multiple, order));
      }
    }
  }
  const x = new Tensor(
    'float32',
    Float32Array.from({ length: 3 * size * size }, (_, i) => hashNormal(1, i)),
    [1, 3, size, size],
  );
  // Rounds of all variants in turn, so that a slow moment of the machine touches them alike; the first warms up.
  for (let round = -1; round < rounds; round++) {
    for (const { session, times } of variants) {
      const time = await timed(() => session.run({ x }), threads === 1);
      if (round >= 0) times.push(time);
    }
  }
  for (const { session } of variants) await session.release();
  return variants;
}

function exported(config: BackboneConfig, size: number, naive: boolean, scheme?: Scheme): Uint8Array {
  const scope = createScope();
  const x = input('x', 'float32', [1, 3, size, size]);
  const logits = buildClassifier(scope, x, config, scheme && { convolution: schemeBuilder(scheme) });
  const values = statistics(initialize(scope.spec, 1), scope.spec);
  const program = createProgram({ outputs: { logits } });
  return encodeProgram(foldVariables(naive ? program : layoutPass(program), values), { values });
}

/** Means and variances that are not 0 and 1, which would be optimized away. */
function statistics(values: Map<string, TensorData>, spec: StateSpec): Map<string, TensorData> {
  for (const { name, kind } of spec.values()) {
    if (kind !== 'statistic') continue;
    const { data } = values.get(name)!;
    for (let i = 0; i < data.length; i++) data[i]! += 0.1 * hashUniform(seedOf(1, name), i);
  }
  return values;
}

/** Random shares of genotypes for every convolution; its whole units of channels shuffled, or in runs. */
function randomScheme(
  config: BackboneConfig,
  genotypes: readonly Genotype[],
  multiple: number,
  order: 'interleaved' | 'contiguous',
): Scheme {
  const convolutions = convolutionSites(config).map((site): [string, Int32Array] => {
    const seed = seedOf(3, site.name);
    const unit = Math.max(channelUnit(site), multiple);
    const units = Math.floor(site.channels / unit);
    const counts = shares(genotypes.length, units, seed).map((count) => count * unit);
    const whole = channelUnit(site);
    const blocks = counts.flatMap((count, g) => new Array<number>(count / whole).fill(g));
    const places = blocks.map((_, i) => i);
    if (order === 'interleaved') places.sort((a, b) => hash32(seed, a) - hash32(seed, b));
    return [site.name, Int32Array.from({ length: site.channels }, (_, c) => blocks[places[Math.floor(c / whole)]!]!)];
  });
  const provenance = { tool: { name: 'bench/scheme', version: '0' }, method: `random, multiples of ${multiple}` };
  return createScheme({ backbone: config.name, genotypes, convolutions, provenance });
}

/** Whole numbers that sum to `units`, in the ratio of exponential (Dirichlet) random shares, by largest remainder. */
function shares(genotypes: number, units: number, seed: number): number[] {
  const raw = Array.from({ length: genotypes }, (_, g) => -Math.log(1 - hashUniform(seed, 1000 + g)));
  const total = raw.reduce((sum, share) => sum + share, 0);
  const exact = raw.map((share) => (share / total) * units);
  const counts = exact.map(Math.floor);
  const rest = exact.map((share, g) => [share - counts[g]!, g] as const).sort((a, b) => b[0] - a[0]);
  const left = units - counts.reduce((sum, count) => sum + count, 0);
  for (const [, g] of rest.slice(0, left)) counts[g]!++;
  return counts;
}
