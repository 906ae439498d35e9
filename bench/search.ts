import { buildDetector, demoDetectorConfig, detection, mnistDetection } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  type Engine,
  type Executable,
  type Feeds,
  initialize,
  type Program,
  type State,
  sizeOf,
  tensorData,
} from '@nats/graph';
import { exactCosts, isArchitecture, type Relaxation, samplingFeeds, supernetObjective } from '@nats/search';
import { anisotropicGenotypes, demoResnet, isotropicGenotypes, type SearchSpace, searchSpace } from '@nats/space';
import { adamw, type Objective, readMnist, trainingStep } from '@nats/train';
import { type BenchResult, median, option } from './lib/bench.js';

interface Arm {
  readonly name: string;
  readonly executable: Executable;
  /** Multiply-adds of all convolutions and their gradients in a step. */
  readonly work: number;
  readonly state: State;
  readonly feeds: Feeds;
  readonly times: number[];
}

/**
 * Weight steps of supernets relative to the plain training step, of the demo detector: both exact forms and the sampled
 * one, for 3 isotropic and 9 anisotropic genotypes, by turns in one run. Processor time, which other processes on the
 * machine lengthen least; so one thread is the default.
 *
 * `npm run bench -- search [--rounds 12] [--batch 16] [--threads 1]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const rounds = option(args, 'rounds', 12);
  const batchSize = option(args, 'batch', 16);
  const threads = option(args, 'threads', 1);
  const { train } = await readMnist();
  const objective = detection({
    detector: buildDetector(demoDetectorConfig()),
    datasets: { train: mnistDetection({ digits: train, size: batchSize, seed: 1 }) },
    batchSize,
  });
  const engine = onnxruntimeEngine({ threads });
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
      const before = process.cpuUsage();
      await arm.executable.run(arm.state, arm.feeds);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) arm.times.push((user + system) / 1000);
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
  return { name, executable: await engine.compile(program), work: convolutionWork(program), state, feeds, times: [] };
}

/** Which input, or else which attribute, has the shape of the weight. */
const WEIGHT: Readonly<Record<string, 1 | 'shape'>> = {
  conv2d: 1,
  convGradInput: 1,
  convGradWeight: 'shape',
  conv2dByChannelDilation: 1,
  channelDilationGradInput: 1,
  channelDilationGradWeight: 'shape',
};

/** A convolution and each of its gradients take as many multiply-adds as there are outputs, times taps and channels of each. */
function convolutionWork({ nodes }: Program): number {
  return nodes.reduce((sum, { op, inputs, outputs, attributes }) => {
    const where = WEIGHT[op.name];
    if (where === undefined) return sum;
    const forward = op.name === 'conv2d' || op.name === 'conv2dByChannelDilation';
    const outputShape = (forward ? outputs[0]! : inputs[0]!).shape as number[];
    const weight = where === 1 ? inputs[1]!.shape : (attributes as { shape: number[] }).shape;
    return sum + sizeOf(outputShape) * sizeOf(weight.slice(1) as number[]);
  }, 0);
}

function resultOf(arms: readonly Arm[]): BenchResult {
  const plain = median(arms[0]!.times);
  const of = (name: string) => median(arms.find((arm) => arm.name === name)!.times);
  const ratios: Record<string, number> = {};
  for (const { name } of arms.slice(1)) ratios[`step-vs-plain/${name}`] = of(name) / plain;
  for (const [title, { genotypes }] of spaces()) {
    ratios[`dense-vs-sum/${title}`] = of(`${title}/dense`) / of(`${title}/sum`);
    const costs = exactCosts(genotypes);
    const chosen = arms.find(({ name }) => name === `${title}/${costs.dense < costs.sum ? 'dense' : 'sum'}`)!;
    const share = chosen.work / arms[0]!.work;
    ratios[`step-vs-counted-share/${title}`] = of(chosen.name) / plain / share;
  }
  return {
    name: 'search',
    rows: arms.map(({ name, times }) => ({
      step: name,
      'processor ms, median': median(times),
      least: Math.min(...times),
      'x plain': median(times) / plain,
    })),
    ratios,
    samples: Object.fromEntries(arms.map(({ name, times }) => [name, times])),
  };
}
