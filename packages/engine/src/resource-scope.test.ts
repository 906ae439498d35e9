import { expect, test } from 'vitest';
import { createResourceScope } from './resource-scope.js';

const named = (name: string, ended: string[]) => ({ name, dispose: async () => void ended.push(name) });

test('what is still alive ends with its owner, and what has ended is not ended again', async () => {
  const ended: string[] = [];
  const living = createResourceScope();
  living.add(named('a', ended));
  const b = living.add(named('b', ended));
  living.add(named('c', ended));
  expect(b.name).toBe('b');
  await b.dispose();
  await living.dispose();
  await living.dispose();
  expect(ended).toEqual(['b', 'a', 'c']);
});
