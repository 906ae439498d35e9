import { createProgram } from '../../create-program.js';
import { hash32, hashNormal, seedOf } from '../../random.js';
import { evaluate } from '../../reference-engine.js';
import type { TensorData } from '../../tensor-data.js';
import { type ConformanceCase, caseTensors, GRADIENT, gradientNames, type Values } from './case.js';
import { largest } from './compare.js';

/** Entries of each input that are moved one by one; all move together along two random directions. */
const ENTRIES = 12;
/** Inputs are called apart from results. */
const FED = 'fed ';
const STEP = 1e-5;
const TOLERANCE = 1e-6;

/**
 * Compares the reference's gradients with central differences in float64; engines are compared with the reference, so
 * once is enough.
 * @returns what is wrong, or nothing
 */
export function finiteDifferenceErrors(subject: ConformanceCase): string[] {
  if (subject.smooth === false) return [];
  const names = gradientNames(subject);
  const { results, loss } = caseTensors({ ...subject, stateful: false }, FED);
  if (!loss || names.length === 0) return [];
  const program = createProgram({ outputs: { ...results, loss } });
  const fed = (values: Values) =>
    Object.fromEntries(
      Object.entries(values)
        .map(([name, value]) => [`${FED}${name}`, value] as const)
        .filter(([name]) => program.inputs.has(name)),
    );
  const run = (values: Values) => evaluate(program, fed(values)).outputs;
  const analytic = run(subject.inputs);
  return names.flatMap((name) => {
    const gradient = analytic[`${GRADIENT}${name}`]!;
    const scale = Math.max(largest(gradient.data), 1e-3);
    return directions(name, gradient.data.length).flatMap(({ label, direction }) => {
      const moved = (step: number) =>
        run({ ...subject.inputs, [name]: shifted(subject.inputs[name]!, direction, step) });
      const numeric = (moved(STEP).loss!.data[0]! - moved(-STEP).loss!.data[0]!) / (2 * STEP);
      const exact = direction.reduce((sum, value, i) => sum + value * gradient.data[i]!, 0);
      const norm = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
      if (Math.abs(numeric - exact) <= TOLERANCE * scale * Math.max(1, norm)) return [];
      return [`reference: ${GRADIENT}${name}, ${label}: ${exact}, but by finite differences ${numeric}`];
    });
  });
}

function directions(name: string, size: number): { label: string; direction: Float64Array }[] {
  if (size === 0) return [];
  const seed = seedOf(3, name);
  const chosen =
    size <= ENTRIES ? [...Array(size).keys()] : [...Array(ENTRIES).keys()].map((i) => hash32(seed, i) % size);
  const unit = (entry: number) => Float64Array.from({ length: size }, (_, i) => (i === entry ? 1 : 0));
  const random = (k: number) => Float64Array.from({ length: size }, (_, i) => hashNormal(seed + k, i));
  return [
    ...[...new Set(chosen)].map((entry) => ({ label: `entry ${entry}`, direction: unit(entry) })),
    ...[1, 2].map((k) => ({ label: `random direction ${k}`, direction: random(k) })),
  ];
}

/** In float64: nothing is rounded. */
function shifted(value: TensorData, direction: Float64Array, step: number): TensorData {
  return { ...value, data: Float64Array.from(value.data, (x, i) => x + step * direction[i]!) };
}
