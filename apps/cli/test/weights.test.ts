import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runNats } from './run-nats.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-weights-'));
beforeAll(() => {
  vi.stubEnv('NATS_CACHE', folder);
  vi.stubEnv('NATS_OFFLINE', '1');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test('lists names with preprocessing, and what is in the cache', () => {
  const { code, stdout } = runNats('weights', 'list', 'resnet50_fpn');
  expect(code).toBe(0);
  expect(stdout).toMatch(/torchvision:retinanet_resnet50_fpn \(COCO_V1\) +detection +RGB 0\.485 0\.456 0\.406/);
  const { known } = JSON.parse(runNats('weights', 'list', '--json').stdout) as { known: { license: string }[] };
  expect(known.every(({ license }) => license.length > 0)).toBe(true);
  expect(runNats('weights', 'list', 'nothing').code).toBe(2);
});

test('says where a file is or has to be put', () => {
  const place = join(folder, 'weights', 'torchvision', 'resnet18-f37072fd.pth');
  expect(runNats('weights', 'path', 'torchvision:resnet18').stdout).toBe(`${place}\n`);
  const { code, stderr } = runNats('weights', 'fetch', 'torchvision:resnet18');
  expect(code).toBe(1);
  expect(stderr).toContain('https://download.pytorch.org/models/resnet18-f37072fd.pth');
  expect(stderr).toContain(`put the file at ${place}`);
  expect(runNats('weights', 'fetch', 'torchvision:resnet19').stderr).toMatch(/nearest: torchvision:resnet18/);
});

test('verifies what is there', () => {
  expect(runNats('weights', 'verify').code).toBe(0);
  mkdirSync(join(folder, 'weights', 'torchvision'), { recursive: true });
  writeFileSync(join(folder, 'weights', 'torchvision', 'resnet18-f37072fd.pth'), 'no weights');
  const { code, stdout, stderr } = runNats('weights', 'verify');
  expect(code).toBe(1);
  expect(stdout).toMatch(/resnet18-f37072fd\.pth.*begins with f37072fd/);
  expect(stderr).toMatch(/1 of 1 files differ/);
});
