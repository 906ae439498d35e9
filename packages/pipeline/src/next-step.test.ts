import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NEXT } from './next-step.js';
import type { RunKind } from './run/run-directory.js';
import { RUN_FILES } from './run/run-files.js';

const root = mkdtempSync(join(tmpdir(), 'nats-next-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run of this kind with these files. */
function run(kind: RunKind, ...files: readonly (keyof typeof RUN_FILES)[]): string {
  const folder = mkdtempSync(join(root, `${kind}-`));
  mkdirSync(folder, { recursive: true });
  const record = { format: 'nats-run', version: 2, kind, tool: '0.0.0', settings: {} };
  writeFileSync(join(folder, RUN_FILES.run), JSON.stringify(record));
  for (const name of files) writeFileSync(join(folder, RUN_FILES[name]), '');
  return folder;
}

test('names that a shell would divide are quoted', () => {
  expect(NEXT.export('runs/my model')).toBe("nats verify 'runs/my model'");
  expect(NEXT.inspectData(['--format', 'voc', '--data', 'my data'])).toBe("nats init --format voc --data 'my data'");
});

test('weights of a training are exported, those of a file begin a config', async () => {
  expect(await NEXT.inspectWeights(run('train', 'weights', 'evaluation'))).toMatch(/^nats export /);
  expect(await NEXT.inspectWeights('r18.pth')).toBe('nats init --weights r18.pth --format FORMAT');
});

test('schemes of two searches can be averaged, of trainings not', () => {
  const [first, second, training] = [
    run('search', 'architecture'),
    run('search', 'architecture'),
    run('train', 'scheme'),
  ];
  expect(NEXT.inspectSchemes(first, second)).toContain(`nats decode ${first} --average ${second}`);
  expect(NEXT.inspectSchemes(first, training)).toBe(`nats train --scheme ${first}`);
});

test('a config is named where it is not the one that is found by itself', () => {
  expect(NEXT.init('nats.config.json')).toBe('nats inspect data');
  expect(NEXT.init('other.json')).toBe('nats inspect data --config other.json');
  expect(NEXT.inspectData([], 'other.json')).toContain('nats search --config other.json');
});

test.each<[RunKind, (keyof typeof RUN_FILES)[], (folder: string) => string]>([
  ['pretrain', ['weights'], (folder) => `nats search --weights ${folder}`],
  ['search', ['scheme'], (folder) => `nats train --scheme ${folder}`],
  ['train', ['weights'], (folder) => `nats evaluate ${folder}`],
  ['train', ['weights', 'evaluation'], (folder) => `nats export ${folder}`],
  ['train', ['weights', 'evaluation', 'model'], (folder) => `nats verify ${folder}`],
  [
    'train',
    ['weights', 'evaluation', 'model', 'verification'],
    (folder) => `nats detect ${folder} IMAGES --out pictures`,
  ],
  ['demo', ['report'], (folder) => `open ${join(folder, 'report.html')} in a browser`],
])('what comes after a run of %s with %j', async (kind, files, expected) => {
  const folder = run(kind, ...files);
  expect(await NEXT.inspectRun(folder)).toBe(expected(folder));
});

test('a run that has not ended goes on by the command that began it', async () => {
  const folder = run('search');
  expect(await NEXT.inspectRun(folder)).toBe(`nats search --out ${folder} goes on with it`);
  const lines = ['nats search --seed 3', 'nats decode x'].map((command) => JSON.stringify({ time: '', command }));
  writeFileSync(join(folder, RUN_FILES.commands), `${lines.join('\n')}\n`);
  expect(await NEXT.inspectRun(folder)).toBe('nats search --seed 3 goes on with it');
});

test('a sweep is tried again, gone on with, waited for or collected', () => {
  const after = (...states: Parameters<typeof NEXT.sweepStatus>[1]) => NEXT.sweepStatus('study.json', states);
  expect(after('done', 'failed', 'blocked')).toBe('nats sweep resume study.json');
  expect(after('done', 'running', 'waiting')).toBe('nats sweep status study.json');
  expect(after('done', 'ready')).toBe('nats sweep run study.json');
  expect(after('done', 'done')).toBe('nats sweep collect study.json');
});
