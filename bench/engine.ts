import { type BenchResult, median, option } from './lib/bench.js';
import { libraryRows, type Measured, ratiosTo } from './lib/libraries.js';
import { pythonOption } from './lib/python.js';
import { runWorker, type StepTime, type StepWorker, startEngine, startPython } from './lib/step-worker.js';
import { machineNow, summaryOption, writeSummary } from './lib/summary.js';

const NETWORKS = [
  { name: 'resnet18', dilation: 1 },
  { name: 'resnet18-dilated', dilation: 2 },
] as const;
const BATCH = 8;
const SIZE = 128;

/**
 * One training step (forward, backward, batch statistics, SGD with momentum and weight decay) of ResNet-18 on
 * 8 x 3 x 128 x 128 images, ours and PyTorch's by turns, so that both meet the same noise.
 * Options: `--steps N` (default 20), `--warm N` (default 5), `--threads N` (default 2), `--python COMMAND` as often as there are
 * PyTorches to compare with (default Debian's), `--summary FILE` for the document's table.
 *
 * `--engine NAME` (`onnxruntime-web`, `tfjs:wasm`, …) measures another engine beside onnxruntime instead of PyTorch;
 * then also `--batch N`, `--size N` and `--networks N` (how many of the networks), for slow ones.
 *
 * `--engine onnxruntime:webgpu` measures what a faster device would not speed up: the main thread's time of a step, how many
 * nodes it has, and how many bytes cross between the CPU and the device (counted in onnxruntime's profile). With `--batch N`
 * (default 1) and `--size N` (default 64).
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const steps = option(args, 'steps', 20);
  const warm = option(args, 'warm', 5);
  const threads = option(args, 'threads', 2);
  const at = args.indexOf('--engine');
  if (at >= 0 && /^onnxruntime:(webgpu|cuda)$/.test(args[at + 1] ?? '')) return hostCosts(args, args[at + 1]!);
  if (at >= 0) return compareEngines(args, args[at + 1] ?? '', { steps, warm, threads });
  const pythons = pythonOption(args);
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, readonly number[]> = {};
  const summary: (string | number)[][] = [];
  for (const { name, dilation } of NETWORKS) {
    const ours = await startEngine([threads, dilation]);
    const theirs = await Promise.all(
      pythons.map((python) => startPython(python, [threads, dilation], '../pytorch_worker.py')),
    );
    const sides = [ours, ...theirs.filter((side) => side !== undefined)];
    const times = await takeTurns(sides, warm, steps);
    const measured: Measured[] = [];
    for (const [i, side] of sides.entries()) {
      const ms = times[i]!.map((time) => time.ms);
      const processor = times[i]!.map((time) => time.processor);
      const peak = await side.peak();
      const { library = 'onnxruntime' } = side.start;
      rows.push({
        network: name,
        library,
        'ms/step': median(ms),
        'best ms': Math.min(...ms),
        'processor ms': median(processor),
        'images/s': (BATCH * 1000) / median(ms),
        'peak MB': peak / 1e6,
        'session ms': Math.round(side.start.sessionMs ?? 0),
        nodes: side.start.nodes ?? 0,
      });
      const values = { step: ms, 'best-step': [Math.min(...ms)], processor, memory: [peak / 1e6] };
      for (const [quantity, list] of Object.entries(values)) samples[`${name}/${library}/${quantity}`] = list;
      measured.push({ library, values });
      side.stop();
    }
    Object.assign(ratios, ratiosTo(name, measured));
    const subject = `${name}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
    summary.push(...libraryRows(subject, measured, ['step', 'best-step', 'processor', 'memory']));
  }
  if (Object.keys(ratios).length === 0) console.log("No PyTorch in Debian's Python (python3-torch): no ratios.");
  const file = summaryOption(args);
  const columns = ['network', 'library', 'step, ms', 'fastest, ms', 'processor, ms', 'peak memory, MB'];
  if (file !== undefined)
    writeSummary(file, { command: 'npm run bench -- engine', machine: machineNow(), columns, rows: summary });
  return { name: 'engine', rows, ratios, samples };
}

interface HostCosts {
  /** Milliseconds of the main thread, and on the clock, by step. */
  readonly host: readonly number[];
  readonly wall: readonly number[];
  /** Nodes that onnxruntime runs in a step, copies included, and those of them on the CPU. */
  readonly nodes: number;
  readonly onCpu: number;
  readonly bytes: { readonly feeds: number; readonly outputs: number; readonly copies: number };
}

/** The goal: 2 ms and 5 microseconds for each node; feeds and at most 1 kB cross. */
async function hostCosts(args: readonly string[], engine: string): Promise<BenchResult> {
  const numbers = [
    option(args, 'batch', 1),
    option(args, 'size', 64),
    option(args, 'warm', 3),
    option(args, 'steps', 10),
  ];
  const [batch, size] = numbers;
  const { host, wall, nodes, onCpu, bytes } = await runWorker<HostCosts>('./host-worker.ts', [engine, ...numbers]);
  const goal = 2 + 0.005 * nodes;
  const row = {
    network: `resnet18, ${batch} x ${size} px`,
    nodes,
    'on the CPU': onCpu,
    'feeds, bytes': bytes.feeds,
    'outputs, bytes': bytes.outputs,
    'copies inside, bytes': bytes.copies,
    'host ms/step': median(host),
    'us/node': (1000 * median(host)) / nodes,
    'goal, ms': goal,
    'wall ms/step': median(wall),
  };
  return {
    name: 'engine',
    rows: [row],
    ratios: {
      [`host-vs-goal/${engine}`]: median(host) / goal,
      [`bytes-vs-goal/${engine}`]: (bytes.feeds + bytes.outputs + bytes.copies) / (bytes.feeds + 1000),
    },
    samples: { host, wall },
  };
}

interface Measurement {
  readonly steps: number;
  readonly warm: number;
  readonly threads: number;
}

/** Another engine and onnxruntime by turns. Engines in WebAssembly have one thread in Node, whatever is asked for. */
async function compareEngines(
  args: readonly string[],
  engine: string,
  { steps, warm, threads }: Measurement,
): Promise<BenchResult> {
  const [batch, size] = [option(args, 'batch', BATCH), option(args, 'size', SIZE)];
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, number[]> = {};
  for (const { name, dilation } of NETWORKS.slice(0, option(args, 'networks', NETWORKS.length))) {
    const names = [engine, 'onnxruntime'];
    const sides = await Promise.all(names.map((side) => startEngine([threads, dilation, batch, size, side])));
    const times = await takeTurns(sides, warm, steps);
    for (const [i, side] of sides.entries()) {
      const [ms, processor] = [times[i]!.map((time) => time.ms), times[i]!.map((time) => time.processor)];
      const peak = await side.peak();
      rows.push({
        network: name,
        engine: names[i]!,
        'ms/step': median(ms),
        'best ms': Math.min(...ms),
        'processor ms': median(processor),
        'images/s': (batch * 1000) / median(ms),
        'peak MB': peak / 1e6,
        'compile ms': Math.round(side.start.sessionMs ?? 0),
      });
      samples[`${name}/${names[i]}/ms`] = ms;
      samples[`${name}/${names[i]}/processor`] = processor;
      side.stop();
    }
    const summary = (side: string, what: string) => median(samples[`${name}/${side}/${what}`]!);
    for (const what of ['ms', 'processor']) {
      ratios[`${engine}-vs-onnxruntime/${name}/${what}`] = summary(engine, what) / summary('onnxruntime', what);
    }
  }
  return { name: 'engine', rows, ratios, samples };
}

async function takeTurns(sides: readonly StepWorker[], warm: number, steps: number): Promise<StepTime[][]> {
  const times: StepTime[][] = sides.map(() => []);
  for (let i = 0; i < warm + steps; i++) {
    for (const [k, side] of sides.entries()) {
      const time = await side.step();
      if (i >= warm) times[k]!.push(time);
    }
  }
  return times;
}
