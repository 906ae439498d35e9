import { type BenchResult, median, option } from './lib/bench.js';
import { type StepTime, type StepWorker, startEngine, startPytorch } from './lib/step-worker.js';

const NETWORKS = [
  { name: 'resnet18', dilation: 1 },
  { name: 'resnet18-dilated', dilation: 2 },
] as const;
const BATCH = 8;

/**
 * One training step (forward, backward, batch statistics, SGD with momentum and weight decay) of ResNet-18 on
 * 8 x 3 x 128 x 128 images, ours and PyTorch's by turns, so that both meet the same noise.
 * Options: `--steps N` (default 20), `--warm N` (default 5), `--threads N` (default 2).
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const steps = option(args, 'steps', 20);
  const warm = option(args, 'warm', 5);
  const threads = option(args, 'threads', 2);
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, number[]> = {};
  for (const { name, dilation } of NETWORKS) {
    const ours = await startEngine([threads, dilation]);
    const theirs = await startPytorch([threads, dilation]);
    const sides = theirs ? [ours, theirs] : [ours];
    const times = await takeTurns(sides, warm, steps);
    for (const [i, side] of sides.entries()) {
      const library = side.start.torch === undefined ? 'onnxruntime' : `PyTorch ${side.start.torch}`;
      const ms = times[i]!.map((time) => time.ms);
      const processor = times[i]!.map((time) => time.processor);
      const peak = await side.peak();
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
      const key = `${name}/${i === 0 ? 'onnxruntime' : 'pytorch'}`;
      samples[`${key}/ms`] = ms;
      samples[`${key}/processor`] = processor;
      samples[`${key}/peak`] = [peak];
    }
    if (theirs) Object.assign(ratios, compare(name, samples));
    for (const side of sides) side.stop();
  }
  if (Object.keys(ratios).length === 0) console.log("No PyTorch in Debian's Python (python3-torch): no ratios.");
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

function compare(name: string, samples: Readonly<Record<string, readonly number[]>>): Record<string, number> {
  const ratio = (what: string, summary: (values: readonly number[]) => number) =>
    summary(samples[`${name}/onnxruntime/${what}`]!) / summary(samples[`${name}/pytorch/${what}`]!);
  return {
    [`step-vs-pytorch/${name}`]: ratio('ms', median),
    [`best-step-vs-pytorch/${name}`]: ratio('ms', (values) => Math.min(...values)),
    [`processor-vs-pytorch/${name}`]: ratio('processor', median),
    [`memory-vs-pytorch/${name}`]: ratio('peak', median),
  };
}
