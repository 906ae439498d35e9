import { afterEach, expect, test, vi } from 'vitest';
import { yieldToEventLoop } from './event-loop.js';

afterEach(() => void vi.unstubAllGlobals());

test.each(['with setImmediate', 'without, as in a browser'])('timers get their turn %s', async (where) => {
  if (where !== 'with setImmediate') vi.stubGlobal('setImmediate', undefined);
  let fired = false;
  setTimeout(() => {
    fired = true;
  });
  const until = performance.now() + 60_000;
  while (!fired && performance.now() < until) await yieldToEventLoop();
  expect(fired).toBe(true);
});
