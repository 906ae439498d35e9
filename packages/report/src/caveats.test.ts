import { describe, expect, test } from 'vitest';
import { caveatsOf } from './caveats.js';
import { exampleVariant } from './fixtures/example-report.js';
import type { ReportData, ReportVariant } from './report-data.js';

/** A variant whose numbers are all `value` for each seed. */
function variant(name: string, values: readonly number[], changes: Partial<ReportVariant> = {}): ReportVariant {
  const evaluations = values.map((value, i) => ({ seed: i + 1, stats: new Array<number>(12).fill(value) }));
  const { latency: _, ...rest } = exampleVariant(name, 1);
  return { ...rest, evaluations, ...changes };
}

const text = (data: Omit<ReportData, 'title'>) => caveatsOf({ title: '', ...data }).join('\n');

describe('seeds', () => {
  test('one each says nothing of the spread', () => {
    expect(text({ variants: [variant('a', [0.2]), variant('b', [0.3])] })).toContain(
      'nothing about the spread between seeds',
    );
  });

  test('a difference within the spread is called so, and so are the other numbers', () => {
    const found = text({ variants: [variant('a', [0.2, 0.3, 0.25]), variant('b', [0.26, 0.24, 0.29])] });
    expect(found).toMatch(/between a and b \(\+1\.3\) is within the spread over 3 seeds, compared seed by seed/);
    expect(found).toContain('It may be chance');
    expect(found).toContain('Also within the spread for b: AP50, AP75,');
  });

  test('a difference beyond it is called so', () => {
    const found = text({ variants: [variant('a', [0.2, 0.21, 0.2]), variant('b', [0.3, 0.31, 0.3])] });
    expect(found).toContain('(+10.0) is larger than the spread over 3 seeds');
    expect(found).not.toContain('chance');
  });

  test('a difference is one of boxes where there are masks too', () => {
    const [a, b] = [variant('a', [0.2, 0.21]), variant('b', [0.3, 0.31])];
    expect(text({ variants: [a, b] })).toContain('The difference of AP between a and b');
    const evaluations = b.evaluations!.map((boxes) => ({ ...boxes, masks: { stats: boxes.stats } }));
    expect(text({ variants: [a, { ...b, evaluations }] })).toContain('The difference of box AP between a and b');
  });

  test('a variant with a single seed is named', () => {
    expect(text({ variants: [variant('a', [0.2, 0.3]), variant('b', [0.3])] })).toContain('One seed only: b.');
  });
});

test('one model alone has nothing to be compared with', () => {
  expect(text({ variants: [variant('alone', [0.2])] })).toContain('Only one model is here (alone)');
});

test('few test images, other size bounds and missing sizes', () => {
  const stats = new Array<number>(12).fill(0.5);
  stats[5] = -1;
  const data = {
    variants: [{ name: 'a', evaluations: [{ stats }] }],
    dataset: { name: 'd', testImages: 40, sizeBounds: [24, 48] as const },
  };
  expect(text(data)).toContain('40 test images: another choice');
  expect(text(data)).toContain('parted at 24 and 48 pixels');
  expect(text(data)).toContain('No objects to evaluate by, so no number: AP large.');
  expect(text({ dataset: { name: 'coco', testImages: 5000, sizeBounds: [32, 96] } })).toBe('');
});

test('costs that differ, latencies that overlap, and unequal schedules', () => {
  const variants = [
    variant('a', [0.2], { macs: 10, latency: { milliseconds: 5, low: 4, high: 6 } }),
    variant('b', [0.2], { macs: 11, latency: { milliseconds: 5.5, low: 5, high: 7 } }),
    variant('c', [0.2], { macs: 10, latency: { milliseconds: 9, low: 8, high: 10 } }),
  ];
  const trainings = [100, 200].map((step, i) => ({ name: 't', variant: 'ab'[i]!, points: [{ step, loss: 1 }] }));
  const found = text({ variants, trainings });
  expect(found).toContain('differ in multiply-adds');
  expect(found).toContain('The latencies of a and b overlap');
  expect(found).not.toContain('a and c overlap');
  expect(found).toContain('not trained equally long (steps: a 100 and b 200)');
});

test("the caller's sentences come last", () => {
  expect(caveatsOf({ title: '', caveats: ['Mine.'] })).toEqual(['Mine.']);
});
