// Pictures of the playground for its README: both detectors of a finished `nats demo` on one of its test images, on a desktop in the
// light; the search after 200 steps, the same and on a phone in the dark.
// npx tsx --conditions=@nats/source scripts/playground-screenshots.ts runs/demo [folder [steps [/usr/bin/chromium]]]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng, loadMnist, loadRecordImage, mnistDetection } from '@nats/detect';
import { chromium } from 'playwright-core';
import { buildPage, servePage } from '../apps/playground/test/page.js';

const [demo, folder = 'docs/images', steps = '200', executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
if (demo === undefined) {
  console.error('usage: playground-screenshots.ts DEMO [FOLDER [STEPS [CHROMIUM]]]');
  process.exit(2);
}
// The package that has it as its own dependency.
const sharp = createRequire(new URL('../packages/detect/package.json', import.meta.url))(
  'sharp',
) as typeof import('sharp')['default'];
const built = mkdtempSync(join(tmpdir(), 'nats-playground-'));
await buildPage(built);
const server = await servePage(built);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
page.setDefaultTimeout(0);
await page.goto(server.url);
await page.setInputFiles('#picture', { name: 'digits.png', mimeType: 'image/png', buffer: await testImage() });
const models = ['original', 'transformed'].map((run) => ({
  name: `${run}.onnx`,
  mimeType: '',
  buffer: readFileSync(join(demo, run, 'model.onnx')),
}));
await page.setInputFiles('#models', models);
await page.locator('#status:has-text("Done")').waitFor();
await write('playground.png');
await page.goto(`${server.url}search.html`);
await page.selectOption('#steps', steps);
await page.click('#start');
await page.locator('#found:not([hidden])').waitFor();
await write('playground-search.png');
await page.setViewportSize({ width: 390, height: 900 });
await page.emulateMedia({ colorScheme: 'dark' });
await write('playground-search-phone.png');
await browser.close();
server.close();
rmSync(built, { recursive: true });

/** One with several digits, of those that the demonstration is evaluated on. */
async function testImage(): Promise<Buffer> {
  const settings = { seed: 1, widening: [2.5, 4], side: [32, 120] } as const;
  const { records } = mnistDetection({ digits: await loadMnist('test'), size: 100, ...settings });
  const several = records.find(({ objects }) => objects.length >= 4)!;
  return Buffer.from(await encodePng(await loadRecordImage(several)));
}

async function write(name: string): Promise<void> {
  const picture = sharp(await page.screenshot({ fullPage: true }));
  await picture.png({ palette: true, colors: 128, effort: 10 }).toFile(join(folder, name));
}
