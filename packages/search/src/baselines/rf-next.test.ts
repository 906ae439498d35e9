import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, initialize, input } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { buildBackbone, createScheme, searchSpace } from '@nats/space';
import { checkpointDirectory, constantRate, frozen, sgd } from '@nats/train';
import { afterAll, expect, test } from 'vitest';
import { network, plantedObjective } from '../../test/planted.js';
import { createRfNextSearch, expectedRate, type RfNextOptions, type RfNextSearch, type RoundEvent } from './rf-next.js';

const TOOL = { tool: { name: 'test', version: '0' } };
const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const space = searchSpace(network, {
  genotypes: [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  division: { groups: 4 },
});

/** Layers of one dilation each: the second is out of reach of the first candidates. */
const planted = createScheme({
  backbone: network.name,
  genotypes: space.genotypes,
  convolutions: [
    ['layer1.0.conv1', new Int32Array(8).fill(1)],
    ['layer1.0.conv2', new Int32Array(8).fill(2)],
  ],
  provenance: TOOL,
});

function options(changes: Partial<RfNextOptions> = {}): RfNextOptions {
  const scope = createScope();
  buildBackbone(scope, input('x', 'float32', [1, 2, 16, 16]), network);
  const values = [...initialize(scope.spec, 3)];
  return {
    engine,
    objective: plantedObjective(planted, 3),
    space,
    steps: 90,
    weights: { optimizer: sgd(), learningRate: constantRate(0), rules: frozen('teacher') },
    architecture: { start: 0 },
    initial: new Map(
      values.flatMap(([name, value]) => [[`student.${name}`, value] as const, [`teacher.${name}`, value] as const]),
    ),
    ...changes,
  };
}

test('walks to the planted rates of each layer, one step of dilation a round', async () => {
  const search = createRfNextSearch(options());
  const rounds: RoundEvent[] = [];
  let last = 0;
  for await (const event of search.events()) {
    if (event.type === 'round') rounds.push(event);
    if (event.type === 'step') last = event.step;
  }
  expect(last).toBe(90);
  expect(rounds.map(({ step }) => step)).toEqual([30, 60, 90]);
  expect(rounds[0]!.rates['layer1.0.conv2']).toEqual([2, 2]);
  expect(rounds.at(-1)!.rates).toEqual({ 'layer1.0.conv1': [2, 2], 'layer1.0.conv2': [3, 3] });
  const scheme = search.scheme(TOOL);
  expect(scheme.convolutions).toEqual(planted.convolutions);
});

test('ends after the step in which it is aborted', async () => {
  const search = createRfNextSearch(options({ steps: 6, rounds: 2 }));
  const stop = new AbortController();
  const steps: number[] = [];
  for await (const event of search.events({ signal: stop.signal })) {
    if (event.type !== 'step') continue;
    steps.push(event.step);
    if (event.step === 4) stop.abort();
  }
  expect(steps).toEqual([1, 2, 3, 4]);
});

test('interrupted in its second round and resumed, it ends as if it had not been', async () => {
  const folder = await temporaryDirectory();
  const store = (round: number) => checkpointDirectory(join(folder, `round-${round}`));
  // Weights move, so that what a round hands on is more than its rates.
  const weights = { ...options().weights, learningRate: constantRate(0.01) };
  const changes = { steps: 12, rounds: 3, weights };
  const whole = await run(createRfNextSearch(options(changes)));

  const stop = new AbortController();
  const begun = createRfNextSearch(options({ ...changes, checkpoints: { store } }));
  for await (const event of begun.events({ signal: stop.signal })) {
    if (event.type === 'step' && event.step === 6) stop.abort();
  }
  const resumed = await run(createRfNextSearch(options({ ...changes, checkpoints: { store, resume: 'always' } })));
  expect(resumed.rounds).toEqual(whole.rounds);
  expect(resumed.losses).toEqual(whole.losses.slice(6));
  await expect(run(createRfNextSearch(options({ ...changes, checkpoints: { store } })))).rejects.toThrow(/checkpoint/);
});

async function run(search: RfNextSearch): Promise<{ rounds: RoundEvent[]; losses: number[] }> {
  const rounds: RoundEvent[] = [];
  const losses: number[] = [];
  for await (const event of search.events()) {
    if (event.type === 'round') rounds.push(event);
    if (event.type === 'step') losses.push(event.loss);
  }
  return { rounds, losses };
}

test('the expected rate is the nearest genotype to the mean', () => {
  expect(expectedRate(space, [0.5, 0.1, 0.4])).toEqual([2, 2]);
  expect(expectedRate(space, [0.9, 0.1, 0])).toEqual([1, 1]);
});

test('rounds without steps are refused', () => {
  expect(() => createRfNextSearch(options({ steps: 2 }))).toThrow(/3 rounds, 2 steps/);
});
