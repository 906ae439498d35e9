import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as g from '../index.js';
import { seedOf } from '../random.js';
import { hashed } from '../testing/hashed.js';

const run = (y: g.Tensor, feeds: g.Feeds = {}) => g.evaluate(g.createProgram({ outputs: { y } }), feeds).outputs.y!;
const named = (feeds: g.Feeds) =>
  Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape }]) => [name, g.input(name, dtype, shape)]));

/** Multi-index of an offset. */
function indexOf(offset: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1, rest = offset; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

function at(x: g.TensorData, index: readonly number[]): number {
  return x.data[index.reduce((offset, i, axis) => offset * x.shape[axis]! + i, 0)]!;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);

const shapeOf = (rank: fc.Arbitrary<number>) =>
  rank.chain((length) => fc.array(fc.integer({ min: 1, max: 4 }), { minLength: length, maxLength: length }));

describe('elementwise', () => {
  it('broadcasts as NumPy does, and the gradient sums what was repeated', () => {
    const pair = shapeOf(fc.integer({ min: 0, max: 4 })).chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.integer({ min: 0, max: shape.length }),
        fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      ),
    );
    fc.assert(
      fc.property(pair, fc.boolean(), ([shape, dropped, single], swap) => {
        const small = shape.slice(dropped).map((size, i) => (single[i] ? 1 : size));
        const feeds = { a: hashed(shape, seedOf(1, 'a')), b: hashed(small, seedOf(1, 'b')) };
        const { a, b } = named(feeds) as { a: g.Tensor; b: g.Tensor };
        const y = run(swap ? g.subtract(b, a) : g.subtract(a, b), feeds);
        expect(y.shape).toEqual(shape);
        for (let i = 0; i < y.data.length; i++) {
          const index = indexOf(i, shape)
            .slice(dropped)
            .map((value, axis) => (small[axis] === 1 ? 0 : value));
          const expected = at(feeds.a, indexOf(i, shape)) - at(feeds.b, index);
          expect(y.data[i]).toBe(swap ? -expected : expected);
        }
        const [db] = g.gradients(g.reduceSum(g.multiply(a, b)), [b]);
        const gradient = run(db!, { a: feeds.a });
        expect(gradient.shape).toEqual(small);
        expect(dot(gradient.data, Array(gradient.data.length).fill(1))).toBeCloseTo(
          dot(feeds.a.data, Array(feeds.a.data.length).fill(1)),
          6,
        );
      }),
      { seed: 1 },
    );
  });
});

describe('layout', () => {
  it('slices as index arithmetic says', () => {
    const ranges = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 7 }), fc.nat(6), fc.nat(7), fc.integer({ min: 1, max: 3 })),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(ranges, (parts) => {
        const shape = parts.map(([size]) => size);
        const cut = parts.map(([size, start, length, step]) => {
          const from = start % size;
          return [from, Math.min(from + length, size), step] as const;
        });
        const x = hashed(shape, seedOf(1, 'x'));
        const y = run(g.slice(named({ x }).x!, Object.fromEntries(cut.entries())), { x });
        for (let i = 0; i < y.data.length; i++) {
          const index = indexOf(i, y.shape).map((value, axis) => cut[axis]![0] + value * cut[axis]![2]);
          expect(y.data[i]).toBe(at(x, index));
        }
        expect(y.shape).toEqual(cut.map(([from, to, step]) => Math.ceil((to - from) / step)));
      }),
      { seed: 1 },
    );
  });

  it('transposes move every index, and their inverse moves it back', () => {
    const permuted = shapeOf(fc.integer({ min: 1, max: 4 })).chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    fc.assert(
      fc.property(permuted, ([shape, order]) => {
        const x = hashed(shape, seedOf(1, 'x'));
        const y = run(g.transpose(named({ x }).x!, order), { x });
        for (let i = 0; i < y.data.length; i++) {
          const index = indexOf(i, y.shape);
          expect(y.data[i]).toBe(
            at(
              x,
              order.map((_, axis) => index[order.indexOf(axis)]!),
            ),
          );
        }
      }),
      { seed: 1 },
    );
  });

  it('concat undoes split', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }), fc.nat(2), (sizes, axis) => {
        const shape = [2, 3, 2].with(
          axis,
          sizes.reduce((a, b) => a + b),
        );
        const x = hashed(shape, seedOf(1, 'x'));
        const tensor = named({ x }).x!;
        const y = run(g.concat(g.split(tensor, sizes, axis), axis), { x });
        expect([y.shape, Array.from(y.data)]).toEqual([shape, Array.from(x.data)]);
      }),
      { seed: 1 },
    );
  });
});

describe('convolutions', () => {
  const size = fc.integer({ min: 1, max: 6 });
  const axis = fc.record({
    input: size,
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.nat(4),
    after: fc.nat(4),
  });
  const configuration = fc
    .record({
      rows: axis,
      columns: axis,
      groups: fc.integer({ min: 1, max: 3 }),
      ins: fc.integer({ min: 1, max: 2 }),
      outs: fc.integer({ min: 1, max: 2 }),
    })
    .filter(({ rows, columns }) =>
      [rows, columns].every((a) => a.dilation * (a.kernel - 1) + 1 <= a.input + a.before + a.after),
    );

  it('are sums over taps inside the map, and their gradients are their adjoints, for any configuration', () => {
    fc.assert(
      fc.property(configuration, ({ rows, columns, groups, ins, outs }) => {
        const options: g.ConvolutionOptions = {
          stride: [rows.stride, columns.stride],
          dilation: [rows.dilation, columns.dilation],
          padding: [rows.before, columns.before, rows.after, columns.after],
          groups,
        };
        const x = hashed([2, groups * ins, rows.input, columns.input], seedOf(1, 'x'));
        const w = hashed([groups * outs, ins, rows.kernel, columns.kernel], seedOf(1, 'w'));
        const places = named({ x, w });
        const y = run(g.conv2d(places.x!, places.w!, options), { x, w });
        for (let i = 0; i < y.data.length; i++) {
          const [n, o, row, column] = indexOf(i, y.shape) as [number, number, number, number];
          let sum = 0;
          for (let j = 0; j < sizeOfFilter(w); j++) {
            const [c, ky, kx] = indexOf(j, w.shape.slice(1)) as [number, number, number];
            const top = row * rows.stride - rows.before + ky * rows.dilation;
            const left = column * columns.stride - columns.before + kx * columns.dilation;
            const inside = top >= 0 && top < rows.input && left >= 0 && left < columns.input;
            if (inside) sum += at(w, [o, c, ky, kx]) * at(x, [n, Math.floor(o / outs) * ins + c, top, left]);
          }
          expect(y.data[i]).toBeCloseTo(sum, 10);
        }
        const cotangent = hashed(y.shape, seedOf(1, 'g'));
        const given = named({ cotangent });
        const dx = run(g.convGradInput(given.cotangent!, places.w!, x.shape, options), { cotangent, w });
        const dw = run(g.convGradWeight(given.cotangent!, places.x!, w.shape, options), { cotangent, x });
        const product = dot(y.data, cotangent.data);
        expect(dot(dx.data, x.data)).toBeCloseTo(product, 8);
        expect(dot(dw.data, w.data)).toBeCloseTo(product, 8);
      }),
      { seed: 1, numRuns: 80 },
    );
  });

  const sizeOfFilter = (w: g.TensorData) => g.sizeOf(w.shape.slice(1));

  it('with a dilation for each channel are those convolutions, channel by channel', () => {
    const genotypes: g.Pair[] = [
      [1, 1],
      [2, 1],
      [3, 3],
    ];
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 2 }),
        (index, stride) => {
          const x = hashed([1, 2, 7, 6], seedOf(1, 'x'));
          const w = hashed([index.length, 2, 3, 3], seedOf(1, 'w'));
          const places = named({ x, w });
          const choice = g.constant(g.tensorData('int32', [index.length], index));
          const y = run(g.conv2dByChannelDilation(places.x!, places.w!, choice, { genotypes, stride }), { x, w });
          const channels = index.map((genotype, channel) => {
            const dilation = genotypes[genotype]!;
            const own = g.slice(places.w!, { 0: [channel, channel + 1] });
            return g.conv2d(places.x!, own, { stride, dilation, padding: dilation });
          });
          expect(Array.from(y.data)).toEqual(Array.from(run(g.concat(channels, 1), { x, w }).data));
        },
      ),
      { seed: 1, numRuns: 40 },
    );
  });
});

describe('selection', () => {
  it('topK is the head of a stable sort', () => {
    const lines = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lines, fc.nat(12), (line, count) => {
        const k = Math.min(count, line.length);
        const x = g.tensorData('float32', [line.length], line);
        const { values, indices } = g.topK(named({ x }).x!, k);
        const { outputs } = g.evaluate(g.createProgram({ outputs: { values, indices } }), { x });
        const order = [...line.keys()].sort((a, b) => line[b]! - line[a]! || a - b).slice(0, k);
        expect(Array.from(outputs.indices!.data)).toEqual(order);
        expect(Array.from(outputs.values!.data)).toEqual(order.map((i) => line[i]));
      }),
      { seed: 1 },
    );
  });

  it('nms keeps boxes that overlap no better one, and drops only boxes that do', () => {
    const box = fc.tuple(
      fc.nat(9),
      fc.nat(9),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(4),
    );
    fc.assert(
      fc.property(fc.array(box, { minLength: 1, maxLength: 14 }), (all) => {
        const boxes = all.map(([x, y, w, h]) => [x, y, x + w, y + h]);
        const scores = all.map(([, , , , score]) => score);
        const feeds = {
          boxes: g.tensorData('float32', [all.length, 4], boxes.flat()),
          scores: g.tensorData('float32', [all.length], scores),
        };
        const places = named(feeds);
        const kept = g.nms(places.boxes!, places.scores!, { iouThreshold: 0.3, maxOutput: all.length });
        const { outputs } = g.evaluate(g.createProgram({ outputs: { ...kept } }), feeds);
        const indices = Array.from(outputs.indices!.data).filter((_, i) => outputs.valid!.data[i]);
        const better = (i: number, j: number) => scores[i]! > scores[j]! || (scores[i] === scores[j] && i < j);
        const above = (i: number, j: number) => iou(boxes[i]!, boxes[j]!) > 0.3;
        for (const i of indices) expect(indices.some((j) => j !== i && above(i, j))).toBe(false);
        for (const i of boxes.keys()) {
          if (!indices.includes(i)) expect(indices.some((j) => better(j, i) && above(i, j))).toBe(true);
        }
        for (const [slot, i] of indices.entries()) if (slot > 0) expect(better(indices[slot - 1]!, i)).toBe(true);
      }),
      { seed: 1 },
    );
  });

  function iou(a: readonly number[], b: readonly number[]): number {
    const side = (axis: number) => Math.max(0, Math.min(a[axis + 2]!, b[axis + 2]!) - Math.max(a[axis]!, b[axis]!));
    const area = (box: readonly number[]) => (box[2]! - box[0]!) * (box[3]! - box[1]!);
    const common = side(0) * side(1);
    return common / (area(a) + area(b) - common);
  }
});

describe('resizing', () => {
  it('keeps constants, and linear ramps away from the border', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 1, max: 15 }), (from, to) => {
        const x = g.tensorData(
          'float32',
          [1, 1, from, 1],
          Float32Array.from({ length: from }, (_, i) => i),
        );
        const y = run(g.resizeBilinear(named({ x }).x!, [to, 2]), { x });
        for (let i = 0; i < to; i++) {
          const position = ((i + 0.5) * from) / to - 0.5;
          expect(y.data[2 * i]).toBeCloseTo(Math.min(Math.max(position, 0), from - 1), 10);
          expect(y.data[2 * i + 1]).toBe(y.data[2 * i]);
        }
      }),
      { seed: 1 },
    );
  });
});
