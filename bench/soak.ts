import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { buildClassifier, smallResnet } from '@nats/space';
import { classification, constantRate, createTraining, readMnist, sgd } from '@nats/train';
import { type BenchResult, option } from './lib/bench.js';

const WARM = 200;

/**
 * Does memory stay flat? A training of 2,000 steps; resident size after an explicit collection at step 200 and at the end.
 *
 * `npm run bench -- soak [--steps 2000]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const steps = option(args, 'steps', 2000);
  const collect = exposedCollector();
  const { train } = await readMnist();
  const backbone = smallResnet({ inputChannels: 1, widths: [8, 16] });
  const engine = onnxruntimeEngine();
  const training = await createTraining({
    engine,
    objective: classification({
      network: (scope, x, options) => buildClassifier(scope, x, backbone, { ...options, classes: 10 }),
      datasets: { train },
      batchSize: 32,
    }),
    steps,
    phases: [{ optimizer: sgd({ momentum: 0.9 }), learningRate: constantRate(0.01) }],
  });
  const resident: number[] = [];
  const rows: Record<string, string | number>[] = [];
  for await (const event of training.events()) {
    if (event.type !== 'step' || (event.step % WARM !== 0 && event.step !== steps)) continue;
    collect();
    resident.push(process.memoryUsage().rss);
    rows.push({ step: event.step, 'resident, MB': resident.at(-1)! / 1e6, loss: event.loss });
  }
  await training.dispose();
  await engine.dispose();
  return {
    name: 'soak',
    rows,
    ratios: { 'resident-end-vs-step-200': resident.at(-1)! / resident[0]! },
    samples: { resident },
  };
}

/** Node's collector, without a flag on the command line. Twice: external memory is freed by finalizers of the first pass. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  return () => {
    gc();
    gc();
  };
}
