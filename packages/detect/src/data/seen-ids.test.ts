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
  const ids = Array.from({ length: 20 }, (_, i) => i - 0.5);
  for (const id of ids) expect(seen.add(id)).toBe(true);
  for (const id of ids) expect(seen.add(id)).toBe(false);
  expect(seen.add('0')).toBe(true);
});

test('whole numbers of any size are told apart, and from their texts', () => {
  const seen = createSeenIds<number | string>();
  const ids = [0, 1, 31, 32, 33, 1023, 1024, 5_000_000, 2 ** 25 - 1, 2 ** 25, 2 ** 32, 2 ** 32 + 1, -1, 0.5, '1'];
  for (const id of ids) expect(seen.add(id), String(id)).toBe(true);
  for (const id of ids) expect(seen.add(id), String(id)).toBe(false);
});
