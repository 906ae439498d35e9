import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { type Executable, type Feeds, initialize, type State } from '@nats/graph';
import { exactCosts } from '@nats/search';
import { type BenchResult, median, option } from './lib/bench.js';
import { spaces, stepOf, variantNames } from './lib/search-variants.js';

interface Variant {
  readonly name: string;
  readonly executable: Executable;
  readonly work: number;
  readonly state: State;
  readonly feeds: Feeds;
  readonly times: number[];
  /** Peak resident bytes of a process that makes a few steps. */
  readonly bytes: number;
}

/**
 * Weight steps of supernets relative to the plain training step, of the demo detector: both exact forms, the sampled one,
 * and a network derived by a random scheme, for 3 isotropic and 9 anisotropic genotypes, by turns in one run. Processor
 * time, which other processes on the machine lengthen least; so one thread is the default. Peak memory is that of
 * processes of their own, Node and the TypeScript loader included.
 *
 * `npm run bench -- search [--rounds 12] [--batch 16] [--threads 1]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const rounds = option(args, 'rounds', 12);
  const batch = option(args, 'batch', 16);
  const threads = option(args, 'threads', 1);
  const engine = onnxruntimeEngine({ threads });
  const variants: Variant[] = [];
  for (const name of variantNames()) {
    const bytes = await peakMemory(name, batch, threads);
    const { program, spec, feeds, work } = await stepOf(name, batch);
    const state = await engine.createState(spec, initialize(spec, 1));
    variants.push({ name, executable: await engine.compile(program), work, state, feeds, times: [], bytes });
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
  return resultOf(variants);
}

async function peakMemory(...args: readonly (string | number)[]): Promise<number> {
  const worker = fileURLToPath(new URL('./lib/search-memory.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, worker, ...args.map(String)]);
  return Number(stdout);
}

function resultOf(variants: readonly Variant[]): BenchResult {
  const plain = variants[0]!;
  const time = ({ times }: Variant) => median(times);
  const named = (name: string) => variants.find((variant) => variant.name === name)!;
  const ratios: Record<string, number> = {};
  for (const variant of variants.slice(1)) {
    ratios[`step-vs-plain/${variant.name}`] = time(variant) / time(plain);
    ratios[`memory-vs-plain/${variant.name}`] = variant.bytes / plain.bytes;
  }
  for (const [title, { genotypes }] of Object.entries(spaces())) {
    const [sum, dense] = [named(`${title}/sum`), named(`${title}/dense`)];
    ratios[`dense-vs-sum/${title}`] = time(dense) / time(sum);
    const costs = exactCosts(genotypes);
    const chosen = costs.dense < costs.sum ? dense : sum;
    ratios[`step-vs-counted-share/${title}`] = time(chosen) / time(plain) / (chosen.work / plain.work);
  }
  return {
    name: 'search',
    rows: variants.map((variant) => ({
      step: variant.name,
      'processor ms, median': time(variant),
      least: Math.min(...variant.times),
      'x plain': time(variant) / time(plain),
      'x multiply-adds': variant.work / plain.work,
      'peak MB': variant.bytes / 1e6,
    })),
    ratios,
    samples: Object.fromEntries(variants.map(({ name, times }) => [name, times])),
  };
}
