import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createEngine } from '@nats/engine';
import * as g from '@nats/graph';
import { buildClassifier, demoResnet } from '@nats/space';
import { type BenchResult, option } from './lib/bench.js';
import { trainingFeeds, trainingStep } from './lib/training-step.js';

/**
 * Does memory stay flat? Trains the small network of the demonstration on new feeds each step, and compares resident
 * bytes after a collection at the end with those at step 200. Options: `--steps N` (default 2000), `--engine NAME` (default
 * onnxruntime), `--threads N` (default 2), `--batch N` (default 16), `--size N` (default 32, in pixels). Of TensorFlow.js its tensors, their bytes and
 * the WebAssembly memory that they lie in are counted too.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const steps = option(args, 'steps', 2000);
  const early = Math.min(200, Math.ceil(steps / 10));
  const collect = collector();
  const size = option(args, 'size', 32);
  const shape = [option(args, 'batch', 16), 1, size, size] as const;
  const { spec, program } = trainingStep(shape, (scope, x) => buildClassifier(scope, x, demoResnet(), { classes: 10 }));
  const at = args.indexOf('--engine');
  const name = at < 0 ? 'onnxruntime' : (args[at + 1] ?? '');
  const engine = await createEngine(name, { threads: option(args, 'threads', 2) });
  const held = await tensorCounter(engine);
  const executable = await engine.compile(program);
  const state = await engine.createState(spec, g.initialize(spec, 1));
  const rows: Record<string, number>[] = [];
  const measure = async (step: number) => {
    // Finalizers of what was collected run after the current turn.
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    rows.push({ step, 'resident MB': process.memoryUsage().rss / 1e6, ...held() });
  };
  let loss = 0;
  for (let step = 1; step <= steps; step++) {
    loss = (await executable.run(state, trainingFeeds(shape, 10, 0.01))).loss!.data[0]!;
    if (step === early || step === steps || step % early === 0) await measure(step);
  }
  await engine.dispose();
  if (!Number.isFinite(loss)) throw new Error(`the training diverged: loss ${loss}`);
  return {
    name: 'soak',
    rows,
    ratios: Object.fromEntries(
      Object.keys(rows[0]!).flatMap((what) =>
        what === 'step' ? [] : [[`${name}/${what}/end-vs-step${early}`, rows.at(-1)![what]! / rows[0]![what]!]],
      ),
    ),
    samples: Object.fromEntries(Object.keys(rows[0]!).map((what) => [what, rows.map((row) => row[what]!)])),
  };
}

/** V8's collector, without a flag on the command line. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** What TensorFlow.js holds, by its own count; nothing of other engines. */
async function tensorCounter({ name }: g.Engine): Promise<() => Record<string, number>> {
  if (name !== 'tfjs') return () => ({});
  // The module is one for the whole process, whoever imports it.
  const core = await import('@tensorflow/tfjs-core');
  return () => {
    const { numTensors, numBytes } = core.memory();
    const { wasm } = core.backend() as { wasm?: { HEAPU8: Uint8Array } };
    return {
      tensors: numTensors,
      'tensor MB': numBytes / 1e6,
      ...(wasm && { 'WebAssembly MB': wasm.HEAPU8.length / 1e6 }),
    };
  };
}
