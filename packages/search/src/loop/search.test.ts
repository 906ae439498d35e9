import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { add, input, multiply, NatsError, sqrt, square, tensorData } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { type LatencyTable, searchSpace } from '@nats/space';
import { CheckpointError, checkpointDirectory, constantRate, NotFiniteError, type Objective } from '@nats/train';
import { afterAll, describe, expect, test } from 'vitest';
import { agreement, network, plantedObjective, plantedScheme, plantedSearch, space } from '../../test/planted.js';
import type { Relaxation } from '../relaxations/supernet.js';
import { decodeScheme, intensitiesBySite } from './architecture.js';
import { createSearch, type SearchEvent, type SearchOptions } from './search.js';

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

function options(seed: number, changes: Partial<SearchOptions> = {}): SearchOptions {
  return { engine, ...plantedSearch(seed), ...changes };
}

async function run(search: Awaited<ReturnType<typeof createSearch>>): Promise<SearchEvent[]> {
  const events: SearchEvent[] = [];
  for await (const event of search.events()) events.push(event);
  return events;
}

describe.each([
  ['exact', { relaxation: { kind: 'exact' }, steps: 60 }],
  ['sampled', { relaxation: { kind: 'sampled' }, steps: 160 }],
  ['straight-through', { relaxation: { kind: 'sampled', estimator: 'straight-through' }, steps: 80 }],
  ['ReinMax', { relaxation: { kind: 'sampled', estimator: 'reinmax' }, steps: 80 }],
  [
    'straight-through, one of 8 strips',
    { relaxation: { kind: 'sampled', estimator: 'straight-through', strips: 8 }, steps: 80 },
  ],
  ['ReinMax, one of 8 strips', { relaxation: { kind: 'sampled', estimator: 'reinmax', strips: 8 }, steps: 80 }],
  ['partial channels', { relaxation: { kind: 'partial-channels', outOf: 2 }, steps: 60 }],
] as const)('%s relaxation', (_, changes) => {
  test('finds a planted scheme: at least 95 % of the channel groups over 5 seeds', async () => {
    const agreements: number[] = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      const search = await createSearch(options(seed, changes));
      await run(search);
      const found = decodeScheme(
        await search.architecture(),
        { method: 'argmax' },
        { tool: { name: 'test', version: '0' } },
      );
      agreements.push(agreement(found, plantedScheme(seed)));
      await search.dispose();
    }
    expect(agreements.reduce((sum, one) => sum + one) / agreements.length).toBeGreaterThanOrEqual(0.95);
  });
});

test('a latency term moves the architecture to what costs nothing', async () => {
  const divisions = (channels: number) =>
    space.genotypes.map((_, g) => {
      const extra = g === 0 ? 0 : 0.5;
      const counts = space.genotypes.map((_, other) => (other === g ? channels : 0));
      return { channels: counts, extra, low: extra, high: extra };
    });
  const table: LatencyTable = {
    backbone: space.backbone,
    network: 'backbone',
    size: [16, 16],
    target: { engine: 'onnxruntime', providers: ['cpu'], threads: 1, batch: 1, precision: 'float32' },
    genotypes: space.genotypes,
    original: { median: 1, low: 1, high: 1 },
    environment: {},
    created: '2026-01-01T00:00:00.000Z',
    stages: [],
    shapes: space.sites.map(({ name, channels, unit }) => ({
      sites: [name],
      channels,
      unit,
      resolution: 0,
      contiguous: 0,
      divisions: divisions(channels),
    })),
  };
  const plainShare = async (changes: Partial<SearchOptions>) => {
    const search = await createSearch(options(1, { steps: 12, ...changes }));
    const events = await run(search);
    const { sites } = await search.architecture();
    const rows = [...sites.values()].flatMap(({ probabilities }) => probabilities);
    await search.dispose();
    const last = events.findLast((event) => event.type === 'step')!;
    return { share: rows.reduce((sum, row) => sum + row[0]!, 0) / rows.length, metrics: last.metrics };
  };
  const without = await plainShare({ architecture: { start: 2 } });
  const weighed = await plainShare({ architecture: { start: 2, latency: { table, weight: constantRate(1e5) } } });
  expect(weighed.share).toBeGreaterThan(without.share + 0.2);
  expect(without.metrics).not.toHaveProperty('architecture/latency');
  // Two convolutions, half of the original's latency for each that is all dilated.
  expect(weighed.metrics['architecture/latency']).toBeLessThan(1 - 0.5);
  expect(weighed.metrics['architecture/latency']).toBeGreaterThan(0);
});

test('tells steps with the losses of both halves, and the architecture on its way', async () => {
  const search = await createSearch(options(1, { steps: 6, report: 2, architecture: { start: 3 } }));
  const events = await run(search);
  const steps = events.filter((event) => event.type === 'step');
  expect(steps.map(({ metrics }) => 'architecture/loss' in metrics)).toEqual([false, false, false, true, true, true]);
  expect(steps[0]!.metrics.entropy).toBeCloseTo(1, 5);
  const snapshots = events.filter((event) => event.type === 'architecture');
  expect(snapshots.map(({ step }) => step)).toEqual([2, 4, 6]);
  expect(snapshots[0]!.probabilities['layer1.0.conv1']![0]![0]).toBeCloseTo(1 / 3, 6);
  expect(snapshots[2]!.probabilities['layer1.0.conv1']![0]![0]).not.toBeCloseTo(1 / 3, 3);
  const found = intensitiesBySite(await search.architecture());
  expect(Object.keys(found)).toEqual(['layer1.0.conv1', 'layer1.0.conv2']);
  await search.dispose();
});

test.each<Relaxation>([
  { kind: 'sampled' },
  { kind: 'sampled', estimator: 'straight-through' },
  { kind: 'sampled', estimator: 'reinmax', strips: 4 },
  { kind: 'partial-channels', outOf: 2 },
])('a resumed search equals the uninterrupted one bit for bit: %o', async (relaxation) => {
  const directory = await temporaryDirectory();
  const changes: Partial<SearchOptions> = {
    steps: 8,
    relaxation,
    architecture: { start: 2, entropy: constantRate(0.01) },
  };
  const whole = await createSearch(options(2, changes));
  await run(whole);
  const stopped = await createSearch(
    options(2, { ...changes, checkpoints: { store: checkpointDirectory(directory) } }),
  );
  const stop = new AbortController();
  for await (const event of stopped.events({ signal: stop.signal }))
    if (event.type === 'step' && event.step === 5) stop.abort();
  await stopped.dispose();
  const resumed = await createSearch(
    options(2, { ...changes, checkpoints: { store: checkpointDirectory(directory), resume: 'always' } }),
  );
  expect(resumed.training.step).toBe(5);
  await run(resumed);
  expect(await resumed.training.state.read()).toEqual(await whole.training.state.read());
  for (const search of [whole, resumed]) await search.dispose();
});

describe('options that can not work', () => {
  const objective = plantedObjective(plantedScheme(1), 1);
  const half = (from: number) => (step: number) => Array.from({ length: 8 }, (_, i) => `image ${16 * step + i + from}`);
  const identified = (from: number): Objective => ({
    ...objective,
    identify: (split, step) => half(split === 'weights' ? 0 : from)(step),
  });
  test.each<[string, Partial<SearchOptions>, RegExp]>([
    [
      'a split that the objective lacks',
      { splits: { weights: 'weights', architecture: 'half' } },
      /'half'.*weights, architecture/,
    ],
    ['a start after the end', { architecture: { start: 100 } }, /start 100 of 100 steps.*a whole number from 0 to 99/],
    [
      'no step in which the architecture moves',
      { architecture: { every: 0 } },
      /every 0.*a whole number of at least 1/,
    ],
    [
      'a half that is smaller than a batch',
      { objective: { ...objective, splits: { weights: { size: 1000 }, architecture: { size: 7 } } } },
      /received 7 examples.*each half of the data holds at least one batch.*8 examples/,
    ],
    [
      'halves that overlap',
      { objective: identified(4) },
      /received image 4 in both 'weights' and 'architecture'.*examples of their own.*two disjoint halves/,
    ],
    [
      'images for an estimator that looks at the drawn genotype alone',
      { relaxation: { kind: 'sampled', images: 2 } },
      /images 2 with the estimator 'gdas', but GDAS looks at the drawn .*; the estimator 'straight-through' or 'reinmax'/,
    ],
    [
      'no images to weigh genotypes on',
      { relaxation: { kind: 'sampled', estimator: 'reinmax', images: 0 } },
      /received images 0, but all genotypes are weighed on some images of a batch; a whole number of at least 1/,
    ],
    [
      'a loss that never asks for the convolutions',
      { objective: { ...objective, loss: (scope) => objective.loss(scope) } },
      /the objective 'planted': received none of 2 built so, but .* by options.convolution; pass options.convolution of loss/,
    ],
    ['a space without searchable convolutions', { space: { ...space, sites: [] } }, /none in the space of planted/],
    [
      'a space of another backbone',
      { space: { ...space, sites: space.sites.map((site) => ({ ...site, channels: 16 })) } },
      /built on the backbone of its space/,
    ],
    [
      'channels that the groups do not divide',
      { space: { ...space, sites: space.sites.map((site) => ({ ...site, channelGroups: 3 })) } },
      /received 8 channels in 3 groups.*channel groups divide a convolution's channels/,
    ],
  ])('%s', async (_, changes, message) => {
    const failure = createSearch(options(1, changes));
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(NatsError);
  });

  test('halves apart, and one split for both, are searched', async () => {
    for (const changes of [
      { objective: identified(8) },
      { objective: identified(0), splits: { weights: 'weights', architecture: 'weights' } },
    ]) {
      const search = await createSearch(options(1, { ...changes, steps: 1 }));
      await search.dispose();
    }
  });

  test('a gradient of the architecture that is not finite', async () => {
    // A root at 0: the loss is finite there, its slope is not.
    const broken: Objective = {
      ...objective,
      loss: (scope, changes) => {
        const { loss } = objective.loss(scope, changes);
        return { loss: add(loss, sqrt(square(multiply(loss, input('root', 'float32', []))))) };
      },
      batch: async (split, step) => ({
        ...(await objective.batch(split, step)),
        root: tensorData('float32', [], [split === 'architecture' && step === 2 ? 0 : 1]),
      }),
      identify: (split, step) => [`${split} ${step}`],
    };
    const search = await createSearch(options(1, { objective: broken, steps: 5 }));
    await expect(run(search)).rejects.toThrow(
      /step 3, architecture.*received NaN.*examples architecture 2.*the gradients' norm of a training is finite/,
    );
    await expect(run(search)).rejects.toBeInstanceOf(NotFiniteError);
    await search.dispose();
  });

  test('a checkpoint of another space', async () => {
    const directory = await temporaryDirectory();
    const first = await createSearch(options(1, { steps: 1, checkpoints: { store: checkpointDirectory(directory) } }));
    await run(first);
    await first.dispose();
    const other = searchSpace(network, { genotypes: space.genotypes.slice(0, 2), division: { groups: 2 } });
    const failure = createSearch(
      options(1, { steps: 2, space: other, checkpoints: { store: checkpointDirectory(directory), resume: 'always' } }),
    );
    await expect(failure).rejects.toBeInstanceOf(CheckpointError);
    await expect(failure).rejects.toThrow(/search.genotypes.2/);
  });
});
