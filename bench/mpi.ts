import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type BenchResult, formatTable, median, option } from './lib/bench.js';
import type { MpiJob, MpiMeasurement } from './lib/mpi-worker.js';
import { fitLink, type Link, ringSeconds } from './lib/ring.js';

const WORKER = fileURLToPath(new URL('./lib/mpi-worker.ts', import.meta.url));
const MPIRUN = ['mpirun', '--allow-run-as-root', '--oversubscribe', '--bind-to', 'none', '-np', '2'] as const;
const BACKBONES = ['resnet18', 'resnet50'] as const;

/** Nobody's measurement: what vendors and the literature give for one link of a cluster. */
const NETWORKS: Readonly<Record<string, Link>> = {
  '10 Gbit Ethernet': { latency: 30e-6, bandwidth: 1.1e9 },
  '25 Gbit Ethernet': { latency: 15e-6, bandwidth: 2.8e9 },
  '100 Gbit InfiniBand': { latency: 2e-6, bandwidth: 11e9 },
};
const PROCESSES = [4, 8, 16, 32, 64, 128, 256];

/** Who computes: processes with threads each. */
const VARIANTS = [
  { name: '1 x 1', processes: 1, threads: 1 },
  { name: '1 x 2', processes: 1, threads: 2 },
  { name: '2 x 1', processes: 2, threads: 1 },
] as const;

/**
 * A training step of FCOS on two processes with one thread each, against one process with one thread and with two, on the same
 * batch; the share of its all-reduces, and these against the bare MPI call; from step, bytes and link a projection.
 * `npm run bench -- mpi [--steps 8] [--warm 2] [--rounds 3] [--batch 4] [--size 256] [--resnet18 1] [--resnet50 1]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const [steps, warm, rounds] = [option(args, 'steps', 8), option(args, 'warm', 2), option(args, 'rounds', 3)];
  const [batch, size] = [option(args, 'batch', 4), option(args, 'size', 256)];
  const rows: Record<string, string | number>[] = [];
  const projections: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, readonly number[]> = {};
  for (const backbone of BACKBONES.filter((name) => option(args, name, 1) !== 0)) {
    const found = new Map<string, MpiMeasurement[]>(VARIANTS.map(({ name }) => [name, []]));
    // In turn, so that what else the machine does strikes all alike.
    for (let round = 0; round < rounds; round++) {
      for (const { name, processes, threads } of VARIANTS)
        found.get(name)!.push(await measure(processes, { backbone, batch, size, threads, steps, warm }));
    }
    const all = (variant: string, key: 'step' | 'reduce' | 'wait' | 'bare' | 'ours') =>
      found.get(variant)!.flatMap((part) => part[key]);
    for (const { name, processes, threads } of VARIANTS) {
      const ms = median(all(name, 'step'));
      samples[`${backbone}/${name}/step`] = all(name, 'step');
      rows.push({ backbone, processes, threads, 'ms/step': ms, 'images/s': (1000 * batch) / ms });
    }
    const step = (name: string) => median(all(name, 'step'));
    const two = found.get('2 x 1')!;
    const { bytes } = two[0]!;
    for (const key of ['reduce', 'wait', 'bare', 'ours'] as const)
      samples[`${backbone}/2 x 1/${key}`] = all('2 x 1', key);
    ratios[`${backbone}/step, 2 processes to 1 thread (goal 0.588: 1.7 times the images)`] =
      step('2 x 1') / step('1 x 1');
    ratios[`${backbone}/step, 2 processes to 2 threads`] = step('2 x 1') / step('1 x 2');
    ratios[`${backbone}/all-reduce to the bare call (goal 1.3)`] =
      median(all('2 x 1', 'ours')) / median(all('2 x 1', 'bare'));
    ratios[`${backbone}/share of all-reduces`] = median(all('2 x 1', 'reduce')) / step('2 x 1');
    ratios[`${backbone}/share of waiting for the other`] = median(all('2 x 1', 'wait')) / step('2 x 1');
    const here = fitLink(two.flatMap(({ sizes }) => sizes.map(([n, ms]) => [n, ms / 1000] as const)));
    console.log(
      `${backbone}: ${(bytes / 1e6).toFixed(1)} MB a step; between two processes here ${(1e6 * here.latency).toFixed(1)} µs and ${(here.bandwidth / 1e9).toFixed(2)} GB/s`,
    );
    samples[`${backbone}/bytes`] = [bytes];
    samples[`${backbone}/link here: latency in s, bytes per s`] = [here.latency, here.bandwidth];
    // Without communication: each process has the batch of one of the two here.
    const computing = (step('2 x 1') - median(all('2 x 1', 'reduce')) - median(all('2 x 1', 'wait'))) / 1000;
    for (const [network, link] of Object.entries(NETWORKS)) {
      const efficiencies = PROCESSES.map((p) => computing / (computing + ringSeconds(bytes, p, link)));
      samples[`${backbone}/efficiency by ${network} of ${PROCESSES.join(', ')}`] = efficiencies;
      projections.push({
        backbone,
        network,
        ...Object.fromEntries(PROCESSES.map((p, i) => [`${p} processes`, `${(p * efficiencies[i]!).toFixed(1)}`])),
      });
    }
  }
  console.log(
    `\nProjected speed, in processes' worth, of as many processes with ${batch / 2} images each: step here, ring of a network that was not measured, nothing overlapped\n\n${formatTable(projections)}`,
  );
  return { name: 'mpi', rows, ratios, samples };
}

/** One worker alone, or two under `mpirun`. */
function measure(processes: number, job: MpiJob): Promise<MpiMeasurement> {
  const node = [process.execPath, ...process.execArgv, WORKER, JSON.stringify(job)];
  const [command, ...rest] = processes === 1 ? node : [...MPIRUN, ...node];
  const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('mpirun is missing (Debian: openmpi-bin libopenmpi-dev)') : error),
    );
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text.trim().split('\n').at(-1)!) as MpiMeasurement);
      else reject(new Error(`${command} ended with exit code ${code}`));
    });
  });
}
