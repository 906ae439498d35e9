import { afterEach, expect, test, vi } from 'vitest';
import { createSeenIds } from './seen-ids.js';

/** V8's Set with another limit. */
class SmallSet<T> extends Set<T> {
  override add(value: T): this {
    if (this.size >= 3 && !this.has(value)) throw new RangeError('Set maximum size exceeded');
    return super.add(value);
  }
}

afterEach(() => void vi.unstubAllGlobals());

test('ids are met once, beyond what one set holds', () => {
  vi.stubGlobal('Set', SmallSet);
  const seen = createSeenIds<number | string>(3);
  for (let id = 0; id < 20; id++) expect(seen.add(id)).toBe(true);
  for (let id = 0; id < 20; id++) expect(seen.add(id)).toBe(false);
  expect(seen.add('0')).toBe(true);
});
