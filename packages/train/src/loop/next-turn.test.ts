import { afterEach, expect, test, vi } from 'vitest';
import { nextTurn } from './next-turn.js';

afterEach(() => void vi.unstubAllGlobals());

test.each(['with setImmediate', 'without, as in a browser'])('timers get their turn %s', async (where) => {
  if (where !== 'with setImmediate') vi.stubGlobal('setImmediate', undefined);
  let fired = false;
  setTimeout(() => {
    fired = true;
  });
  const until = performance.now() + 60_000;
  while (!fired && performance.now() < until) await nextTurn();
  expect(fired).toBe(true);
});
