import { expect, test } from 'vitest';
import { createPatience } from './patience.js';

test('a call waits as long as it is told until steps are made, then by what took longest, at least a minute', () => {
  const patience = createPatience(600);
  patience.note(2);
  for (let i = 0; i < 19; i++) patience.noteSum();
  expect(patience.limit()).toBe(600);
  patience.noteSum();
  expect(patience.limit()).toBe(60);
  patience.note(8);
  patience.note(1);
  expect(patience.limit()).toBe(160);
  patience.note(100);
  expect(patience.limit()).toBe(600);
});

test('no limit stays none, a short one stays short', () => {
  const [none, short] = [createPatience(undefined), createPatience(5)];
  for (const patience of [none, short]) for (let i = 0; i < 30; i++) patience.noteSum();
  expect([none.limit(), short.limit()]).toEqual([undefined, 5]);
});
