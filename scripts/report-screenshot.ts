/**
 * The README's picture of a report: tsx scripts/report-screenshot.ts REPORT.html [docs/images/report.png [/usr/bin/chromium]]
 * The page's beginning on a desktop in light colors, and on a phone in dark ones, beside each other.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dataUri } from '@nats/report';
import { chromium } from 'playwright-core';

const [report, out = 'docs/images/report.png', executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
if (report === undefined) {
  console.error('usage: report-screenshot.ts REPORT.html [OUT.png [CHROMIUM]]');
  process.exit(2);
}
// The package that has it as its own dependency.
const sharp = createRequire(new URL('../packages/detect/package.json', import.meta.url))(
  'sharp',
) as typeof import('sharp')['default'];
const HEIGHT = 1500;
/** The phone's view begins here, so that it shows what the desktop's does not. */
const PHONE_FROM = '#scheme';
const browser = await chromium.launch({ executablePath });
try {
  const address = pathToFileURL(resolve(report)).href;
  const desktop = await view({ width: 1140, colorScheme: 'light' });
  const phone = await view({ width: 390, colorScheme: 'dark', from: PHONE_FROM });
  const page = await browser.newPage({ viewport: { width: 1140 + 390 + 24, height: HEIGHT } });
  const image = (bytes: Uint8Array) => `<img src="${dataUri('image/png', bytes)}">`;
  await page.setContent(
    `<style>body{margin:0;display:flex;gap:24px;background:#fff}img{display:block;height:${HEIGHT}px}</style>${image(desktop)}${image(phone)}`,
  );
  const picture = await page.screenshot();
  // Half the size and few colors: small enough for a repository, sharp enough for a README.
  const small = await sharp(picture).resize({ width: 1100 }).png({ palette: true, colors: 128, effort: 10 }).toBuffer();
  await mkdir(dirname(out), { recursive: true });
  await writeFile(`${out}.tmp`, small);
  await rename(`${out}.tmp`, out);
  console.log(`${out}: ${Math.round(small.length / 1000)} kB`);

  async function view(options: { width: number; colorScheme: 'light' | 'dark'; from?: string }): Promise<Uint8Array> {
    const { width, colorScheme, from } = options;
    const opened = await browser.newPage({ viewport: { width, height: HEIGHT }, colorScheme });
    await opened.goto(address);
    if (from !== undefined && (await opened.locator(from).count()) > 0) {
      await opened.locator(from).evaluate((element) => element.scrollIntoView());
    }
    const bytes = await opened.screenshot();
    await opened.close();
    return bytes;
  }
} finally {
  await browser.close();
}
