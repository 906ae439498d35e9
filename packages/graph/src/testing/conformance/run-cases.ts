import { createProgram } from '../../create-program.js';
import type { Engine, Feeds } from '../../engine.js';
import type { Program } from '../../program.js';
import { evaluate } from '../../reference-engine.js';
import { withScopePath } from '../../scope-path.js';
import type { StateSpec } from '../../state-spec.js';
import type { Tensor } from '../../tensor.js';
import { sizeOf, type TensorData } from '../../tensor-data.js';
import { sortedNodes } from '../../traversal.js';
import { BATCH, type ConformanceCase, caseTensors, TOLERANCE, type Values } from './case.js';
import { difference } from './compare.js';

/** What an engine did with a case of the suite. */
export interface CaseResult {
  readonly name: string;
  /** Empty if the engine does as the reference. */
  readonly errors: readonly string[];
  /** Why it was not run. */
  readonly skipped?: string;
}

/** How many cases share a program: engines take longer to compile than to run. */
const BUNDLE = 40;

/**
 * Runs cases on an engine, many in one program; a program that fails as a whole is taken apart, to find the culprit.
 * @returns one result for each case, in order
 */
export async function runCases(
  engine: Engine,
  cases: readonly ConformanceCase[],
  bundleSize = BUNDLE,
): Promise<CaseResult[]> {
  const results = new Map<ConformanceCase, CaseResult>();
  for (const subject of cases) {
    const reason = subject.skips?.[engine.name];
    if (reason !== undefined) results.set(subject, { name: subject.name, errors: [], skipped: reason });
  }
  const open = cases.filter((subject) => !results.has(subject));
  for (const bundle of bundles(open, bundleSize)) {
    for (const [subject, errors] of await runBundle(engine, bundle)) {
      results.set(subject, { name: subject.name, errors });
    }
  }
  return cases.map((subject) => results.get(subject)!);
}

/** Cases with a batch 'N' are together: a program has one. */
function bundles(cases: readonly ConformanceCase[], size: number): ConformanceCase[][] {
  const parts: ConformanceCase[][] = [];
  for (const group of [cases.filter(({ batched }) => !batched), cases.filter(({ batched }) => batched)]) {
    for (let start = 0; start < group.length; start += size) parts.push(group.slice(start, start + size));
  }
  return parts;
}

type Errors = Map<ConformanceCase, readonly string[]>;

async function runBundle(engine: Engine, cases: readonly ConformanceCase[]): Promise<Errors> {
  try {
    return await compareBundle(engine, cases);
  } catch (error) {
    if (cases.length === 1) return new Map([[cases[0]!, [`${engine.name}: ${String(error)}`]]]);
    const middle = Math.ceil(cases.length / 2);
    const halves = [await runBundle(engine, cases.slice(0, middle)), await runBundle(engine, cases.slice(middle))];
    return new Map(halves.flatMap((half) => [...half]));
  }
}

async function compareBundle(engine: Engine, cases: readonly ConformanceCase[]): Promise<Errors> {
  const prefixes = new Map(cases.map((subject, i) => [subject, `${i} `]));
  const outputs: Record<string, Tensor> = {};
  for (const [subject, prefix] of prefixes) {
    const { results } = withScopePath(subject.name, () => caseTensors(subject, prefix));
    for (const [name, tensor] of Object.entries(results)) outputs[`${prefix}results ${name}`] = tensor;
  }
  const program = createProgram({ outputs });
  const values = stateValues(cases, prefixes);
  const state = await engine.createState(specOf(values), values);
  const executable = await engine.compile(program);
  const errors = new Map(cases.map((subject) => [subject, [] as string[]]));
  try {
    for (const batch of cases[0]!.batched ? [BATCH, 1] : [BATCH]) {
      const feeds = feedsOf(cases, prefixes, program, batch);
      const [expected, actual] = [evaluate(program, feeds, values).outputs, await executable.run(state, feeds)];
      for (const [subject, prefix] of prefixes) {
        const found = compareCase(subject, `${prefix}results `, expected, actual, batch);
        errors
          .get(subject)!
          .push(...found.map((text) => `${engine.name}${batch === BATCH ? '' : ', batch 1'}: ${text}`));
      }
    }
  } finally {
    await executable.dispose();
    await state.dispose();
  }
  return errors;
}

function compareCase(
  subject: ConformanceCase,
  prefix: string,
  expected: Values,
  actual: Values,
  batch: number,
): string[] {
  return Object.entries(expected).flatMap(([fullName, value]) => {
    if (!fullName.startsWith(prefix)) return [];
    const name = fullName.slice(prefix.length);
    const known = batch === BATCH ? subject.expected?.[name] : undefined;
    const target = known ? { ...value, data: Float64Array.from(known) } : value;
    const text = difference(actual[fullName], target, subject.tolerance ?? TOLERANCE);
    return text === undefined ? [] : [`${name} ${text}`];
  });
}

function feedsOf(
  cases: readonly ConformanceCase[],
  prefixes: ReadonlyMap<ConformanceCase, string>,
  program: Program,
  batch: number,
): Feeds {
  const feeds: Record<string, TensorData> = {};
  for (const subject of cases) {
    for (const [name, value] of Object.entries(subject.inputs)) {
      const fullName = `${prefixes.get(subject)}${name}`;
      if (program.inputs.has(fullName)) feeds[fullName] = subject.batched?.includes(name) ? first(value, batch) : value;
    }
  }
  return feeds;
}

/** The first `batch` entries along the first axis. */
function first(value: TensorData, batch: number): TensorData {
  const shape = value.shape.with(0, batch);
  return { ...value, shape, data: value.data.slice(0, sizeOf(shape)) };
}

function stateValues(
  cases: readonly ConformanceCase[],
  prefixes: ReadonlyMap<ConformanceCase, string>,
): Map<string, TensorData> {
  return new Map(
    cases
      .filter(({ stateful }) => stateful)
      .flatMap((subject) =>
        Object.entries(subject.inputs).map(([name, value]) => [`${prefixes.get(subject)}${name}`, value] as const),
      ),
  );
}

function specOf(values: ReadonlyMap<string, TensorData>): StateSpec {
  return new Map(
    [...values].map(([name, { dtype, shape }]) => [
      name,
      { name, kind: 'parameter', dtype, shape, initializer: { kind: 'constant', value: 0 } },
    ]),
  );
}

/** Names of all ops in a case's results and gradients. */
export function opsOf(subject: ConformanceCase): Set<string> {
  const { results } = caseTensors(subject);
  return new Set(sortedNodes(Object.values(results)).map(({ op }) => op.name));
}

/** One case as a program of its own: results, and gradients named after their inputs. */
export function caseProgram(subject: ConformanceCase): Program {
  const { results } = caseTensors(subject, 'input ');
  return createProgram({ outputs: { ...results } });
}
