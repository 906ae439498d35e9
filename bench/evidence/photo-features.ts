// npm run evidence -- features [--size 160] [--groups 8] [--threads 1] [--out runs/evidence/features.json]
// How far dilations move what pretrained weights compute, before any training: the distance of C3's and C4's features from the
// original network's, relative to their length, on training images, as a random part of each convolution's channel groups is dilated
// (two thirds by (2,2), a third by (3,3)). With batch norms whose statistics are measured anew for each network, or as they were.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { recalibratedNorms } from '@nats/detect';
import {
  createProgram,
  createScope,
  type Engine,
  hash32,
  initialize,
  input,
  seedOf,
  type TensorData,
} from '@nats/graph';
import {
  loadSweep,
  openEngine,
  openTask,
  parseConfig,
  pretrainedWeights,
  type Task,
  taskObjective,
  withOverrides,
} from '@nats/pipeline';
import { buildBackbone, createScheme, type Scheme, type SearchSpace, schemeBuilder, searchSpace } from '@nats/space';
import type { Objective } from '@nats/train';

const BATCHES = 8;
const SHARES = [0.125, 0.25, 0.375, 0.5, 1];
const LEVELS = ['C3', 'C4'] as const;
const TOOL = { tool: { name: 'bench/evidence', version: '0.0.0' } };

export async function photoFeatures(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '160' },
      groups: { type: 'string', default: '8' },
      threads: { type: 'string', default: '1' },
      out: { type: 'string', default: join('runs', 'evidence', 'features.json') },
    },
  });
  const size = Number(values.size);
  const { variants } = await loadSweep(fileURLToPath(new URL('./photographs.json', import.meta.url)));
  const settings = { 'detector.inputSize': [size, size], 'engine.threads': Number(values.threads) };
  const config = parseConfig(withOverrides(variants[0]!.configs.get(0), settings), 'photographs.json');
  const task = await openTask(config);
  const engine = await openEngine(config.engine);
  const objective = taskObjective(task, config, config.train);
  const initial = await pretrainedWeights(config.weights, backboneSpec(task), {
    progress: { line: console.log, update: () => {} },
    signal: new AbortController().signal,
  });
  const space = searchSpace(task.backbone, {
    genotypes: [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
    sites: { stages: ['C3', 'C4'] },
    division: { groups: Number(values.groups) },
  });
  const measure = (scheme: Scheme | undefined, anew: boolean) =>
    features({ engine, task, objective, initial, scheme, anew });
  const rows: (string | number)[][] = [];
  for (const anew of [true, false]) {
    const reference = await measure(undefined, anew);
    for (const stages of [['C3', 'C4'], ['C4']] as const) {
      for (const share of SHARES) {
        const moved = await measure(dilatedPart(space, share, stages), anew);
        const distances = LEVELS.map((_, level) => distance(moved[level]!, reference[level]!).toFixed(2));
        rows.push([stages.join(', '), `${100 * share} %`, anew ? 'measured anew' : 'as pretrained', ...distances]);
        console.log(rows.at(-1)!.join(' | '));
      }
    }
  }
  await objective.dispose();
  await engine.dispose();
  const columns = [
    'dilated convolutions',
    'of their channel groups',
    'statistics of norms',
    'C3 moves by',
    'C4 moves by',
  ];
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const command = `npm run evidence -- features ${args.join(' ')}`.trim();
  await mkdir(dirname(values.out), { recursive: true });
  await writeFile(values.out, `${JSON.stringify({ command, commit, columns, rows }, null, 2)}\n`);
}

/** A random part of each convolution's channel groups dilated: the first two of three by (2,2), the third by (3,3). */
function dilatedPart(space: SearchSpace, share: number, stages: readonly string[]): Scheme {
  return createScheme({
    backbone: space.backbone,
    genotypes: space.genotypes,
    provenance: { ...TOOL, method: 'random' },
    convolutions: space.sites
      .filter(({ stage }) => stages.includes(stage))
      .map(({ name, channels, channelGroups }) => {
        const own = seedOf(0, name);
        const order = Array.from({ length: channelGroups }, (_, k) => k).sort(
          (a, b) => hash32(own, a) - hash32(own, b),
        );
        const choice = new Int32Array(channels);
        const size = channels / channelGroups;
        for (const [i, group] of order.slice(0, Math.round(share * channelGroups)).entries()) {
          choice.fill(i % 3 === 2 ? 2 : 1, group * size, (group + 1) * size);
        }
        return [name, choice] as const;
      }),
  });
}

interface FeatureOptions {
  readonly engine: Engine;
  readonly task: Task;
  readonly objective: Objective;
  readonly initial: ReadonlyMap<string, TensorData>;
  readonly scheme: Scheme | undefined;
  /** Statistics of norms measured for this network. */
  readonly anew: boolean;
}

/** C3's and C4's maps on the same batches. */
async function features({ engine, task, objective, initial, scheme, anew }: FeatureOptions): Promise<Float32Array[]> {
  const options = scheme ? { convolution: schemeBuilder(scheme) } : {};
  const values = anew
    ? await recalibratedNorms({ engine, objective, initial, split: 'train', batches: BATCHES, ...options })
    : initial;
  const { scope, program } = backboneProgram(task, objective.batchSize, options);
  const known = [...values].filter(([name]) => scope.spec.has(name));
  const state = await engine.createState(scope.spec, new Map([...initialize(scope.spec, 0), ...known]));
  const executable = await engine.compile(program);
  const parts: Float32Array[][] = LEVELS.map(() => []);
  for (let step = 0; step < BATCHES; step++) {
    const { images } = await objective.batch('train', 1000 + step);
    const outputs = await executable.run(state, { images: images! });
    for (const [i, level] of LEVELS.entries()) parts[i]!.push(Float32Array.from(outputs[level]!.data));
  }
  await state.dispose();
  await executable.dispose();
  return parts.map((maps) => Float32Array.from(maps.flatMap((map) => Array.from(map))));
}

function backboneProgram({ backbone, detector }: Task, batch: number, options: Parameters<typeof buildBackbone>[3]) {
  const scope = createScope();
  const images = input('images', 'float32', [batch, detector.inputChannels, ...detector.inputSize]);
  const { outputs } = buildBackbone(scope.child('backbone').child('body'), images, backbone, options);
  const maps = outputs.filter(({ name }) => name === 'C3' || name === 'C4');
  return {
    scope,
    program: createProgram({ outputs: Object.fromEntries(maps.map((map) => [map.name, map.features])) }),
  };
}

const backboneSpec = (task: Task) => backboneProgram(task, 1, {}).scope.spec;

function distance(a: Float32Array, b: Float32Array): number {
  let [difference, length] = [0, 0];
  for (const [i, value] of b.entries()) {
    difference += (a[i]! - value) ** 2;
    length += value ** 2;
  }
  return Math.sqrt(difference / length);
}
