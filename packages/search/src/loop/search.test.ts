import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, initialize, input, type TensorData } from '@nats/graph';
import { buildBackbone } from '@nats/space';
import { constantRate, frozen, sgd } from '@nats/train';
import { afterAll, describe, expect, test } from 'vitest';
import { network, plantedObjective, plantedScheme, space } from '../../test/planted.js';
import { decodeScheme, intensitiesBySite } from './architecture.js';
import { createSearch, type SearchEvent, type SearchOptions } from './search.js';

const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

/** The same weights for teacher and student. */
function pairedWeights(seed: number): Map<string, TensorData> {
  const scope = createScope();
  buildBackbone(scope, input('x', 'float32', [1, 2, 16, 16]), network);
  const values = initialize(scope.spec, seed);
  return new Map(
    [...values].flatMap(([name, value]) => [
      [`student.${name}`, value],
      [`teacher.${name}`, value],
    ]),
  );
}

function options(seed: number, changes: Partial<SearchOptions> = {}): SearchOptions {
  return {
    engine,
    objective: plantedObjective(plantedScheme(seed), seed),
    space,
    steps: 100,
    seed,
    // The weights stay where they are (frozen, then free with a small rate): the architecture is what is to be found.
    weights: { optimizer: sgd(), learningRate: (step) => (step < 60 ? 0 : 1e-5), rules: frozen('teacher') },
    architecture: { start: 0 },
    initial: pairedWeights(seed),
    ...changes,
  };
}

async function run(search: Awaited<ReturnType<typeof createSearch>>): Promise<SearchEvent[]> {
  const events: SearchEvent[] = [];
  for await (const event of search.events()) events.push(event);
  return events;
}

describe.each([
  ['exact', { relaxation: { kind: 'exact' }, steps: 60 }],
  ['sampled', { relaxation: { kind: 'sampled' }, steps: 250 }],
] as const)('%s relaxation', (_, changes) => {
  test('finds a planted scheme: at least 95 % of the channel groups over 5 seeds', async () => {
    let [right, all] = [0, 0];
    for (const seed of [1, 2, 3, 4, 5]) {
      const search = await createSearch(options(seed, changes));
      await run(search);
      const found = decodeScheme(
        await search.architecture(),
        { method: 'argmax' },
        { tool: { name: 'test', version: '0' } },
      );
      const planted = plantedScheme(seed);
      for (const { name, channels, channelGroups } of space.sites) {
        for (let c = 0; c < channels; c += channels / channelGroups) {
          all++;
          if (found.convolutions.get(name)![c] === planted.convolutions.get(name)![c]) right++;
        }
      }
      await search.dispose();
    }
    expect(right / all).toBeGreaterThanOrEqual(0.95);
  });
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

test('a resumed search equals the uninterrupted one bit for bit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'search-'));
  const changes: Partial<SearchOptions> = {
    steps: 8,
    relaxation: { kind: 'sampled' },
    architecture: { start: 2, entropy: constantRate(0.01) },
  };
  const whole = await createSearch(options(2, changes));
  await run(whole);
  const stopped = await createSearch(options(2, { ...changes, checkpoints: { directory } }));
  const stop = new AbortController();
  for await (const event of stopped.events({ signal: stop.signal }))
    if (event.type === 'step' && event.step === 5) stop.abort();
  await stopped.dispose();
  const resumed = await createSearch(options(2, { ...changes, checkpoints: { directory, resume: 'always' } }));
  expect(resumed.training.step).toBe(5);
  await run(resumed);
  expect(await resumed.training.state.read()).toEqual(await whole.training.state.read());
  for (const search of [whole, resumed]) await search.dispose();
  await rm(directory, { recursive: true });
});

describe('options that can not work', () => {
  test.each([
    [
      'a split that the objective lacks',
      { splits: { weights: 'weights', architecture: 'half' } },
      /'half'; weights, architecture/,
    ],
    ['a start after the end', { architecture: { start: 100 } }, /start 100 of 100 steps/],
  ] as const)('%s', async (_, changes, message) => {
    await expect(createSearch(options(1, changes))).rejects.toThrow(message);
  });
});
