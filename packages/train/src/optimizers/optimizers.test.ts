import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { type Engine, initialize, referenceEngine, tensorData } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import { quadraticLoss } from '../../test/support/quadratic.js';
import { type StepOptions, trainingStep } from '../programs/training-step.js';
import { adam, adamw } from './adam.js';
import fixture from './fixtures/optimizers.json' with { type: 'json' };
import type { ParameterRule } from './rules.js';
import { sgd } from './sgd.js';

type Case = (typeof fixture.cases)[number];
interface CaseOptions {
  kind: string;
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
  betas?: [number, number];
  epsilon?: number;
  clipNorm?: number;
  scaleRate?: number;
  scaleDecay?: number;
}

function stepOptions({ options }: Case): StepOptions {
  const { kind, clipNorm, scaleRate = 1, scaleDecay = 1, ...settings } = options as CaseOptions;
  const make = { sgd, adam, adamw }[kind]!;
  const rules: ParameterRule[] = [{ name: 'scale', learningRateScale: scaleRate, weightDecayScale: scaleDecay }];
  return { optimizer: make(settings), rules, ...(clipNorm !== undefined && { clipNorm }) };
}

/** Largest difference from PyTorch's float64 over all steps, relative to the largest value. */
async function differenceFrom(golden: Case, engine: Engine): Promise<number> {
  const { program, spec } = trainingStep({ loss: quadraticLoss }, stepOptions(golden));
  const state = await engine.createState(spec, initialize(spec, 0));
  const executable = await engine.compile(program);
  let [worst, largest] = [0, 0];
  for (const [i, rate] of fixture.rates.entries()) {
    await executable.run(state, { learningRate: tensorData('float32', [], [rate]) });
    const values = await state.read(['weight', 'scale']);
    for (const name of ['weight', 'scale'] as const) {
      for (const [k, expected] of golden.steps[i]![name].entries()) {
        worst = Math.max(worst, Math.abs(values.get(name)!.data[k]! - expected));
        largest = Math.max(largest, Math.abs(expected));
      }
    }
  }
  await executable.dispose();
  await state.dispose();
  return worst / largest;
}

describe.each(fixture.cases.map((golden) => [golden.name, golden] as const))(
  "%s takes PyTorch's steps",
  (_, golden) => {
    // Constants such as momentum are float32 in programs: 0.9 is off by 3e-8.
    test('in float64', async () => {
      expect(await differenceFrom(golden, referenceEngine())).toBeLessThan(3e-7);
    });

    test('in float32', async () => {
      expect(await differenceFrom(golden, onnxruntimeEngine())).toBeLessThan(Math.max(1e-6, 3 * golden.float32Error));
    });
  },
);
