import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { duplicateImages } from './duplicate-images.js';

test('images with the bytes of an earlier one are warnings that name both', async () => {
  const folder = await temporaryDirectory();
  const contents = { a: 'one', b: 'two', c: 'one', d: 'three', e: 'one' };
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
  const records = [...Object.keys(contents), 'missing'].map((id) => {
    return { id, source: { file: join(folder, id) }, width: 1, height: 1, objects: [] };
  });
  const problems = await duplicateImages({ name: 'set', classes: [], records, problems: [] });
  const received = `the bytes of ${join(folder, 'a')}`;
  expect(problems).toMatchObject([
    { image: 'c', file: join(folder, 'c'), received, severity: 'warning' },
    { image: 'e', file: join(folder, 'e'), received, severity: 'warning' },
  ]);
});
