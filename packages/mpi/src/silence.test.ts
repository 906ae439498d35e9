import { expect, test } from 'vitest';
import { createSilence } from './silence.js';

test('ranks are missed from their first beat until they leave', () => {
  const silence = createSilence(1);
  silence.pass(2);
  expect(silence.longest()).toBeUndefined();
  silence.heard(1);
  silence.pass(1);
  silence.heard(2);
  silence.pass(1);
  expect(silence.longest()).toEqual([1, 2]);
  silence.heard(1);
  silence.pass(1);
  expect(silence.longest()).toEqual([2, 2]);
  silence.left(2);
  expect(silence.longest()).toEqual([1, 1]);
});

test('a watch that was suspended itself does not take the others to be gone', () => {
  const silence = createSilence(1);
  silence.heard(1);
  silence.pass(3600);
  expect(silence.longest()).toEqual([1, 2]);
});
