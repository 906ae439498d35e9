import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { type Executable, type Feeds, initialize, type State } from '@nats/graph';
import { exactCosts } from '@nats/search';
import { type BenchResult, median, option } from './lib/bench.js';
import { RELAXATIONS, spaces, stepOf, variantNames } from './lib/search-variants.js';

interface Counted {
  readonly name: string;
  /** Multiply-adds of convolutions and their gradients. */
  readonly work: number;
  readonly nodes: number;
}

interface Variant extends Counted {
  readonly executable: Executable;
  readonly state: State;
  readonly feeds: Feeds;
  readonly times: number[];
  /** Peak resident bytes of a process that makes a few steps. */
  readonly bytes: number | undefined;
}

/** Share of a search's steps in which the architecture moves, by default: from 30 % of them on, in each. */
const ARCHITECTURE_SHARE = 0.7;

/**
 * Steps of searches relative to the plain training step, of the demo detector, for 3 isotropic and 9 anisotropic genotypes:
 * steps of the weights of every relaxation and of a network derived by a random scheme, and steps of the architecture, all
 * interleaved in one run. Processor time, which other processes on the machine lengthen least; so one thread is the default.
 * Peak memory is that of processes of their own, Node and the TypeScript loader included. With `--counts` nothing is timed:
 * multiply-adds and nodes of the programs, which are the same on every machine.
 *
 * `npm run bench -- search [--counts] [--rounds 12] [--batch 16] [--threads 1] [--memory 1]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const batch = option(args, 'batch', 16);
  if (args.includes('--counts')) return countsOf(batch);
  const rounds = option(args, 'rounds', 12);
  const threads = option(args, 'threads', 1);
  const withMemory = option(args, 'memory', 1) !== 0;
  const engine = onnxruntimeEngine({ threads });
  const variants: Variant[] = [];
  for (const name of variantNames()) {
    const bytes = withMemory ? await peakMemory(name, batch, threads) : undefined;
    const { program, spec, feeds, work } = await stepOf(name, batch);
    const state = await engine.createState(spec, initialize(spec, 1));
    const nodes = program.nodes.length;
    variants.push({ name, executable: await engine.compile(program), work, nodes, state, feeds, times: [], bytes });
  }
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const variant of variants) {
      const before = process.cpuUsage();
      await variant.executable.run(variant.state, variant.feeds);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) variant.times.push((user + system) / 1000);
    }
  }
  await engine.dispose();
  return timesOf(variants);
}

async function peakMemory(...args: readonly (string | number)[]): Promise<number> {
  const worker = fileURLToPath(new URL('./lib/search-memory.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, worker, ...args.map(String)]);
  return Number(stdout);
}

async function countsOf(batch: number): Promise<BenchResult> {
  const counted: Counted[] = [];
  for (const name of variantNames()) {
    const { program, work } = await stepOf(name, batch);
    counted.push({ name, work, nodes: program.nodes.length });
  }
  const plain = counted[0]!;
  return {
    name: 'search',
    rows: counted.map(({ name, work, nodes }) => ({
      step: name,
      'million multiply-adds': work / 1e6,
      'x multiply-adds': work / plain.work,
      nodes,
    })),
    ratios: ratiosOf('multiply-adds', counted, ({ work }) => work),
    samples: {},
  };
}

/** Of every step to the plain one, and of a whole search to a training of as many steps. */
function ratiosOf<V extends Counted>(what: string, variants: readonly V[], cost: (variant: V) => number) {
  const plain = cost(variants[0]!);
  const of = (name: string) => cost(variants.find((variant) => variant.name === name)!) / plain;
  const steps = variants.slice(1).map(({ name }) => [`${what}/step-vs-plain/${name}`, of(name)] as const);
  const searches = Object.keys(spaces()).flatMap((space) =>
    Object.entries(RELAXATIONS).flatMap(([form, { weights }]) =>
      [1, 2].map((every) => {
        const moves = (ARCHITECTURE_SHARE / every) * of(`${space}/${form}/architecture`);
        return [
          `${what}/search-vs-training/${space}/${form}/every-${every}`,
          of(`${space}/${weights}`) + moves,
        ] as const;
      }),
    ),
  );
  return Object.fromEntries([...steps, ...searches]);
}

function timesOf(variants: readonly Variant[]): BenchResult {
  const plain = variants[0]!;
  const time = ({ times }: Variant) => median(times);
  const ratios: Record<string, number> = ratiosOf('time', variants, time);
  const named = (name: string) => variants.find((variant) => variant.name === name)!;
  for (const [title, { genotypes }] of Object.entries(spaces())) {
    const [sum, dense] = [named(`${title}/sum`), named(`${title}/dense`)];
    ratios[`dense-vs-sum/${title}`] = time(dense) / time(sum);
    const costs = exactCosts(genotypes);
    const chosen = costs.dense < costs.sum ? dense : sum;
    ratios[`step-vs-counted-share/${title}`] = time(chosen) / time(plain) / (chosen.work / plain.work);
  }
  for (const { name, bytes } of variants.slice(1)) {
    if (bytes !== undefined && plain.bytes !== undefined) ratios[`memory/step-vs-plain/${name}`] = bytes / plain.bytes;
  }
  return {
    name: 'search',
    rows: variants.map((variant) => ({
      step: variant.name,
      'processor ms, median': time(variant),
      least: Math.min(...variant.times),
      'x plain': time(variant) / time(plain),
      'x multiply-adds': variant.work / plain.work,
      ...(variant.bytes !== undefined && { 'peak MB': variant.bytes / 1e6 }),
    })),
    ratios,
    samples: Object.fromEntries(variants.map(({ name, times }) => [name, times])),
  };
}
