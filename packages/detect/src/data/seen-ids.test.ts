import { expect, test } from 'vitest';
import { createSeenIds } from './seen-ids.js';

test('ids are met once, beyond what one set holds', () => {
  const seen = createSeenIds<number | string>(3);
  for (let id = 0; id < 20; id++) expect(seen.add(id)).toBe(true);
  for (let id = 0; id < 20; id++) expect(seen.add(id)).toBe(false);
  expect(seen.add('0')).toBe(true);
});
