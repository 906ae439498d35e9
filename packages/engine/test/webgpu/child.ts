import { type Lowerings, portableLowerings } from '@nats/export';
import * as g from '@nats/graph';
import { type CaseResult, conformanceCases, contractChecks, runCases } from '@nats/graph/testing';
import { createEngine, doctor, formatDoctor } from '../../src/index.js';
import { onnxruntimeEngine } from '../../src/onnxruntime/index.js';
import { WEBGPU_FAULTS } from '../../src/onnxruntime/webgpu/faults.js';
import { losses, tinyTraining } from '../tiny-training.js';
import { report } from './in-child.js';

/** What a process says about the engine. */
export interface SuiteReport {
  readonly results: readonly CaseResult[];
  readonly contract: Readonly<Record<string, readonly string[]>>;
  readonly losses: readonly number[];
}

const providers = ['webgpu'];
const [task, ...args] = process.argv.slice(2) as [string, ...string[]];

const errorOf = (action: Promise<unknown>) =>
  action.then(
    () => undefined,
    (error: unknown) =>
      error instanceof g.NatsError ? { code: error.code, ...error.details } : { code: String(error) },
  );

/** v becomes v + x, of `size` values; returns nothing but a sum. */
function adder(size: number) {
  const scope = g.createScope();
  const v = scope.slot('v', [size], g.zeros);
  const next = g.add(v, g.input('x', 'float32', []));
  scope.update(v, next);
  const program = g.createProgram({ outputs: { first: g.slice(next, { 0: [0, 1] }) }, updates: scope.updates });
  return { program, spec: scope.spec };
}
const feed = (x: number) => ({ x: g.tensorData('float32', [], [x]) });

const TASKS: Readonly<Record<string, () => Promise<unknown>>> = {
  suite: async (): Promise<SuiteReport> => {
    const engine = onnxruntimeEngine({ providers });
    // Small programs: each shader is compiled once, and a bundle that fails is taken apart.
    const results = await runCases(engine, conformanceCases(), 10);
    const contract: Record<string, readonly string[]> = {};
    for (const check of contractChecks()) contract[check.name] = await check.run(engine);
    const found = { results, contract, losses: await losses(engine, Number(args[0])) };
    await engine.dispose();
    return found;
  },

  /** Errors of a case with the portable lowering of one op. */
  fault: async () => {
    const { shownBy } = WEBGPU_FAULTS.find(({ shownBy }) => shownBy?.conformance === args[0])!;
    const { op, conformance } = shownBy!;
    const engine = onnxruntimeEngine({
      providers,
      lowerings: portableLowerings.filter((lowering) => lowering.op === op),
    });
    const cases = conformanceCases().filter(({ name }) => name === conformance);
    return (await runCases(engine, cases)).flatMap(({ errors }) => errors);
  },

  /** Whether a training step has a node on the CPU, where onnxruntime refuses it: with these lowerings, and the portable ones. */
  placement: async () => {
    const compiled = (lowerings: Lowerings) =>
      errorOf(onnxruntimeEngine({ providers, fallback: false, lowerings }).compile(tinyTraining().program));
    return { own: (await compiled([])) ?? 'none', portable: (await compiled(portableLowerings)) ?? 'none' };
  },

  /** Resident bytes after some steps and after many more, with a state of 4 MB. */
  memory: async () => {
    const engine = onnxruntimeEngine({ providers });
    const { program, spec } = adder(2 ** 20);
    const executable = await engine.compile(program);
    const state = await engine.createState(spec, g.initialize(spec, 1));
    const bytes: number[] = [];
    let last = 0;
    for (const steps of [200, 800]) {
      for (let i = 0; i < steps; i++) last = (await executable.run(state, feed(1))).first!.data[0]!;
      bytes.push(process.memoryUsage().rss);
    }
    return { bytes, last };
  },

  /** What a run says that needs a larger buffer than any adapter has, and what is left of its state. */
  large: async () => {
    const engine = onnxruntimeEngine({ providers });
    const scope = g.createScope();
    const v = scope.slot('v', [1], g.ones);
    const x = g.input('x', 'float32', [2 ** 10, 1]);
    const large = g.withScopePath('backbone/stem', () => g.broadcastTo(g.multiply(x, v), [2 ** 10, 2 ** 21]));
    scope.update(v, g.reshape(g.reduceMean(large), [1]));
    const executable = await engine.compile(g.createProgram({ outputs: {}, updates: scope.updates }));
    const state = await engine.createState(scope.spec, g.initialize(scope.spec, 1));
    const feeds = { x: g.tensorData('float32', [2 ** 10, 1], new Float32Array(2 ** 10)) };
    const error = await errorOf(executable.run(state, feeds));
    const after = [...(await state.read()).get('v')!.data];
    const small = await engine.compile(adder(1).program);
    const alive = [...(await small.run(state, feed(2))).first!.data];
    return { error, after, alive };
  },

  doctor: async () => {
    const found = await doctor(['webgpu']);
    return { found, text: formatDoctor(found), auto: (await createEngine('auto')).fingerprint.providers };
  },

  /** What a process without an adapter says. */
  nothing: async () => {
    const engine = onnxruntimeEngine({ providers });
    return errorOf(engine.compile(adder(1).program));
  },
};

report(await TASKS[task]!());
// Dawn may take its time to stop.
process.exit(0);
