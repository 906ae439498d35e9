import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backwardTable, forwardTable } from './columns.js';
import { sizeOfConvolution } from './geometry.js';

it('the table of the gradient names exactly the pairs of pixels that the convolution reads', () => {
  const small = (max: number) => fc.integer({ min: 1, max });
  const side = fc.record({
    size: small(9),
    kernel: small(4),
    stride: small(3),
    dilation: small(3),
    before: fc.nat(4),
    after: fc.nat(4),
  });
  fc.assert(
    fc.property(side, side, (a, b) => {
      fc.pre([a, b].every((s) => s.size + s.before + s.after > s.dilation * (s.kernel - 1)));
      const { geometry } = sizeOfConvolution([1, 1, a.size, b.size], [1, 1, a.kernel, b.kernel], {
        stride: [a.stride, b.stride],
        dilation: [a.dilation, b.dilation],
        padding: [a.before, b.before, a.after, b.after],
        groups: 1,
      });
      const taps = a.kernel * b.kernel;
      const pairs = (table: Int32Array, none: number, swap: boolean) =>
        Array.from(table, (from, k) => [Math.floor(k / taps), from, k % taps] as const)
          .filter(([, from]) => from !== none)
          .map(([to, from, tap]) => (swap ? `${from} ${to} ${tap}` : `${to} ${from} ${tap}`))
          .sort();
      const forward = pairs(forwardTable(geometry), a.size * b.size, false);
      const backward = pairs(backwardTable(geometry), geometry.output[0] * geometry.output[1], true);
      expect(backward).toEqual(forward);
    }),
    { numRuns: 200, seed: 1 },
  );
});
