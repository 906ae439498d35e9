import type { Feeds } from '@nats/graph';
import { type BatchQueue, ownIndex } from './batch-queue.js';
import type { StepEvent } from './events.js';
import { NotFiniteError } from './not-finite.js';
import type { CompiledPhase, PhaseResult } from './phase.js';
import type { PreparedTraining } from './prepared.js';

/** One step: every phase that takes part, in order, on the batches that it asked for. */
export async function runStep(training: PreparedTraining, queue: BatchQueue): Promise<StepEvent> {
  const { options, phases, progress } = training;
  const started = performance.now();
  const batches = await queue.take(progress.step);
  const waitSeconds = (performance.now() - started) / 1000;
  const [first, ...others] = phases;
  const count = first!.requests(progress.step).length;
  const { outputs, learningRate } = await runPhase(training, first!, batches.slice(0, count));
  const { loss = Number.NaN, ...metrics } = outputs;
  let used = count;
  for (const phase of others) {
    const end = used + phase.requests(progress.step).length;
    if (end === used) continue;
    const result = await runPhase(training, phase, batches.slice(used, end));
    for (const [key, value] of Object.entries(result.outputs)) metrics[`${phase.name}/${key}`] = value;
    used = end;
  }
  progress.step += 1;
  const seconds = (performance.now() - started) / 1000;
  const processes = options.collective?.size ?? 1;
  const imagesPerSecond = (options.objective.batchSize * count * processes) / seconds;
  return { type: 'step', step: progress.step, loss, metrics, learningRate, seconds, waitSeconds, imagesPerSecond };
}

/** @throws NotFiniteError */
async function runPhase(
  { state, options: { objective, collective }, progress }: PreparedTraining,
  phase: CompiledPhase,
  batches: readonly Feeds[],
): Promise<PhaseResult> {
  const result = await phase.run(state, progress.step, batches);
  for (const name of ['loss', 'gradientNorm']) {
    const value = result.outputs[name];
    if (value === undefined || Number.isFinite(value)) continue;
    const requests = phase.requests(progress.step);
    throw new NotFiniteError(name === 'loss' ? 'the loss' : "the gradients' norm", String(value), {
      step: progress.step + 1,
      phase: phase.name,
      examples: requests.flatMap(({ split, index }) => objective.identify?.(split, ownIndex(index, collective)) ?? []),
      checkpoint: progress.saved?.path,
    });
  }
  return result;
}
