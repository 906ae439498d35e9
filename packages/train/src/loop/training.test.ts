import { readdir } from 'node:fs/promises';
import { type Engine, type Feeds, referenceEngine, tensorData } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { tinyObjective } from '../../test/support/tiny-objective.js';
import { checkpointDirectory } from '../checkpoint/directory.js';
import { CheckpointError } from '../checkpoint/errors.js';
import type { Objective } from '../objective.js';
import { adam } from '../optimizers/adam.js';
import { sgd } from '../optimizers/sgd.js';
import { constantRate } from '../schedules.js';
import type { EvaluationEvent, StepEvent, TrainingEvent } from './events.js';
import { NotFiniteError } from './not-finite.js';
import type { TrainingOptions } from './options.js';
import type { Phase } from './phase.js';
import { createTraining, type Training } from './training.js';

const engine = referenceEngine();
const phase: Phase = { optimizer: sgd({ momentum: 0.9 }), learningRate: constantRate(0.1) };

/** The tiny objective with evaluations that give one number after another. */
function evaluated(...values: number[]): Objective {
  let next = 0;
  return {
    ...tinyObjective(),
    evaluate: async ({ signal }) => {
      signal?.throwIfAborted();
      return { score: values[next++ % values.length]! };
    },
  };
}

async function all(training: Training, signal?: AbortSignal): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of training.events(signal ? { signal } : {})) events.push(event);
  return events;
}

const start = (options: Partial<TrainingOptions> = {}) =>
  createTraining({ engine, objective: tinyObjective(), steps: 4, phases: [phase], ...options });

const ofType = <T extends TrainingEvent['type']>(events: readonly TrainingEvent[], type: T) =>
  events.filter((event): event is Extract<TrainingEvent, { type: T }> => event.type === type);

describe('settings that are made for pretrained weights', () => {
  const warnings = async (initial: TrainingOptions['initial']) => {
    const training = await start({ steps: 1, pretrained: 'conv.', ...(initial && { initial }) });
    const told = ofType(await all(training), 'warning').map(({ message }) => message);
    await training.dispose();
    return told;
  };

  test('warn of random ones', async () => {
    expect(await warnings(undefined)).toEqual([expect.stringMatching(/no initial value for any of conv\.\*/)]);
    const training = await start();
    const values = [...(await training.values())];
    await training.dispose();
    const isPretrained = ([name]: (typeof values)[number]) => name.startsWith('conv.');
    expect(await warnings(new Map(values.filter(isPretrained)))).toEqual([]);
    expect(await warnings(new Map(values.filter((value) => !isPretrained(value))))).toHaveLength(1);
  });
});

describe('events', () => {
  test('tell of every step, and the loss falls', async () => {
    const training = await start({ steps: 30 });
    const events = await all(training);
    expect(events[0]).toEqual({ type: 'start', step: 0, steps: 30, objective: 'tiny', trained: 73, parameters: 73 });
    const steps = ofType(events, 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    const mean = (some: StepEvent[]) => some.reduce((sum, { loss }) => sum + loss, 0) / some.length;
    expect(mean(steps.slice(-10))).toBeLessThan(0.6 * mean(steps.slice(0, 10)));
    expect(steps[0]).toMatchObject({ learningRate: 0.1, metrics: {} });
    expect(steps[0]!.imagesPerSecond).toBeCloseTo(4 / steps[0]!.seconds, 6);
    expect(events.at(-1)).toEqual({ type: 'end', step: 30, reason: 'finished' });
    expect(training.step).toBe(30);
    await training.dispose();
  });

  test('tell of evaluations, and which is the best', async () => {
    const training = await start({
      objective: evaluated(0.2, 0.4, 0.3),
      steps: 5,
      evaluation: { every: 2, best: { metric: 'score' } },
    });
    const evaluations = ofType(await all(training), 'evaluation');
    expect(evaluations.map(({ step, metrics, best }) => [step, metrics.score, best])).toEqual([
      [2, 0.2, true],
      [4, 0.4, true],
      [5, 0.3, false],
    ]);
  });

  test('refuse a best metric that evaluations do not give', async () => {
    const training = await start({ objective: evaluated(1), evaluation: { best: { metric: 'ap' } } });
    await expect(all(training)).rejects.toThrow(
      "received 'ap', but the best evaluation is chosen by one of its metrics; metrics: score",
    );
  });
});

describe('options', () => {
  test.each<[string, Partial<TrainingOptions>, RegExp]>([
    ['no steps', { steps: 0 }, /received 0.*whole steps/],
    ['a first phase that pauses', { phases: [{ ...phase, when: () => true }] }, /first phase/],
    ['two phases of one name', { phases: [phase, phase] }, /different names/],
    ['an unknown split', { phases: [{ ...phase, split: 'trian' }] }, /received 'trian'.*train, test/],
    ['an evaluation that the objective lacks', { evaluation: {} }, /'tiny' without one/],
  ])('with %s are refused', async (_, options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });
});

describe('an aborted training', () => {
  test('ends between steps with a checkpoint, and continues when asked again', async () => {
    const directory = await temporaryDirectory();
    const training = await start({ checkpoints: { store: checkpointDirectory(directory) } });
    const abort = new AbortController();
    const events: TrainingEvent[] = [];
    for await (const event of training.events({ signal: abort.signal })) {
      events.push(event);
      if (event.type === 'step' && event.step === 2) abort.abort();
    }
    expect(events.slice(-2)).toMatchObject([
      { type: 'checkpoint', step: 2, names: ['last'] },
      { type: 'end', step: 2, reason: 'aborted' },
    ]);
    const rest = await all(training);
    expect(ofType(rest, 'step').map(({ step }) => step)).toEqual([3, 4]);
  });

  test('makes up for an interrupted evaluation', async () => {
    const directory = await temporaryDirectory();
    const abort = new AbortController();
    const options = {
      objective: evaluated(0.5),
      evaluation: { every: 2 },
      checkpoints: { store: checkpointDirectory(directory) },
    };
    const first = await start(options);
    for await (const event of first.events({ signal: abort.signal })) {
      if (event.type === 'step' && event.step === 2) abort.abort();
    }
    const second = await start({
      ...options,
      checkpoints: { store: checkpointDirectory(directory), resume: 'always' },
    });
    const events = await all(second);
    expect(events.map(({ type, step }) => `${type} ${step}`)).toEqual([
      'start 2',
      'evaluation 2',
      'step 3',
      'step 4',
      'evaluation 4',
      'checkpoint 4',
      'end 4',
    ]);
  });

  test('passes on errors that are not the abort', async () => {
    const abort = new AbortController();
    const objective: Objective = {
      ...tinyObjective(),
      batch: async (split, step) => {
        if (step === 1) throw new Error('disk on fire');
        return tinyObjective().batch(split, step);
      },
    };
    await expect(all(await start({ objective }), abort.signal)).rejects.toThrow('disk on fire');
  });
});

describe('numbers that are not finite', () => {
  /** Feeds infinity at one step. */
  function poisoned(at: number): Objective {
    const objective = tinyObjective({ norm: false });
    return {
      ...objective,
      batch: async (split, step): Promise<Feeds> => {
        const { image, label } = await objective.batch(split, step);
        const data = step === at ? image!.data.map(() => Number.NaN) : image!.data;
        return { image: { ...image!, data }, label: label! };
      },
    };
  }

  test('stop the training with the step, the examples and the last good checkpoint', async () => {
    const directory = await temporaryDirectory();
    const training = await start({
      objective: poisoned(2),
      checkpoints: { store: checkpointDirectory(directory), every: 1 },
    });
    const events: TrainingEvent[] = [];
    const error = await (async () => {
      for await (const event of training.events()) events.push(event);
    })().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NotFiniteError);
    expect(error).toMatchObject({
      code: 'not-finite',
      step: 3,
      phase: 'train',
      examples: ['train-8', 'train-9', 'train-10', 'train-11'],
      checkpoint: `${directory}/last.json`,
    });
    expect((error as Error).message).toMatch(/step 3, train.*received NaN.*examples train-8, /);
    expect(events.at(-1)).toMatchObject({ type: 'failure', step: 2 });
    await expect(all(training)).rejects.toBe(error);
  });

  test('are never saved', async () => {
    const directory = await temporaryDirectory();
    const training = await start({ steps: 2, checkpoints: { store: checkpointDirectory(directory), every: 2 } });
    const messages: string[] = [];
    const run = async () => {
      for await (const event of training.events()) {
        if (event.type === 'failure') messages.push(event.message);
        if (event.type !== 'step' || event.step !== 1) continue;
        const broken = tensorData('float32', [5], [0, 0, Number.POSITIVE_INFINITY, 0, 0]);
        await training.state.write(new Map([['norm.running_mean', broken]]));
      }
    };
    await expect(run()).rejects.toBeInstanceOf(NotFiniteError);
    expect(messages).toEqual([expect.stringContaining('every value of norm.running_mean')]);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('a step', () => {
  test("takes its schedule's rate", async () => {
    const training = await start({
      steps: 3,
      phases: [{ optimizer: sgd(), learningRate: (step) => (step === 1 ? 0.1 : 0) }],
    });
    const weights = [(await training.values()).get('fc.weight')!.data];
    for await (const event of training.events()) {
      if (event.type === 'step') weights.push((await training.values()).get('fc.weight')!.data);
    }
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[1]);
    expect(weights[3]).toEqual(weights[2]);
  });

  test('moves averages from the initial weights on, with a memory that grows', async () => {
    const training = await start({ phases: [{ ...phase, average: { decay: 0.3 } }] });
    const weight = async (averaged: boolean) => [...(await training.values({ averaged })).get('fc.weight')!.data];
    let expected = await weight(false);
    expect(await weight(true)).toEqual(expected);
    for await (const event of training.events()) {
      if (event.type !== 'step') continue;
      const decay = Math.min(0.3, event.step / (9 + event.step));
      const current = await weight(false);
      expected = expected.map((value, i) => decay * value + (1 - decay) * current[i]!);
      for (const [i, value] of (await weight(true)).entries()) expect(value).toBeCloseTo(expected[i]!, 6);
    }
    expect(await weight(true)).toEqual([...(await training.values()).get('fc.weight')!.data]);
  });
});

describe('phases', () => {
  test('take part in their steps, with their own rates, splits and slots', async () => {
    const asked: string[] = [];
    const tiny = tinyObjective();
    const objective: Objective = {
      ...tiny,
      batch: (split, step) => {
        asked.push(`${split} ${step}`);
        return tiny.batch(split, step);
      },
    };
    const training = await start({
      objective,
      prefetch: 0,
      phases: [
        { ...phase, only: (name) => name !== 'fc.bias' },
        {
          name: 'bias',
          split: 'test',
          optimizer: adam(),
          learningRate: constantRate(0.01),
          only: (name) => name === 'fc.bias',
          slots: 'optimizer.bias',
          statistics: 'keep',
          when: (step) => step >= 2,
        },
      ],
    });
    const steps = ofType(await all(training), 'step');
    expect(asked).toEqual(['train 0', 'train 1', 'train 2', 'test 2', 'train 3', 'test 3']);
    expect(steps.map(({ metrics }) => 'bias/loss' in metrics)).toEqual([false, false, true, true]);
    const values = await training.state.read(['optimizer.bias.correction1', 'fc.bias']);
    expect(values.get('optimizer.bias.correction1')!.data[0]).toBeCloseTo(1 - 0.9 ** 2, 6);
  });

  test('accumulate gradients of several batches', async () => {
    const options = { steps: 3, objective: tinyObjective({ batchSize: 2, norm: false }) };
    const parts = await start({ ...options, phases: [{ ...phase, accumulate: 3 }] });
    const whole = await start({ steps: 3, objective: tinyObjective({ batchSize: 6, norm: false }) });
    const [a, b] = [ofType(await all(parts), 'step'), ofType(await all(whole), 'step')];
    for (const [i, { loss }] of a.entries()) expect(loss).toBeCloseTo(b[i]!.loss, 6);
    const [x, y] = [await parts.values(), await whole.values()];
    for (const [k, value] of x.get('conv.weight')!.data.entries()) {
      expect(value).toBeCloseTo(y.get('conv.weight')!.data[k]!, 6);
    }
  });
});

describe('a training that continues', () => {
  const resumable = (directory: string, options: Partial<TrainingOptions> = {}) =>
    start({ checkpoints: { store: checkpointDirectory(directory), resume: 'if-present' }, ...options });

  test('warns if the engine is another one', async () => {
    const directory = await temporaryDirectory();
    await all(await resumable(directory));
    const other: Engine = { ...engine, fingerprint: { ...engine.fingerprint, threads: 8 } };
    const events = await all(await resumable(directory, { engine: other, steps: 5 }));
    expect(events[0]).toMatchObject({ type: 'start', step: 4, resumed: `${directory}/last.json` });
    expect(ofType(events, 'warning').map(({ message }) => message)).toEqual([
      expect.stringContaining('(threads: nothing, here 8)'),
    ]);
    expect(ofType(events, 'step').map(({ step }) => step)).toEqual([5]);
  });

  test('says so in one sentence if another library computes from there on', async () => {
    const directory = await temporaryDirectory();
    await all(await resumable(directory));
    const fingerprint = { engine: 'tfjs', version: '4.22.0', backend: 'wasm', machine: 'node 20' };
    const events = await all(await resumable(directory, { engine: { ...engine, fingerprint }, steps: 5 }));
    expect(ofType(events, 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(/was written with reference.*goes on with tfjs wasm 4\.22\.0: .* numbers differ/),
    ]);
  });

  test('needs the settings that it began with', async () => {
    const directory = await temporaryDirectory();
    await all(await resumable(directory, { config: { width: 8 } }));
    const error = await resumable(directory, {
      config: { width: 16 },
      seed: 1,
      phases: [{ ...phase, optimizer: sgd({ momentum: 0.8 }) }],
    }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'CheckpointError', problem: 'config' });
    expect((error as CheckpointError).message).toMatch(
      /seed: 0, here 1; phases.0.optimizer.momentum: 0.9, here 0.8; config.width: 8, here 16/,
    );
  });

  test('needs the network that it began with', async () => {
    const directory = await temporaryDirectory();
    await all(await resumable(directory));
    const error = await resumable(directory, { objective: tinyObjective({ norm: false }) }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({ problem: 'state' });
  });

  test('must say so: a new one does not replace checkpoints', async () => {
    const directory = await temporaryDirectory();
    await all(await start({ checkpoints: { store: checkpointDirectory(directory) } }));
    await expect(start({ checkpoints: { store: checkpointDirectory(directory) } })).rejects.toThrow(
      /resume: 'if-present'/,
    );
    expect(await readdir(directory)).toHaveLength(2);
    await expect(
      start({ checkpoints: { store: checkpointDirectory(`${directory}/other`), resume: 'always' } }),
    ).rejects.toThrow(CheckpointError);
  });

  test('remembers its best evaluation', async () => {
    const directory = await temporaryDirectory();
    const evaluation = { every: 2, best: { metric: 'score', mode: 'min' as const } };
    await all(await resumable(directory, { objective: evaluated(0.3, 0.2), evaluation }));
    const later = await resumable(directory, { objective: evaluated(0.25, 0.1), evaluation, steps: 8 });
    const evaluations = ofType(await all(later), 'evaluation') as EvaluationEvent[];
    expect(evaluations.map(({ step, best }) => [step, best])).toEqual([
      [6, false],
      [8, true],
    ]);
  });
});
