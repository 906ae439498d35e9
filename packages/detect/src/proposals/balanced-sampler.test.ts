import { constant, type Tensor, tensorData } from '@nats/graph';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { valuesOf } from '../../test/values-of.js';
import { balancedSample } from './balanced-sampler.js';
import { samplingKeys } from './sampling-keys.js';

const flags = (values: readonly boolean[]): Tensor =>
  constant(tensorData('bool', [1, values.length], values.map(Number)));
const positions = (data: ArrayLike<number>) => Array.from(data, (is, i) => (is ? i : -1)).filter((i) => i >= 0);

test('draws those with the largest keys: at most the share of foreground, the rest background', () => {
  const kinds = fc.array(fc.constantFrom('foreground', 'background', 'ignored'), { minLength: 1, maxLength: 30 });
  const share = fc.constantFrom(0, 0.25, 0.5, 1);
  fc.assert(
    fc.property(kinds, fc.integer({ min: 1, max: 40 }), share, fc.nat(), (all, size, foregroundShare, seed) => {
      const keys = samplingKeys(1, all.length, seed);
      const member = (kind: string) => all.map((other) => other === kind);
      const sample = balancedSample(flags(member('foreground')), flags(member('background')), constant(keys), {
        size,
        foregroundShare,
      });
      const values = valuesOf({ ...sample });
      const best = (kind: string, count: number) =>
        positions(member(kind).map(Number))
          .sort((a, b) => keys.data[b]! - keys.data[a]!)
          .slice(0, count)
          .sort((a, b) => a - b);
      const foreground = best('foreground', Math.floor(size * foregroundShare));
      expect(positions(values.foreground.data)).toEqual(foreground);
      expect(positions(values.background.data)).toEqual(best('background', size - foreground.length));
    }),
    { numRuns: 200 },
  );
});
