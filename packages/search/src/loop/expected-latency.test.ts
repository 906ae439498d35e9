import { createProgram, evaluate, gradients, input, type Tensor, type TensorData, tensorData } from '@nats/graph';
import { divisionModel } from '@nats/space';
import { describe, expect, test } from 'vitest';
import { everyCount, tableOf } from '../../test/latency-table.js';
import { space } from '../../test/planted.js';
import { expectedLatency } from './expected-latency.js';

const [K, G] = [4, 3];
/** Parts cost more the smaller they are, dilations a little; several parts cost something by themselves. */
const table = tableOf((site, channels) =>
  everyCount(K, G).map((groups) => {
    const parts = groups.filter((count) => count > 0);
    const division = parts.length > 1 ? 0.02 + parts.reduce((sum, count) => sum + 0.04 / count, 0) : 0;
    const extra = division + 0.01 * (site + 1) * groups[0]! - 0.003 * groups[1]!;
    return { channels: groups.map((count) => (count * channels) / K), extra };
  }),
);

const alphas = new Map(space.sites.map(({ name }): [string, Tensor] => [name, input(name, 'float32', [K, G])]));
const expected = expectedLatency(alphas, space, table);
const wanted = [...alphas.values()];
const program = createProgram({
  outputs: {
    expected,
    ...Object.fromEntries(gradients(expected, wanted).map((gradient, i) => [`d${i}`, gradient!])),
  },
});

/** Logits of every site, by a formula. */
const logits = (scale: number) =>
  Object.fromEntries(
    space.sites.map(({ name }, site): [string, TensorData] => [
      name,
      tensorData(
        'float32',
        [K, G],
        Array.from({ length: K * G }, (_, i) => scale * Math.sin(1 + 3 * site + 2.3 * i)),
      ),
    ]),
  );

function softmax(row: readonly number[]): number[] {
  const sum = row.reduce((total, value) => total + Math.exp(value), 0);
  return row.map((value) => Math.exp(value) / sum);
}

/** The mean over all draws of all groups, by going through them. */
function byEnumeration(feeds: Readonly<Record<string, TensorData>>): number {
  let total = 0;
  for (const [site, { name, channels }] of space.sites.entries()) {
    const model = divisionModel(table.shapes[site]!);
    const rows = Array.from({ length: K }, (_, k) => softmax([...feeds[name]!.data.subarray(k * G, (k + 1) * G)]));
    for (let draw = 0; draw < G ** K; draw++) {
      const counts = [0, 0, 0];
      let probability = 1;
      for (let k = 0, rest = draw; k < K; k++, rest = Math.floor(rest / G)) {
        counts[rest % G]!++;
        probability *= rows[k]![rest % G]!;
      }
      const parts = counts.filter((count) => count > 0);
      // The table has the genotypes in reverse.
      const dilations = counts.reduce((sum, count, g) => sum + (count / K) * model.whole[G - 1 - g]!, 0);
      const size = channels / K;
      const division = parts.length > 1 ? model.join + parts.reduce((sum, n) => sum + model.part(n * size), 0) : 0;
      total += probability * (dilations + division);
    }
  }
  return total;
}

const computed = async (feeds: Readonly<Record<string, TensorData>>) =>
  (await evaluate(program, feeds)).outputs.expected!.data[0]!;

describe('the expected latency', () => {
  test.each([0, 0.5, 2, 30])('is the mean over all draws of the groups, logits times %d', async (scale) => {
    const feeds = logits(scale);
    expect(await computed(feeds)).toBeCloseTo(byEnumeration(feeds), 6);
  });

  test('has the gradient that finite differences show', async () => {
    const feeds = logits(1);
    const { outputs } = await evaluate(program, feeds);
    const step = 2 ** -8;
    for (const [site, { name }] of space.sites.entries()) {
      for (let i = 0; i < K * G; i++) {
        const moved = (sign: number) => {
          const data = feeds[name]!.data.slice();
          data[i]! += sign * step;
          return byEnumeration({ ...feeds, [name]: tensorData('float32', [K, G], data) });
        };
        expect(outputs[`d${site}`]!.data[i]).toBeCloseTo((moved(1) - moved(-1)) / (2 * step), 5);
      }
    }
  });
});
