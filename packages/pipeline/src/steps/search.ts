import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DetectionObjective } from '@nats/detect';
import { malformed } from '@nats/graph';
import {
  type Architecture,
  architectureOfEvent,
  createSearch,
  type Relaxation,
  type SearchOptions,
  supernetWeights,
} from '@nats/search';
import type { LatencyTable, SearchSpace } from '@nats/space';
import { toJson } from '@nats/train';
import { writeSafetensors } from '@nats/transfer';
import { z } from 'zod';
import type { Config } from '../config/schema.js';
import { decisiveData } from '../config/sections/data.js';
import type { SearchSettings } from '../config/sections/training.js';
import { readJsonAs } from '../files/read-json.js';
import { writeJson } from '../files/write-atomic.js';
import { RUN_FILES } from '../run/run-files.js';
import { architectureOptions } from './architecture-options.js';
import type { StepContext, Weights } from './context.js';
import { measuredNorms } from './measured-norms.js';
import { asFirst, asFirstFinds, ownBatch } from './ranks.js';
import { checkpointsOf, runTraining } from './run-training.js';
import { detectorSpec, imagesOf, spaceOf, type Task, taskObjective } from './task.js';
import { detectorPhases, searchPhase } from './training-phases.js';

/** Settings that a search depends on. */
export function searchSettings(
  { seed, data, backbone, weights, detector, space, search, decode }: Config,
  task: Pick<Task, 'train' | 'val'>,
) {
  const table = search.latencyWeight !== undefined && { decode: { latency: decode.latency } };
  return {
    seed,
    data: decisiveData(data),
    images: imagesOf(task),
    backbone,
    weights,
    detector,
    space,
    search,
    ...table,
  };
}

const FORMAT = 'nats-architecture';

/** What `architecture.json` holds: how much each channel group prefers each dilation. */
interface ArchitectureFile {
  readonly format: typeof FORMAT;
  readonly version: 1;
  readonly backbone: string;
  /** Convolution to K rows of G probabilities. */
  readonly probabilities: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Searches dilations on two halves of the training images, and writes the probabilities that it ends with. */
export async function search(
  context: StepContext,
  task: Task,
  initial: Weights,
  folder: string,
  title = 'search',
  table?: LatencyTable,
): Promise<Architecture> {
  const { config, collective } = context;
  const path = join(folder, RUN_FILES.architecture);
  const space = spaceOf(config, task.backbone);
  if (await asFirstFinds(context, () => existsSync(path))) return readArchitecture(path, space);
  const settings = config.search;
  const objective = taskObjective(task, config, {
    ...settings,
    batchSize: ownBatch(settings.batchSize, context, 'search.batchSize'),
  });
  try {
    const checkpoints = checkpointsOf(folder, settings.checkpointEvery);
    const options = searchOptions(context, task, objective, table);
    const split = options.splits?.weights ?? 'weights';
    const { frozenNorms } = detectorPhases(settings, task.backbone);
    const running = await createSearch({
      ...options,
      initial: frozenNorms ? await measuredNorms(context, task, settings, { initial, split, checkpoints }) : initial,
      checkpoints,
      ...(collective && { collective }),
    });
    try {
      await runTraining(running, folder, title, context);
      const { sites } = await running.architecture();
      const probabilities = Object.fromEntries([...sites].map(([name, site]) => [name, site.probabilities]));
      const file: ArchitectureFile = { format: FORMAT, version: 1, backbone: space.backbone, probabilities };
      const weights = supernetWeights(await running.training.values());
      await asFirst(context, async () => {
        // Before the architecture, which says that the search has ended.
        await writeSafetensors(join(folder, RUN_FILES.weights), weights);
        await writeJson(path, file);
      });
      return architectureOfEvent(space, probabilities);
    } finally {
      await running.dispose();
    }
  } finally {
    await objective.dispose();
  }
}

/** What `createSearch` of @nats/search takes, of a config; without first weights and checkpoints. */
export function searchOptions(
  { config, engine }: Pick<StepContext, 'config' | 'engine'>,
  task: Task,
  objective: DetectionObjective,
  table?: LatencyTable,
) {
  const settings = config.search;
  const { weights, config: recipe } = searchPhase(settings, task.backbone, detectorSpec(task.detector));
  return {
    engine,
    objective,
    space: spaceOf(config, task.backbone),
    relaxation: relaxationOf(settings),
    steps: settings.steps,
    seed: config.seed,
    weights,
    config: toJson(recipe),
    ...architectureOptions(settings, table),
  } satisfies Partial<SearchOptions>;
}

/** The relaxation that the settings of a search stand for. */
export function relaxationOf(settings: SearchSettings): Relaxation {
  const { relaxation, form, estimator, images, strips, exactStages, mixedOutOf } = settings;
  switch (relaxation) {
    case 'exact':
      return { kind: 'exact', form };
    case 'partial-channels':
      return { kind: 'partial-channels', ...(mixedOutOf !== undefined && { outOf: mixedOutOf }) };
    case 'sampled':
      return {
        kind: 'sampled',
        estimator,
        ...(images !== undefined && { images }),
        ...(strips !== undefined && { strips }),
        ...(exactStages && { exactStages }),
      };
  }
}

const architectureSchema = z.looseObject({
  format: z.unknown(),
  version: z.unknown(),
  probabilities: z.record(z.string(), z.array(z.array(z.number()))),
});

/**
 * What a search ended with: the probabilities of the genotypes of each channel group.
 * @throws Error if the file is no architecture of the space's backbone; IO errors pass through
 */
export async function readArchitecture(path: string, space: SearchSpace): Promise<Architecture> {
  const { format, version, probabilities } = await readJsonAs(path, architectureSchema);
  const fits =
    format === FORMAT &&
    version === 1 &&
    space.sites.every(({ name, channelGroups }) => {
      const rows = probabilities[name];
      return rows?.length === channelGroups && rows.every((row) => row.length === space.genotypes.length);
    });
  if (!fits) {
    throw malformed(path, 'probabilities', {
      rule: `an architecture is of a search on ${space.backbone} in the space of the config`,
      received: 'one of another network or space',
    });
  }
  return architectureOfEvent(space, probabilities);
}
