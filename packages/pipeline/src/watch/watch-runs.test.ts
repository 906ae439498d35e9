import { existsSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { type Browser, chromium } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { watchRuns } from './watch-runs.js';

const step = (at: number, extra: object) =>
  JSON.stringify({ type: 'step', step: at, loss: 3 / at, seconds: 2, ...extra });

/** A run directory as nats writes it, with these lines of metrics. */
async function makeRun(folder: string, kind: 'search' | 'train', lines: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const config = parseConfig(
    { data: { format: 'mnist', train: 8, val: 4 }, backbone: { name: 'demo-resnet' } },
    'test',
  );
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(
    join(folder, 'run.json'),
    JSON.stringify({ format: 'nats-run', version: 2, kind, tool: '0', settings: {} }),
  );
  await writeFile(join(folder, 'metrics.jsonl'), `${lines.join('\n')}\n`);
}

const shares = (likely: number) => ({ 'layer1.0.conv1': [[1 - likely, likely / 2, likely / 2]] });

/** A search and two trainings. */
async function exampleRuns(): Promise<string> {
  const root = await temporaryDirectory();
  const start = JSON.stringify({ type: 'start', step: 0, steps: 40 });
  const steps = Array.from({ length: 20 }, (_, i) => i + 1);
  await makeRun(join(root, 'search'), 'search', [
    start,
    ...steps.map((i) => step(i, { metrics: { 'architecture/loss': 2 / i, 'architecture/entropy': 1 - i / 40 } })),
    ...[0, 10, 20].map((at) => JSON.stringify({ type: 'architecture', step: at, probabilities: shares(at / 40) })),
  ]);
  for (const name of ['original', 'transformed'])
    await makeRun(join(root, name), 'train', [
      start,
      ...steps.map((i) => step(i, { learningRate: 0.01, metrics: {} })),
      JSON.stringify({ type: 'evaluation', step: 10, split: 'val', metrics: { AP: 0.31 } }),
      JSON.stringify({ type: 'evaluation', step: 20, split: 'val', metrics: { AP: 0.42 } }),
    ]);
  return root;
}

async function watched(root: string) {
  const watch = await watchRuns([root]);
  onTestFinished(() => watch.close());
  return watch;
}

it('shows how far runs are, and answers anew only when one has changed', async () => {
  const root = await exampleRuns();
  const { url } = await watched(root);
  const page = await (await fetch(url)).text();
  expect(page).toMatch(/original[\s\S]*20 of 40[\s\S]*stopped[\s\S]*0\.150[\s\S]*42\.0/);
  expect(page).toContain('Search: search');
  const version = /data-version="([^"]+)"/.exec(page)![1]!;
  const content = url.replace('/?', '/content?');
  expect((await fetch(`${content}&version=${version}`)).status).toBe(204);
  await appendFile(join(root, 'original/metrics.jsonl'), `${step(21, { metrics: {} })}\n`);
  const next = (await (await fetch(`${content}&version=${version}`)).json()) as { version: string; body: string };
  expect(next.version).not.toBe(version);
  expect(next.body).toContain('21 of 40');
  await makeRun(join(root, 'later'), 'train', []);
  expect(await (await fetch(url)).text()).toMatch(/later[\s\S]*before its first step/);
});

it('shows what a training detected on validation images in its last evaluation on the way', async () => {
  const root = await exampleRuns();
  const { url } = await watched(root);
  expect(await (await fetch(url)).text()).not.toContain('id="samples"');
  const found = [{ image_id: 1, category_id: 1, score: 0.87, bbox: [10, 20, 30, 40] }];
  await writeFile(join(root, 'original/recent-detections.json'), JSON.stringify(found));
  const page = await (await fetch(url)).text();
  expect(page).toContain('id="samples"');
  expect(page).toMatch(/0\.87/);
});

it('answers those who know the token, by its own address, on this machine alone', async () => {
  const { url } = await watched(await exampleRuns());
  const { port, origin, hostname } = new URL(url);
  expect(hostname).toBe('127.0.0.1');
  for (const path of ['/', '/content', '/?token=', `/?token=${'x'.repeat(32)}`])
    expect((await fetch(origin + path)).status).toBe(403);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  expect((await fetch(url.replace('/?', '/etc/passwd?'))).status).toBe(404);
  const rebound = await new Promise<number | undefined>((resolve, reject) => {
    get(url, { headers: { host: `attacker.example:${port}` } }, ({ statusCode }) => resolve(statusCode)).on(
      'error',
      reject,
    );
  });
  expect(rebound).toBe(403);
});

it('tells of a run that can not be read, and shows the others', async () => {
  const root = await exampleRuns();
  await writeFile(
    join(root, 'original/metrics.jsonl'),
    '{"type":"step","step":1,"loss":1}\n[]\n{"type":"step","step":2,"loss":1}\n',
  );
  const page = await (await fetch((await watched(root)).url)).text();
  expect(page).toMatch(/original[\s\S]*failed[\s\S]*line 2[\s\S]*transformed/);
});

it('refuses a folder that is not there', async () => {
  await expect(watchRuns([join(await temporaryDirectory(), 'runs')])).rejects.toThrow(/there is no .*name runs/);
});

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

it.skipIf(!existsSync(executablePath))(
  'draws curves in Chromium, follows, keeps what is open, and asks for nothing else',
  async () => {
    const root = await exampleRuns();
    const { url } = await watched(root);
    const browser: Browser = await chromium.launch({ executablePath });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    page.setDefaultTimeout(120_000);
    const [requests, complaints]: [string[], string[]] = [[], []];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    const titles = await page.locator('figure h3').allTextContents();
    expect(titles).toEqual([
      'Loss of the detectors',
      'AP on val while training',
      'Losses of the search',
      'How undecided the architecture is',
      'What each layer came to prefer',
    ]);
    expect(await page.locator('figure svg path').count()).toBeGreaterThan(10);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.locator('#figure-training-0 summary').press('Enter');
    await appendFile(join(root, 'transformed/metrics.jsonl'), `${step(22, { metrics: {} })}\n`);
    await page.getByText('22 of 40').waitFor();
    expect(await page.locator('#figure-training-0 details').getAttribute('open')).not.toBeNull();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
    expect(complaints).toEqual([]);
    expect(requests.filter((address) => !address.startsWith(new URL(url).origin))).toEqual([]);
  },
);
