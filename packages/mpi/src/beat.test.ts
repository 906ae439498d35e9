import { expect, test } from 'vitest';
import { BEAT_VALUES, doingOf, readBeat, writeBeat } from './beat.js';

test('a beat is the same after the way', () => {
  const beat = { rank: 3, calls: 70_000, processors: 1.5, still: 0.25, last: true };
  const values = new Float64Array(BEAT_VALUES);
  writeBeat(values, beat);
  expect(readBeat(values)).toEqual(beat);
});

test('one that computes, stands still or waits is told apart', () => {
  const beat = { rank: 1, calls: 4, processors: 0, still: 0, last: false };
  expect(doingOf({ ...beat, processors: 1, still: 3 })).toMatch(/^computes/);
  expect(doingOf({ ...beat, still: 3 })).toMatch(/^stands still/);
  expect(doingOf(beat)).toMatch(/^is idle/);
});
