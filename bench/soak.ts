import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import * as g from '@nats/graph';
import { buildClassifier, demoResnet } from '@nats/space';
import { type BenchResult, option } from './lib/bench.js';
import { trainingFeeds, trainingStep } from './lib/training-step.js';

/**
 * Does memory stay flat? Trains the small network of the demonstration on new feeds each step, and compares resident
 * bytes after a collection at the end with those at step 200. Option: `--steps N` (default 2000).
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const steps = option(args, 'steps', 2000);
  const early = Math.min(200, Math.ceil(steps / 10));
  const collect = collector();
  const shape = [16, 1, 32, 32] as const;
  const { spec, program } = trainingStep(shape, (scope, x) => buildClassifier(scope, x, demoResnet(), { classes: 10 }));
  const engine = onnxruntimeEngine();
  const executable = await engine.compile(program);
  const state = await engine.createState(spec, g.initialize(spec, 1));
  const resident: number[] = [];
  const at: number[] = [];
  const measure = async (step: number) => {
    // Finalizers of what was collected run after the current turn.
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    resident.push(process.memoryUsage().rss);
    at.push(step);
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
    rows: at.map((step, i) => ({ step, 'resident MB': resident[i]! / 1e6 })),
    ratios: { 'rss-end-vs-step200': resident.at(-1)! / resident[0]! },
    samples: { step: at, resident },
  };
}

/** V8's collector, without a flag on the command line. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
