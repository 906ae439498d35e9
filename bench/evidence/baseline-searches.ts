// npm run evidence -- baseline-searches: RF-Next and EDO, which are no searches of the command: one moves a rate for each layer, the
// other trains free dense kernels. From the pretraining of baselines.json, whose variants rf-next and edo train what they find.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  BACKBONE,
  detectorPhases,
  detectorSpec,
  loadSweep,
  openEngine,
  openTask,
  planSweep,
  pretrainedWeights,
  runSweepTask,
  type StepContext,
  searchOptions,
  spaceOf,
  type Task,
  taskObjective,
  timeLeft,
  withInterruption,
  writeScheme,
} from '@nats/pipeline';
import { createRfNextSearch, edoConvolution, edoInitial, edoScheme } from '@nats/search';
import type { Scheme } from '@nats/space';
import { createTraining, type TrainingEvent, trainingStep } from '@nats/train';

const SWEEP = fileURLToPath(new URL('./baselines.json', import.meta.url));
const TOOL = { tool: { name: '@nats/search', version: '0.0.0' } };
const SEARCHES = { 'rf-next': rfNextSearch, edo: edoSearch } as const;

export async function baselineSearches(): Promise<void> {
  const sweep = await loadSweep(SWEEP);
  const tasks = planSweep(sweep);
  const search = tasks.find(({ kind }) => kind === 'search')!;
  const command = 'npm run evidence -- baseline-searches';
  const engine = await openEngine(search.config.engine);
  try {
    await withInterruption(`stopped; to go on: ${command}`, async (signal) => {
      const context = { engine, command, signal, progress: { line: console.log, update: everyTenSeconds() } };
      for (const task of tasks.filter(({ id }) => search.needs.includes(id)))
        await runSweepTask({ ...context, config: task.config }, sweep, task);
      const own = { ...context, config: search.config };
      const task = await openTask(search.config);
      for (const [name, found] of Object.entries(SEARCHES)) {
        const { scheme } = sweep.variants.find((variant) => variant.name === name)!;
        const path = typeof scheme === 'string' ? scheme : join(dirname(SWEEP), `${name}.json`);
        if (!existsSync(path)) await writeScheme(path, await found(own, task));
      }
    });
  } finally {
    await engine.dispose();
  }
}
async function rfNextSearch(context: StepContext, task: Task): Promise<Scheme> {
  const { config } = context;
  const objective = taskObjective(task, config, config.search);
  const initial = await pretrainedWeights(config.weights, detectorSpec(task.detector), context);
  const search = createRfNextSearch({ ...searchOptions(context, task, objective), initial });
  for await (const event of search.events({ signal: context.signal })) {
    if (event.type === 'round') context.progress.line(`  rf-next: ${JSON.stringify(event.rates)}`);
    else if (event.type !== 'architecture') told(context, 'rf-next', event);
  }
  context.signal.throwIfAborted();
  await objective.dispose();
  return search.scheme(TOOL);
}

/** Trains free dense kernels on all training images (there is no architecture that would need a half). */
async function edoSearch(context: StepContext, task: Task): Promise<Scheme> {
  const { config, engine, signal } = context;
  const { steps, backboneLearningRateScale } = config.search;
  if (backboneLearningRateScale === 0)
    throw new Error("EDO's kernels are trained; search.backboneLearningRateScale is 0");
  const space = spaceOf(config, task.backbone);
  const objective = taskObjective(task, config, config.search);
  const convolution = edoConvolution(space);
  const { phases } = detectorPhases(config.search, task.backbone, convolution);
  const { spec } = trainingStep(objective, { optimizer: phases[0].optimizer, convolution });
  const initial = await pretrainedWeights(config.weights, detectorSpec(task.detector), context);
  const training = await createTraining({
    engine,
    objective,
    steps,
    seed: config.seed,
    initial: edoInitial(new Map(initial), spec),
    phases,
  });
  for await (const event of training.events({ signal })) told(context, 'edo', event);
  signal.throwIfAborted();
  const scheme = edoScheme(space, await training.values(), BACKBONE, TOOL);
  await training.dispose();
  await objective.dispose();
  return scheme;
}

function told({ progress, config }: StepContext, title: string, event: TrainingEvent): void {
  if (event.type !== 'step') return;
  const { steps } = config.search;
  const left = timeLeft((steps - event.step) * event.seconds);
  progress.update(`  ${title}: step ${event.step} of ${steps}, loss ${event.loss.toFixed(3)}, ${left}`);
}
function everyTenSeconds(): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (text) => {
    if (performance.now() - last < 10_000) return;
    last = performance.now();
    console.log(text);
  };
}
