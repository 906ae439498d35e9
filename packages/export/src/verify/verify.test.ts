import { tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import type { DetectionSet } from './agreement.js';
import { formatVerification, type RunResult, verify } from './verify.js';

const row = (...data: number[]) => tensorData('float32', [data.length], data);
const detection = (x: number, score = 0.5): DetectionSet => ({
  boxes: [[x, 0, x + 40, 80]],
  scores: [score],
  labels: [0],
});

/** Runs that look their results up. */
function results(trained: readonly RunResult[], model: readonly RunResult[]) {
  return {
    trained: (i: number) => trained[i]!,
    model: async (i: number) => model[i]!,
    samples: trained.keys(),
  };
}

test('the largest differences of all samples, absolute and relative to the largest number', async () => {
  const result = await verify({
    ...results(
      [{ values: { y: row(1, 2), z: row(0, 8) } }, { values: { y: row(4, 0), z: row(1, 1) } }],
      [{ values: { y: row(1, 2.5), z: row(0, 8) } }, { values: { y: row(4, 0.75), z: row(1, 1) } }],
    ),
    tolerance: { values: 0.2 },
  });
  expect(result).toMatchObject({
    samples: 2,
    values: { y: { absolute: 0.75, relative: 0.25 }, z: { absolute: 0, relative: 0 } },
    passed: false,
    problems: ['relative difference of y: 2.5e-1 is above the tolerance of 0.2'],
  });
  expect(formatVerification(result)).toBe(
    [
      'compared on 2 samples, largest differences:',
      '  y: 7.5e-1 absolute, 2.5e-1 relative',
      '  z: 0 absolute, 0 relative',
      'failed: relative difference of y: 2.5e-1 is above the tolerance of 0.2',
    ].join('\n'),
  );
});

test('detections agree, or are counted', async () => {
  const trained = [{ detections: [detection(0), detection(10)] }, { detections: [detection(20), detection(0, 0.9)] }];
  const near = [
    { detections: [detection(0), detection(10.03125)] },
    { detections: [detection(20), detection(0, 0.9)] },
  ];
  const good = await verify({ ...results(trained, near), side: () => 128 });
  expect(good.agreement).toMatchObject({
    detections: 4,
    missing: 0,
    box: { absolute: 0.03125, relative: 0.03125 / 128 },
  });
  expect(good).toMatchObject({ passed: true, problems: [] });
  expect(formatVerification(good)).toBe(
    [
      'compared on 2 samples, largest differences:',
      '  detections: 4 of 4 found again, 0 additional',
      '  scores of the same detection: 0 absolute, 0 relative',
      "  boxes of the same detection: 3.1e-2 pixels, 2.4e-4 of the image's side",
      'passed',
    ].join('\n'),
  );
  const far = [{ detections: [detection(0), detection(60)] }, near[1]!];
  const bad = await verify(results(trained, far));
  expect(bad.problems).toEqual(['share of detections that one of the two lacks: 4.0e-1 is above the tolerance of 0']);
  expect((await verify({ ...results(trained, far), tolerance: { unmatched: 0.5 } })).passed).toBe(true);
  const strict = await verify({ ...results(trained, near), tolerance: { box: 1e-4 } });
  expect(strict.problems).toEqual([expect.stringMatching(/difference of boxes.* above the tolerance of 0\.0001/)]);
});

test('scores that differ fail', async () => {
  const result = await verify(results([{ detections: [detection(0, 0.5)] }], [{ detections: [detection(0, 0.501)] }]));
  expect(result.problems).toEqual([expect.stringMatching(/^difference of scores: 2\.0e-3/)]);
});

test('masks that differ fail', async () => {
  const masked = (value: number) => ({ detections: [{ ...detection(0), masks: [[0.5, value]] }] });
  const good = await verify(results([masked(1)], [masked(1 - 2 ** -12)]));
  expect(good.passed).toBe(true);
  expect(formatVerification(good)).toContain('masks of the same detection: 2.4e-4 absolute');
  const bad = await verify(results([masked(1)], [masked(0.75)]));
  expect(bad.problems).toEqual(['difference of masks: 2.5e-1 is above the tolerance of 0.001']);
});

test('nothing compared is not passed', async () => {
  const empty = { boxes: [], scores: [], labels: [] };
  const result = await verify(results([{ detections: [empty] }], [{ detections: [empty] }]));
  expect(result.problems).toEqual([expect.stringMatching(/nothing was compared/)]);
  await expect(verify(results([], []))).rejects.toThrow(/at least one sample/);
});

test('what is not a number fails', async () => {
  const result = await verify(results([{ values: { y: row(1) } }], [{ values: { y: row(Number.NaN) } }]));
  expect(result).toMatchObject({ passed: false, values: { y: { absolute: Number.POSITIVE_INFINITY } } });
  const same = await verify(results([{ values: { y: row(Infinity, 1) } }], [{ values: { y: row(Infinity, 1) } }]));
  expect(same.passed).toBe(true);
});

test.each<[string, RunResult, RegExp]>([
  ['names', { values: { z: row(1) }, detections: [] }, /received z.*values of the same names.*y/],
  [
    'shapes',
    { values: { y: row(1, 2) }, detections: [] },
    /y.*received float32\[2\].*one dtype and shape.*float32\[1\]/,
  ],
  [
    'numbers of images',
    { values: { y: row(1) }, detections: [detection(0)] },
    /received 1.*detections of the same images.*0/,
  ],
])('other %s are refused', async (_, model, message) => {
  await expect(verify(results([{ values: { y: row(1) }, detections: [] }], [model]))).rejects.toThrow(message);
});

test('what is looked for may depend on the image', async () => {
  const two = { boxes: [...detection(0).boxes, ...detection(50).boxes], scores: [0.5, 0.2], labels: [0, 0] };
  const runs = results([{ detections: [two] }], [{ detections: [detection(0)] }]);
  const seen: number[] = [];
  const strongest = await verify({ ...runs, minScore: ({ scores }) => scores[0]!, update: (n) => seen.push(n) });
  expect([strongest.agreement!.missing, seen]).toEqual([0, [1]]);
  expect((await verify(results([{ detections: [two] }], [{ detections: [detection(0)] }]))).agreement!.missing).toBe(1);
});

test('a signal ends it', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(verify({ ...results([{}], [{}]), signal })).rejects.toThrow('stopped');
});
