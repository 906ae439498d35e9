// Pictures of the playground's search for its README: after 200 steps on a desktop in the light, and on a phone in the dark.
// npx tsx --conditions=@nats/source scripts/playground-screenshots.ts [folder [steps [/usr/bin/chromium]]]
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { buildPage, servePage } from '../apps/playground/test/page.js';

const [folder = 'docs/images', steps = '200', executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
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

async function write(name: string): Promise<void> {
  const picture = sharp(await page.screenshot({ fullPage: true }));
  await picture.png({ palette: true, colors: 128, effort: 10 }).toFile(join(folder, name));
}
