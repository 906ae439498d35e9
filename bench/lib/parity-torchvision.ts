import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { detectorPhases, detectorSpec, taskObjective } from '@nats/pipeline';
import type { ParityOptions, ParityTask } from './parity-task.js';
import type { OurTraining } from './parity-worker.js';
import { DEBIAN_PYTHON } from './python.js';

/** What torchvision's side says at its end. */
interface TheirTraining extends OurTraining {
  readonly torch: string;
}

/** torchvision's training: it is sent every batch that ours saw. */
export async function trainInTorchvision(
  folder: string,
  options: ParityOptions,
  opened: ParityTask,
): Promise<TheirTraining> {
  const { config, task } = opened;
  const objective = taskObjective(task, config, config.train);
  const [phase] = detectorPhases(config.train, task.backbone).phases;
  const script = fileURLToPath(new URL('../parity_worker.py', import.meta.url));
  const child = spawn(DEBIAN_PYTHON, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} ended before its answer`);
    return JSON.parse(value) as T;
  };
  try {
    const names = [...detectorSpec(task.detector).keys()];
    const first = await objective.batch('train', 0);
    const header = {
      ...{ detector: options.detector, size: options.size, batch: options.batch, threads: options.threads },
      maxObjects: first.labels!.shape[1],
      classes: task.classes.length,
      weightDecay: (phase.optimizer.config as { weightDecay: number }).weightDecay,
      clipNorm: phase.clipNorm,
      frozen: names.filter((name) => phase.only?.(name) === false),
      scaled: names.filter((name) => name.startsWith('backbone.body.')),
      scale: config.train.backboneLearningRateScale,
    };
    child.stdin.write(`${JSON.stringify(header)}\n`);
    const { torch } = await answer<{ torch: string }>();
    const losses: number[] = [];
    let [seconds, processorSeconds] = [0, 0];
    for (let step = 0; step < options.steps; step++) {
      const { images, boxes, labels } = await objective.batch('train', step);
      const rate = Float64Array.of(phase.learningRate(step));
      for (const part of [rate, images!.data, boxes!.data, labels!.data]) {
        const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
        if (!child.stdin.write(bytes)) await once(child.stdin, 'drain');
      }
      const told = await answer<{ loss: number; seconds: number; processorSeconds: number }>();
      losses.push(told.loss);
      seconds += told.seconds;
      processorSeconds += told.processorSeconds;
    }
    child.stdin.end();
    const { bytes } = await answer<{ bytes: number }>();
    return { torch, losses, seconds, processorSeconds, bytes };
  } finally {
    child.kill();
    await objective.dispose();
  }
}
