import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withAbsolutePaths, withoutPlaces, withRelativePaths } from './paths.js';

const root = mkdtempSync(join(tmpdir(), 'nats-paths-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('what is moved together finds itself again', () => {
  const [here, there] = [join(root, 'a'), join(root, 'b')];
  mkdirSync(here);
  writeFileSync(join(here, 'w.pth'), '12345');
  const config = { data: { path: join(here, 'data') }, weights: { file: join(here, 'w.pth') }, seed: 3 };
  const kept = withRelativePaths(config, join(here, 'run'));
  expect(kept).toEqual({ data: { path: join('..', 'data') }, weights: { file: join('..', 'w.pth') }, seed: 3 });
  const identity = withoutPlaces(config);
  expect(identity).toEqual({ data: { path: 'data' }, weights: { file: 'w.pth (5 bytes)' }, seed: 3 });
  renameSync(here, there);
  const moved = withAbsolutePaths(kept, join(there, 'run'));
  expect(moved).toEqual({ data: { path: join(there, 'data') }, weights: { file: join(there, 'w.pth') }, seed: 3 });
  expect(withoutPlaces(moved)).toEqual(identity);
  writeFileSync(join(there, 'w.pth'), '123456');
  expect(withoutPlaces(moved)).not.toEqual(identity);
});

test('weights by name are no path', () => {
  const config = { weights: { file: 'torchvision:resnet18' } };
  expect(withRelativePaths(config, root)).toEqual(config);
  expect(withoutPlaces(config)).toEqual(config);
});
