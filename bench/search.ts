import { buildDetector, demoDetectorConfig, detection, mnistDetection } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { type Engine, type Executable, type Feeds, initialize, type State, tensorData } from '@nats/graph';
import { exactCosts, isArchitecture, type Relaxation, samplingFeeds, supernetObjective } from '@nats/search';
import { anisotropicGenotypes, demoResnet, isotropicGenotypes, type SearchSpace, searchSpace } from '@nats/space';
import { adamw, type Objective, readMnist, trainingStep } from '@nats/train';
import { type BenchResult, median, option } from './lib/bench.js';

interface Arm {
  readonly name: string;
  readonly executable: Executable;
  readonly state: State;
  readonly feeds: Feeds;
  readonly times: number[];
}

/**
 * Weight steps of supernets relative to the plain training step, of the demo detector: both exact forms and the sampled
 * one, for 3 isotropic and 9 anisotropic genotypes, by turns in one run.
 *
 * `npm run bench -- search [--rounds 12] [--batch 16]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const rounds = option(args, 'rounds', 12);
  const batchSize = option(args, 'batch', 16);
  const { train } = await readMnist();
  const objective = detection({
    detector: buildDetector(demoDetectorConfig()),
    datasets: { train: mnistDetection({ digits: train, size: batchSize, seed: 1 }) },
    batchSize,
  });
  const engine = onnxruntimeEngine();
  const arms = [await makeArm(engine, 'plain', objective, {})];
  for (const [title, space] of spaces()) {
    const relaxations: [string, Relaxation][] = [
      ['sum', { kind: 'exact', form: 'sum' }],
      ['dense', { kind: 'exact', form: 'dense' }],
      ['sampled', { kind: 'sampled' }],
    ];
    for (const [form, relaxation] of relaxations) {
      const sampling = relaxation.kind === 'sampled' ? samplingFeeds(space, 1, 0, 1) : {};
      arms.push(await makeArm(engine, `${title}/${form}`, supernetObjective(objective, space, relaxation), sampling));
    }
  }
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const arm of arms) {
      const started = performance.now();
      await arm.executable.run(arm.state, arm.feeds);
      if (round > 0) arm.times.push(performance.now() - started);
    }
  }
  await engine.dispose();
  return resultOf(arms);
}

function spaces(): [string, SearchSpace][] {
  const space = (genotypes: SearchSpace['genotypes']) =>
    searchSpace(demoResnet(), { genotypes, division: { groups: 8 } });
  return [
    ['isotropic-3', space(isotropicGenotypes(3))],
    ['anisotropic-9', space(anisotropicGenotypes(3))],
  ];
}

async function makeArm(engine: Engine, name: string, objective: Objective, extra: Feeds): Promise<Arm> {
  const { program, spec } = trainingStep(objective, {
    optimizer: adamw(),
    only: (parameter) => !isArchitecture(parameter),
  });
  const feeds = { ...(await objective.batch('train', 0)), ...extra, learningRate: tensorData('float32', [], [1e-4]) };
  const state = await engine.createState(spec, initialize(spec, 1));
  return { name, executable: await engine.compile(program), state, feeds, times: [] };
}

function resultOf(arms: readonly Arm[]): BenchResult {
  const plain = median(arms[0]!.times);
  const of = (name: string) => median(arms.find((arm) => arm.name === name)!.times);
  const ratios: Record<string, number> = {};
  for (const { name } of arms.slice(1)) ratios[`step-vs-plain/${name}`] = of(name) / plain;
  for (const [title, { genotypes }] of spaces()) {
    ratios[`dense-vs-sum/${title}`] = of(`${title}/dense`) / of(`${title}/sum`);
    const costs = exactCosts(genotypes);
    const chosen = costs.dense < costs.sum ? 'dense' : 'sum';
    ratios[`step-vs-counted-share/${title}`] = of(`${title}/${chosen}`) / plain / Math.min(costs.sum, costs.dense);
  }
  return {
    name: 'search',
    rows: arms.map(({ name, times }) => ({
      step: name,
      'ms, median': median(times),
      'ms, least': Math.min(...times),
      'x plain': median(times) / plain,
    })),
    ratios,
    samples: Object.fromEntries(arms.map(({ name, times }) => [name, times])),
  };
}
