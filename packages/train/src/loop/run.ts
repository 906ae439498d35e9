import { check, sizeOf, yieldToEventLoop } from '@nats/graph';
import type { Collective } from '../collective.js';
import { createBatchQueue } from './batch-queue.js';
import { evaluateObjective } from './evaluate.js';
import type { EvaluationEvent, StartEvent, TrainingEvent } from './events.js';
import { NotFiniteError } from './not-finite.js';
import type { PreparedTraining } from './prepared.js';
import { runStep } from './run-step.js';
import { save } from './save.js';

type Events = AsyncGenerator<TrainingEvent, void, void>;

/** The one training loop. */
export async function* runEvents(training: PreparedTraining, signal: AbortSignal | undefined): Events {
  const { options, progress, warnings, phases } = training;
  if (progress.failure) throw progress.failure;
  yield startEvent(training);
  for (const message of warnings) yield { type: 'warning', step: progress.step, message };
  const requests = (step: number) => (step < options.steps ? phases.flatMap((phase) => phase.requests(step)) : []);
  const { collective } = options;
  const queue = createBatchQueue(options.objective, requests, options.prefetch ?? 2, collective);
  try {
    // An interruption may have come between a step and its evaluation.
    yield* evaluateAndSave(training, signal, []);
    while (progress.step < options.steps) {
      if (await isAborted(signal, collective)) {
        yield* end(training, 'aborted');
        return;
      }
      yield await runStep(training, queue);
      yield* evaluateAndSave(training, signal, lastIsDue(training) ? ['last'] : []);
      // Engines run synchronously: timers and signals get their turn here.
      await yieldToEventLoop();
    }
    yield* end(training, 'finished');
  } catch (error) {
    if (error instanceof NotFiniteError) {
      progress.failure = error;
      yield { type: 'failure', step: progress.step, message: error.message };
    }
    if (!signal?.aborted || error !== signal.reason) {
      giveUp(error, collective);
      throw error;
    }
    yield* end(training, 'aborted');
  }
}

/** Whether any rank was told to stop: all stop after the same step. */
async function isAborted(signal: AbortSignal | undefined, collective: Collective | undefined): Promise<boolean> {
  const own = signal?.aborted ?? false;
  if (!collective || collective.size === 1) return own;
  const flags = Float32Array.of(own ? 1 : 0);
  await collective.allReduce(flags);
  return flags[0]! > 0;
}

/** Other ranks would wait for ever for one that fails alone. A loss that is not finite is so on all of them. */
function giveUp(error: unknown, collective: Collective | undefined): void {
  if (!collective || collective.size === 1 || error instanceof NotFiniteError) return;
  collective.abort(error instanceof Error ? error.message : String(error));
}

function startEvent({ options, spec, phases, progress }: PreparedTraining): StartEvent {
  const count = (names: Iterable<string>) => [...names].reduce((sum, name) => sum + sizeOf(spec.get(name)!.shape), 0);
  const parameters = [...spec.values()].filter(({ kind }) => kind === 'parameter');
  return {
    type: 'start',
    step: progress.step,
    steps: options.steps,
    objective: options.objective.name,
    trained: count(new Set(phases.flatMap(({ trained }) => trained))),
    parameters: count(parameters.map(({ name }) => name)),
    ...(progress.saved && { resumed: progress.saved.path }),
  };
}

function lastIsDue({ options: { checkpoints, steps }, progress: { step } }: PreparedTraining): boolean {
  return checkpoints !== undefined && (step === steps || step % (checkpoints.every ?? steps) === 0);
}

/** @param names under which to save in any case */
async function* evaluateAndSave(
  training: PreparedTraining,
  signal: AbortSignal | undefined,
  names: readonly string[],
): Events {
  let isBest = false;
  if (evaluationIsDue(training)) {
    const event = await evaluate(training, signal);
    isBest = event.best;
    yield event;
  }
  const saved = isBest && training.options.checkpoints ? ['best', ...names] : names;
  if (saved.length > 0) yield await save(training, saved);
}

function evaluationIsDue({ options: { evaluation, steps }, progress }: PreparedTraining): boolean {
  const { step, evaluated } = progress;
  if (!evaluation || step === 0 || evaluated === step) return false;
  return step === steps || step % (evaluation.every ?? steps) === 0;
}

async function evaluate(training: PreparedTraining, signal: AbortSignal | undefined): Promise<EvaluationEvent> {
  const { options, phases, state, averaged, cache, progress } = training;
  const { collective } = options;
  const { split = 'test', averaged: wanted, convolution } = options.evaluation!;
  const started = performance.now();
  const useAverages = wanted ?? phases.some(({ averages }) => averages);
  const builder = convolution ?? options.phases[0].convolution;
  const metrics = await evaluateObjective(options.objective, {
    engine: options.engine,
    state: useAverages ? await averaged.refresh() : state,
    split,
    cache,
    ...(builder && { convolution: builder }),
    // Ranks stop together, after a step.
    ...(signal && !collective && { signal }),
    ...(collective && { collective }),
  });
  progress.evaluated = progress.step;
  const best = noteBest(training, metrics);
  const seconds = (performance.now() - started) / 1000;
  return { type: 'evaluation', step: progress.step, split, metrics, seconds, best };
}

/** Whether this evaluation is better than all before. */
function noteBest({ options, progress }: PreparedTraining, metrics: Readonly<Record<string, number>>): boolean {
  const wanted = options.evaluation?.best;
  if (!wanted) return false;
  const { metric, mode = 'max' } = wanted;
  const value = metrics[metric];
  check(value !== undefined, 'name', () => ({
    rule: 'the best evaluation is chosen by one of its metrics',
    received: `'${metric}'`,
    limit: `metrics: ${Object.keys(metrics).join(', ')}`,
  }));
  const { best } = progress;
  const better = !best || (mode === 'max' ? value > best.value : value < best.value);
  if (better && Number.isFinite(value)) progress.best = { step: progress.step, metric, value };
  return progress.best !== best;
}

async function* end(training: PreparedTraining, reason: 'finished' | 'aborted'): Events {
  const { options, progress } = training;
  if (options.checkpoints && progress.saved?.step !== progress.step) yield await save(training, ['last']);
  yield { type: 'end', step: progress.step, reason };
}
