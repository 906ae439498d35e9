import { join } from 'node:path';
import { type CheckpointOptions, checkpointDirectory, recordMetrics, type TrainingEvent } from '@nats/train';
import { Interrupted } from '../interrupted.js';
import type { Progress } from '../progress.js';
import { timeLeft } from '../progress.js';
import { RUN_FILES } from '../run/run-files.js';
import { recordTensorboard } from '../tensorboard/record-tensorboard.js';
import type { StepContext } from './context.js';
import { isFirst } from './ranks.js';

/** A training or a search, as far as running it goes. */
interface Fit<E extends { readonly type: string; readonly step: number }> {
  events(options: { readonly signal: AbortSignal }): AsyncIterable<E>;
}

/** Where a run keeps its checkpoints: it continues from the last one. */
export function checkpointsOf(folder: string, every: number): CheckpointOptions {
  return {
    store: checkpointDirectory(join(folder, RUN_FILES.checkpoints)),
    every,
    resume: 'if-present',
  };
}

/**
 * Runs a training or a search to its end, with its events in `metrics.jsonl`, which the first process writes.
 * @throws the signal's reason after a checkpoint was written; of several processes an `Interrupted` on all, whichever was told
 */
export async function runTraining<E extends { readonly type: string; readonly step: number }>(
  fit: Fit<E>,
  folder: string,
  title: string,
  context: StepContext,
): Promise<void> {
  const { progress, signal, collective } = context;
  const tell = narrator(title, progress);
  const events = fit.events({ signal });
  let stopped = false;
  for await (const event of isFirst(context) ? recorded(events, folder, context) : events) {
    if (!isTrainingEvent(event)) continue;
    tell(event);
    stopped = event.type === 'end' && event.reason === 'aborted';
  }
  if (collective && stopped) throw stoppedTogether(signal);
  signal.throwIfAborted();
}

/** With its files. */
function recorded<E extends { readonly type: string; readonly step: number }>(
  events: AsyncIterable<E>,
  folder: string,
  { tensorboard = false, config }: StepContext,
): AsyncIterable<E> {
  const kept = recordMetrics(events, join(folder, RUN_FILES.metrics));
  if (!tensorboard) return kept;
  return recordTensorboard(kept, join(folder, RUN_FILES.tensorboard), { genotypes: config.space.genotypes });
}

/** Only one process may have been told to stop. */
function stoppedTogether({ aborted, reason }: AbortSignal): Interrupted {
  const own = aborted && reason instanceof Interrupted ? reason : undefined;
  return new Interrupted(own?.message ?? 'stopped, as another process was told to', {
    requeue: own?.requeue ?? true,
    together: true,
  });
}

function isTrainingEvent(event: { readonly type: string }): event is TrainingEvent {
  return event.type !== 'architecture';
}

/** Says how far a training is, with images per second and the time that is left. */
function narrator(title: string, progress: Progress): (event: TrainingEvent) => void {
  let steps = 0;
  // Of about the last twenty steps, so that a slow first one is soon forgotten.
  let pace: number | undefined;
  return (event) => {
    switch (event.type) {
      case 'start':
        steps = event.steps;
        if (event.step > 0) progress.line(`  ${title}: continues after step ${event.step}`);
        break;
      case 'warning':
      case 'failure':
        progress.line(`  ${title}: ${event.message}`);
        break;
      case 'evaluation':
        progress.line(`  ${title}: step ${event.step}, ${metricsText(event.metrics)}`);
        break;
      case 'step': {
        pace = pace === undefined || event.step <= 2 ? event.seconds : 0.95 * pace + 0.05 * event.seconds;
        const left = timeLeft((steps - event.step) * pace);
        const text = `  ${title}: step ${event.step} of ${steps}, loss ${event.loss.toFixed(3)}, ${event.imagesPerSecond.toFixed(0)} images/s, ${left}`;
        progress.update(text);
      }
    }
  };
}

function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .slice(0, 6)
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
    .join(', ');
}
