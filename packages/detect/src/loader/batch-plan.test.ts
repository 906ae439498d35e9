import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, divideIndices, type PlanOptions, planBatches } from './batch-plan.js';

const planOf = (options: Partial<PlanOptions> & Pick<PlanOptions, 'buckets' | 'batchSize'>) =>
  planBatches({
    seed: 1,
    split: 'train',
    bucketCount: Math.max(...Array.from(options.buckets)) + 1,
    shuffle: true,
    ...options,
  });

const firsts = (plan: ReturnType<typeof planBatches>, steps: number) =>
  Array.from({ length: steps }, (_, step) => plan(step).images.map(({ images }) => images[0]!)).flat();

const counts = (values: readonly number[], size: number) =>
  Array.from({ length: size }, (_, i) => values.filter((value) => value === i).length);

describe('a batch plan', () => {
  test('has every image once in each epoch', () => {
    const plan = planOf({ buckets: new Array(12).fill(0), batchSize: 4 });
    expect(plan.stepsOfEpoch).toBe(3);
    const images = firsts(plan, 9);
    for (let epoch = 0; epoch < 3; epoch++) {
      expect(counts(images.slice(epoch * 12, epoch * 12 + 12), 12)).toEqual(new Array(12).fill(1));
    }
    expect(images.slice(0, 12)).not.toEqual(images.slice(12, 24));
  });

  test('reaches over the ends of epochs if batches do not divide them', () => {
    const images = firsts(planOf({ buckets: new Array(5).fill(0), batchSize: 4 }), 5);
    for (let epoch = 0; epoch < 4; epoch++) {
      expect(counts(images.slice(epoch * 5, epoch * 5 + 5), 5)).toEqual(new Array(5).fill(1));
    }
  });

  test('is another for another seed or split, and the same for the same', () => {
    const options = { buckets: new Array(50).fill(0), batchSize: 10 };
    const images = firsts(planOf(options), 5);
    expect(firsts(planOf(options), 5)).toEqual(images);
    expect(firsts(planOf({ ...options, seed: 2 }), 5)).not.toEqual(images);
    expect(firsts(planOf({ ...options, split: 'other' }), 5)).not.toEqual(images);
  });

  test('without shuffling goes in order, from the beginning in each epoch', () => {
    const plan = planOf({ buckets: new Array(5).fill(0), batchSize: 2, shuffle: false });
    expect(plan.stepsOfEpoch).toBe(3);
    expect(firsts(plan, 4)).toEqual([0, 1, 2, 3, 4, 0, 0, 1]);
  });

  test('with buckets has images of one bucket in a batch, and all about equally often', () => {
    const bucketLists = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(bucketLists, fc.integer({ min: 1, max: 6 }), fc.boolean(), (buckets, batchSize, shuffle) => {
        const plan = planOf({ buckets, batchSize, shuffle, bucketCount: 4 });
        const rounds = 6;
        for (let step = 0; step < plan.stepsOfEpoch * rounds; step++) {
          const { bucket, images } = plan(step);
          expect(images).toHaveLength(batchSize);
          for (const {
            images: [image],
          } of images)
            expect(buckets[image!]).toBe(bucket);
        }
        const seen = counts(firsts(plan, plan.stepsOfEpoch * rounds), buckets.length);
        expect(Math.min(...seen)).toBeGreaterThanOrEqual(rounds);
        for (let bucket = 0; bucket < 4; bucket++) {
          const own = seen.filter((_, i) => buckets[i] === bucket);
          if (shuffle && own.length > 0) expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('gives every image of every step its own random numbers, and partners for mosaics', () => {
    const plan = planOf({ buckets: new Array(10).fill(0), batchSize: 5, augment: { mosaic: { probability: 0.5 } } });
    const planned = Array.from({ length: 40 }, (_, step) => plan(step).images).flat();
    expect(new Set(planned.map(({ seed }) => seed)).size).toBe(200);
    const mosaics = planned.filter(({ images }) => images.length === 4).length;
    expect(Math.abs(mosaics - 100)).toBeLessThan(35);
    expect(planned.every(({ images }) => images.length === 4 || images.length === 1)).toBe(true);
  });
});

test('images go to the bucket of the nearest shape', () => {
  const sizes = [
    [100, 100],
    [80, 120],
    [120, 80],
  ] as const;
  const at = (width: number, height: number) => bucketOf({ width, height }, sizes);
  expect([at(10, 10), at(640, 480), at(480, 640), at(1000, 100), at(110, 100)]).toEqual([0, 1, 2, 1, 0]);
});

test('divided positions have no common one', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.double({ min: 0, max: 1, noNaN: true }), fc.integer(), (size, share, seed) => {
      const [a, b] = divideIndices(size, share, seed);
      expect(a.length).toBe(Math.round(share * size));
      expect([...a, ...b].sort((x, y) => x - y)).toEqual(Array.from({ length: size }, (_, i) => i));
    }),
  );
  expect(() => divideIndices(4, 1.5)).toThrow(/between 0 and 1/);
});
