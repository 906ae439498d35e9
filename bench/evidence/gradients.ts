// npm run evidence -- gradients --search RUN [--batches 32] [--only GDAS] [--out FILE]
// How good one step's gradient of the architecture is, by estimator and by the part of the batch that it weighs genotypes on. At
// the weights that a search left and with the architecture still undecided, all estimators see the same batches. Quick, and less
// than a search says: it is one point of its way.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { initialize } from '@nats/graph';
import {
  detectorSpec,
  loadConfig,
  openEngine,
  openTask,
  pretrainedWeights,
  RUN_FILES,
  spaceOf,
  taskObjective,
  writeJson,
} from '@nats/pipeline';
import { isArchitecture, type Relaxation, samplingFeeds, supernetObjective } from '@nats/search';
import { gradientStep } from '@nats/train';

const sampled = (own: Partial<Extract<Relaxation, { kind: 'sampled' }>> = {}): Relaxation => ({
  kind: 'sampled',
  ...own,
});
const ST = { estimator: 'straight-through' } as const;

interface Estimator {
  readonly title: string;
  readonly relaxation: Relaxation;
  /** Of GDAS alone. */
  readonly temperature?: number;
}

/** @param batch images in a batch */
const estimators = (batch: number): readonly Estimator[] => [
  { title: 'exact', relaxation: { kind: 'exact' } },
  { title: 'straight-through, whole batch', relaxation: sampled({ ...ST, images: batch }) },
  ...[2, 4, 8].map((n) => ({
    title: `straight-through, 1/${n} of the images`,
    relaxation: sampled({ ...ST, images: Math.ceil(batch / n) }),
  })),
  ...[2, 4, 8, 16].map((strips) => ({
    title: `straight-through, one of ${strips} strips`,
    relaxation: sampled({ ...ST, strips }),
  })),
  { title: 'ReinMax, whole batch', relaxation: sampled({ estimator: 'reinmax', images: batch }) },
  { title: 'ReinMax, one of 8 strips', relaxation: sampled({ estimator: 'reinmax', strips: 8 }) },
  ...[5, 1, 0.1].map((temperature) => ({
    title: `GDAS, temperature ${temperature}`,
    relaxation: sampled(),
    temperature,
  })),
  {
    title: 'exact in C4, straight-through, one of 8 strips',
    relaxation: sampled({ ...ST, strips: 8, exactStages: ['C4'] }),
  },
  { title: 'partial channels, one of 4', relaxation: { kind: 'partial-channels' } },
];

export async function gradientQuality(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      search: { type: 'string' },
      batches: { type: 'string', default: '32' },
      only: { type: 'string', default: '' },
      out: { type: 'string' },
    },
  });
  if (values.search === undefined)
    throw new Error('--search names the run of a search, whose settings and weights are taken');
  const batches = Number(values.batches);
  const config = await loadConfig({ file: join(values.search, RUN_FILES.config) });
  const engine = await openEngine(config.engine);
  const task = await openTask(config);
  const objective = taskObjective(task, config, config.search);
  const space = spaceOf(config, task.backbone);
  const context = { progress: { line: console.log, update: () => {} }, signal: new AbortController().signal };
  const weights = await pretrainedWeights(
    { ...config.weights, file: values.search },
    detectorSpec(task.detector),
    context,
  );
  const measured: { title: string; steps: Float64Array[] }[] = [];
  try {
    // The first two are what the others are compared with.
    const chosen = estimators(config.search.batchSize).filter(({ title }, i) => i < 2 || title.includes(values.only));
    for (const { title, relaxation, temperature = 1 } of chosen) {
      const { program, spec } = gradientStep(supernetObjective(objective, space, relaxation), { only: isArchitecture });
      const state = await engine.createState(
        spec,
        new Map([...initialize(spec, 0), ...weights].filter(([name]) => spec.has(name))),
      );
      const executable = await engine.compile(program);
      const steps: Float64Array[] = [];
      for (let step = 0; step < batches; step++) {
        const feeds = {
          ...(await objective.batch('architecture', step)),
          ...samplingFeeds(space, 1, step, temperature),
        };
        const wanted = Object.entries(feeds).filter(([name]) => program.inputs.has(name));
        const outputs = await executable.run(state, Object.fromEntries(wanted));
        const parts = Object.entries(outputs).filter(([name]) => name.startsWith('gradient.'));
        steps.push(
          Float64Array.from(parts.toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { data }]) => [...data])),
        );
      }
      measured.push({ title, steps });
      console.log(title);
      await executable.dispose();
      await state.dispose();
    }
  } finally {
    await objective.dispose();
    await engine.dispose();
  }
  const reference = mean(measured[0]!.steps);
  const whole = mean(measured[1]!.steps);
  const cell = (value: number) => Number(value.toFixed(2));
  const table = {
    columns: [
      'estimator',
      'cosine of its mean with the exact one',
      'with straight-through on the whole batch',
      'mean cosine of one step with the exact mean',
      'noise: standard deviation of a step / length of the mean',
      'length of the mean / exact',
    ],
    rows: measured.map(({ title, steps }) => {
      const own = mean(steps);
      const single = steps.reduce((sum, step) => sum + cosine(step, reference), 0) / steps.length;
      const variance = steps.reduce((sum, step) => sum + squaredDistance(step, own), 0) / (steps.length - 1);
      return [
        title,
        cell(cosine(own, reference)),
        cell(cosine(own, whole)),
        cell(single),
        cell(Math.sqrt(variance) / length(own)),
        Number((length(own) / length(reference)).toPrecision(2)),
      ];
    }),
  };
  const file = {
    command: `npm run evidence -- gradients --batches ${batches} --search RUN`,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    search: { ...config.search, seed: config.seed, genotypes: config.space.genotypes },
    ...table,
  };
  if (values.out !== undefined) await writeJson(values.out, file);
  console.log([table.columns, ...table.rows].map((row) => row.join(' | ')).join('\n'));
}

function mean(steps: readonly Float64Array[]): Float64Array {
  return steps[0]!.map((_, i) => steps.reduce((sum, step) => sum + step[i]!, 0) / steps.length);
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const length = (a: Float64Array) => Math.sqrt(dot(a, a));
const cosine = (a: Float64Array, b: Float64Array) => dot(a, b) / (length(a) * length(b));
const squaredDistance = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
