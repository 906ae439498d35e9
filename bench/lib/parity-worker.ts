import { join } from 'node:path';
import { recalibratedNorms } from '@nats/detect';
import { detectorPhases, detectorSpec, openEngine, pretrainedWeights, taskObjective } from '@nats/pipeline';
import { createTraining } from '@nats/train';
import { writeSafetensors } from '@nats/transfer';
import { parityTask } from './parity-task.js';

/** What our side says at its end. */
export interface OurTraining {
  readonly losses: readonly number[];
  /** Of all steps, without what came before. */
  readonly seconds: number;
  readonly processorSeconds: number;
  /** Peak resident bytes. */
  readonly bytes: number;
}

/**
 * Our side of bench/parity.ts, as its own process so that its peak memory is its own: `FOLDER OPTIONS`, OPTIONS as JSON. Leaves the
 * weights before and after in the folder.
 */
const [folder = '', options = '{}'] = process.argv.slice(2);
const { config, task } = await parityTask(JSON.parse(options));
const engine = await openEngine(config.engine);
const progress = { line: (text: string) => console.error(text), update: () => undefined };
const context = { progress, signal: new AbortController().signal };
const pretrained = await pretrainedWeights(config.weights, detectorSpec(task.detector), context);
const objective = taskObjective(task, config, config.train);
const training = await createTraining({
  engine,
  objective,
  steps: config.train.steps,
  seed: config.seed,
  initial: await recalibratedNorms({ engine, objective, initial: pretrained }),
  ...detectorPhases(config.train, task.backbone),
});
await writeSafetensors(join(folder, 'initial.safetensors'), await training.values());
const losses: number[] = [];
const started = performance.now();
const usage = process.cpuUsage();
for await (const event of training.events()) if (event.type === 'step') losses.push(event.loss);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(usage);
await writeSafetensors(join(folder, 'ours.safetensors'), await training.values());
const result: OurTraining = {
  losses,
  seconds,
  processorSeconds: (user + system) / 1e6,
  // Kilobytes on Linux.
  bytes: process.resourceUsage().maxRSS * 1024,
};
console.log(JSON.stringify(result));
await training.dispose();
await objective.dispose();
await engine.dispose();
