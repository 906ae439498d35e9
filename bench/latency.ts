import { compareLatency } from '@nats/export';
import { hashUniform, input, seedOf } from '@nats/graph';
import { measureLatency, openExported } from '@nats/pipeline';
import {
  anisotropicGenotypes,
  type BackboneConfig,
  backboneConfig,
  buildBackbone,
  createScheme,
  demoResnet,
  isBackboneName,
  isotropicGenotypes,
  type LatencyTable,
  predictLatency,
  type Scheme,
  type SearchSpace,
  schemeBuilder,
  searchSpace,
} from '@nats/space';
import { type BenchResult, median, option, processorTime } from './lib/bench.js';
import { machineNow, summaryOption, writeSummary } from './lib/summary.js';

/** Networks, and the side of their images. */
const NETWORKS = { resnet18: 224, resnet50: 224, resnext50_32x4d: 224, 'demo-resnet': 128 } as const;

/**
 * How near `predictLatency` is: a table of each network, then random schemes as files of their own, by turns with the original.
 * Groups of channels draw their genotypes from shares that are random themselves, so that some layers are divided in
 * many parts, some in few, some not.
 *
 * With one thread, the default, it is processor time that is measured, which other processes on the machine lengthen least.
 *
 * `npm run bench -- latency [--model resnet50] [--genotypes 3] [--schemes 20] [--rounds 15] [--threads 1] [--size 224]
 * [--summary docs/results/latency-prediction.json]`, whose rows of the networks measured are replaced
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const threads = option(args, 'threads', 1);
  const rounds = option(args, 'rounds', 15);
  const schemes = option(args, 'schemes', 20);
  const count = option(args, 'genotypes', 3);
  const asked = args.includes('--model') ? [args[args.indexOf('--model') + 1]!] : Object.keys(NETWORKS);
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, number[]> = {};
  const summary: (string | number)[][] = [];
  for (const model of asked) {
    const backbone = networkOf(model);
    const side = option(args, 'size', NETWORKS[model as keyof typeof NETWORKS] ?? 224);
    const genotypes = count === 9 ? anisotropicGenotypes(3) : isotropicGenotypes(count);
    const space = searchSpace(backbone, { genotypes });
    const started = performance.now();
    const table = await measureLatency({
      backbone,
      space,
      size: [side, side],
      runtime: { threads },
      rounds,
      ...(threads === 1 && { clock: processorTime }),
      progress: { update: (text) => void process.stderr.write(`\r${text.padEnd(79)}`) },
    });
    const seconds = (performance.now() - started) / 1000;
    process.stderr.write(`\r${`  ${model}: table in ${seconds.toFixed(0)} s`.padEnd(79)}\n`);
    const found = await compare(backbone, space, table, { schemes, rounds, threads, side });
    for (const { predicted, measured, quartiles } of found) {
      const [low, high] = quartiles;
      const error = 100 * (predicted / measured - 1);
      rows.push({
        model,
        genotypes: count,
        predicted,
        measured,
        'lower quartile': low,
        'upper quartile': high,
        'error %': error,
      });
    }
    const errors = found.map(({ predicted, measured }) => Math.abs(predicted / measured - 1));
    ratios[`${model} largest error`] = Math.max(...errors);
    ratios[`${model} median error`] = median(errors);
    ratios[`${model} largest ratio`] = Math.max(...found.map(({ measured }) => measured));
    ratios[`${model} seconds of the table`] = seconds;
    samples[`${model} error`] = errors;
    summary.push(summaryRow(model, count, threads, found, seconds));
  }
  const file = summaryOption(args);
  const command = 'npm run bench -- latency --summary docs/results/latency-prediction.json';
  if (file !== undefined) writeSummary(file, { command, columns: COLUMNS, rows: summary });
  return { name: 'latency', rows, ratios, samples };
}

const COLUMNS = [
  'network',
  'schemes',
  'latency, measured',
  'error: median',
  'largest',
  'within 5 %',
  'table, s',
  'machine',
];

function summaryRow(model: string, genotypes: number, threads: number, found: readonly Compared[], seconds: number) {
  const errors = found.map(({ predicted, measured }) => Math.abs(predicted / measured - 1));
  const measured = found.map((one) => one.measured);
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  return [
    `${model}, ${genotypes} genotypes, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    found.length,
    `${Math.min(...measured).toFixed(2)} to ${Math.max(...measured).toFixed(2)}`,
    percent(median(errors)),
    percent(Math.max(...errors)),
    `${errors.filter((error) => error <= 0.05).length} of ${found.length}`,
    Math.round(seconds),
    machineNow(),
  ];
}

function networkOf(model: string): BackboneConfig {
  if (model === 'demo-resnet') return demoResnet();
  if (!isBackboneName(model)) throw new Error(`--model takes a backbone's name; received ${model}`);
  return backboneConfig(model);
}

interface Compared {
  readonly predicted: number;
  readonly measured: number;
  readonly quartiles: readonly [number, number];
}

async function compare(
  backbone: BackboneConfig,
  space: SearchSpace,
  table: LatencyTable,
  { schemes, rounds, threads, side }: { schemes: number; rounds: number; threads: number; side: number },
): Promise<Compared[]> {
  const found: Compared[] = [];
  const open = (scheme?: Scheme) =>
    openExported(
      (scope) => {
        const x = input('x', 'float32', [1, backbone.inputChannels, side, side]);
        return { ...buildBackbone(scope, x, backbone, scheme && { convolution: schemeBuilder(scheme) }).stages };
      },
      { threads },
      'float32',
    );
  const original = await open();
  // Few files at a time: each takes memory for its weights.
  for (let start = 0; start < schemes; start += 5) {
    const drawn = Array.from({ length: Math.min(5, schemes - start) }, (_, i) => drawScheme(space, 1 + start + i));
    const files = await Promise.all(drawn.map(open));
    const runs = [original, ...files].map(({ run }, i) => [String(i), run] as const);
    const begun = performance.now();
    await original.run();
    const needed = Math.ceil(150 / (performance.now() - begun));
    const latencies = await compareLatency<string>(Object.fromEntries(runs), {
      rounds: Math.min(400, Math.max(rounds, needed)),
      warmUp: 3,
      ...(threads === 1 && { clock: processorTime }),
    });
    for (const [i, scheme] of drawn.entries()) {
      const { ratio, ratioQuartiles } = latencies[i + 1]!;
      found.push({ predicted: predictLatency(table, scheme).ratio, measured: ratio, quartiles: ratioQuartiles });
    }
    for (const file of files) await file.close();
  }
  await original.close();
  return found;
}

/** Each convolution has its own shares, from nearly all on one genotype to nearly even; each group of channels draws from them. */
function drawScheme(space: SearchSpace, seed: number): Scheme {
  const convolutions = space.sites.map(({ name, channels, channelGroups }): [string, Int32Array] => {
    const own = seedOf(seed, name);
    const evenness = 4 * hashUniform(own, 0);
    const raw = space.genotypes.map((_, g) => hashUniform(own, 1 + g) ** (4 - evenness) + 1e-9);
    const total = raw.reduce((a, b) => a + b, 0);
    const drawn = Array.from({ length: channelGroups }, (_, k) => {
      let rest = hashUniform(own, 1000 + k) * total;
      const found = raw.findIndex((share) => {
        rest -= share;
        return rest < 0;
      });
      return found < 0 ? raw.length - 1 : found;
    });
    const size = channels / channelGroups;
    return [name, Int32Array.from({ length: channels }, (_, c) => drawn[Math.floor(c / size)]!)];
  });
  const provenance = { tool: { name: 'bench/latency', version: '0' }, method: 'random', seed };
  return createScheme({ backbone: space.backbone, genotypes: space.genotypes, convolutions, provenance });
}
