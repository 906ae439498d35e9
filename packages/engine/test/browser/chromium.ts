import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { bundle } from './bundle.js';
import type { PageOptions, PageReport } from './page.js';
import { serve } from './serve.js';

const PATHS = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a Chromium is; undefined where there is none. */
export const chromiumPath = PATHS.find((path) => path !== undefined && existsSync(path));

/** Opens a page in headless Chromium and lets it examine an engine. */
export async function examineInChromium(
  name: 'onnxruntime-web' | 'tfjs:wasm',
  options: PageOptions & { readonly isolated?: boolean },
): Promise<PageReport> {
  const page = fileURLToPath(new URL('./page.ts', import.meta.url));
  const { files } = await bundle(`export * from ${JSON.stringify(page)};`);
  const server = await serve(files, options.isolated ?? false);
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage();
    await tab.goto(server.url);
    const call = `import('/entry.js').then(({ examine }) => examine(${JSON.stringify(name)}, ${JSON.stringify(options)}))`;
    return await tab.evaluate<PageReport>(call);
  } finally {
    await browser.close();
    server.close();
  }
}
