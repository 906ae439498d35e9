/**
 * The documents' picture of nats watch: tsx scripts/watch-screenshot.ts RUNS [docs/images/watch.png [/usr/bin/chromium]]
 * The page's beginning on a desktop in light colors, and on a phone in dark ones, beside each other.
 */
import { createRequire } from 'node:module';
import { watchRuns } from '@nats/pipeline';
import { dataUri } from '@nats/report';
import { chromium } from 'playwright-core';

const [runs, out = 'docs/images/watch.png', executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
if (runs === undefined) {
  console.error('usage: watch-screenshot.ts RUNS [OUT.png [CHROMIUM]]');
  process.exit(2);
}
// The package that has it as its own dependency.
const sharp = createRequire(new URL('../packages/detect/package.json', import.meta.url))(
  'sharp',
) as typeof import('sharp')['default'];
const HEIGHT = 1500;
const watch = await watchRuns([runs]);
const browser = await chromium.launch({ executablePath });
try {
  const view = async (width: number, colorScheme: 'light' | 'dark', from?: string) => {
    const page = await browser.newPage({ viewport: { width, height: HEIGHT }, colorScheme });
    await page.goto(watch.url);
    if (from !== undefined) await page.locator(from).evaluate((element) => element.scrollIntoView());
    return page.screenshot();
  };
  const [desktop, phone] = [await view(1140, 'light'), await view(390, 'dark', '#search-0')];
  const page = await browser.newPage({ viewport: { width: 1140 + 390 + 24, height: HEIGHT } });
  const image = (bytes: Uint8Array) => `<img src="${dataUri('image/png', bytes)}">`;
  await page.setContent(
    `<style>body{margin:0;display:flex;gap:24px;background:#fff}img{display:block;height:${HEIGHT}px}</style>${image(desktop)}${image(phone)}`,
  );
  const small = sharp(await page.screenshot()).resize({ width: 1100 });
  await small.png({ palette: true, colors: 128, effort: 10 }).toFile(out);
} finally {
  await browser.close();
  await watch.close();
}
