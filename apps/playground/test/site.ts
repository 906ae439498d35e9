import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { buildPage, servePage } from './page.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
/** Whether there is a Chromium to test with. */
export const found = existsSync(executablePath);
/** In the name of a suite that is left out. */
export const absence = found ? '' : ` (no ${executablePath}; set CHROMIUM_PATH)`;

/** A page that was opened, and what came of it. */
export interface Opened {
  readonly page: Page;
  /** Errors that it threw or wrote to the console. */
  readonly complaints: readonly string[];
  /** Addresses elsewhere that it, or its workers, asked for. */
  outside(): string[];
  /** What axe-core finds wrong for people with disabilities, in a word each with the elements. */
  faults(): Promise<string[]>;
}

/** Builds the pages before the tests of a file, serves them, and opens them in Chromium: with a camera of moving colors, WebGPU in software. */
export function useSite(): { open(path?: string, context?: BrowserContextOptions): Promise<Opened> } {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof servePage>>;
  const folder = mkdtempSync(join(tmpdir(), 'nats-playground-'));
  beforeAll(async () => {
    await buildPage(folder);
    server = await servePage(folder);
    const args = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
    browser = await chromium.launch({ executablePath, args: [...args, '--use-fake-device-for-media-stream'] });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    open: async (path = '', options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(300_000);
      const [requests, complaints]: [string[], string[]] = [[], []];
      context.on('request', (request) => requests.push(request.url()));
      page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(server.url + path);
      return {
        page,
        complaints,
        outside: () => requests.filter((url) => !/^(?:blob|data):/.test(url) && !url.startsWith(server.url)),
        faults: () => axeFaults(page),
      };
    },
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`);
}
