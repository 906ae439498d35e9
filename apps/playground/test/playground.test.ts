import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, constantFile, servePage } from './page.js';
import { picture } from './picture.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const found = existsSync(executablePath);

/** What the page says when it is done, or has failed. */
async function ended(page: Page): Promise<string | null> {
  await page.locator('#status.failed, #status:has-text("Done")').waitFor();
  return page.locator('#status').textContent();
}

describe.skipIf(!found)(
  `the playground in Chromium${found ? '' : ` (no ${executablePath}; set CHROMIUM_PATH)`}`,
  () => {
    let browser: Browser;
    let server: Awaited<ReturnType<typeof servePage>>;
    let image: Buffer;
    const folder = mkdtempSync(join(tmpdir(), 'nats-playground-'));

    beforeAll(async () => {
      await buildPage(folder);
      server = await servePage(folder);
      image = await picture();
      browser = await chromium.launch({
        executablePath,
        args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
      });
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function opened(width = 1000) {
      const page = await browser.newPage({ viewport: { width, height: 900 } });
      page.setDefaultTimeout(60_000);
      const [requests, complaints]: [string[], string[]] = [[], []];
      page.on('request', (request) => requests.push(request.url()));
      page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(server.url);
      const choose = async (...models: Uint8Array[]) => {
        await page.setInputFiles('#picture', { name: 'picture.png', mimeType: 'image/png', buffer: image });
        const files = models.map((bytes, i) => ({ name: `model-${i}.onnx`, mimeType: '', buffer: Buffer.from(bytes) }));
        await page.setInputFiles('#models', files);
      };
      const outside = () => requests.filter((url) => !/^(?:blob|data):/.test(url) && !url.startsWith(server.url));
      return { page, choose, complaints, outside };
    }

    it('two detectors side by side: boxes in pixels of the picture, scores, latencies; nothing is asked for elsewhere', async () => {
      const { page, choose, complaints, outside } = await opened();
      await choose(constantFile(0), constantFile(4, true));
      expect(await ended(page)).toBe('Done, by WebAssembly.');
      expect(await page.locator('h2').allTextContents()).toEqual(['model-0.onnx', 'model-1.onnx']);
      const rows = await page.locator('article').first().locator('tbody tr').allTextContents();
      // The picture is twice as large as the canvas.
      expect(rows).toEqual(['cat0.90032, 32, 128, 128', 'dog0.600120, 60, 240, 180']);
      expect(await page.locator('.facts').first().textContent()).toMatch(/\d\.\d ms \(median of 5 runs\) · \d+ kB/);
      expect(await page.locator('canvas').first().getAttribute('aria-label')).toMatch(/2 boxes: cat 0\.90, dog 0\.60/);
      expect(complaints).toEqual([]);
      expect(outside()).toEqual([]);
      await page.close();
    });

    it('the keyboard reaches all that can be chosen, and moves the least score', async () => {
      const { page, choose } = await opened(390);
      await choose(constantFile(0));
      expect(await ended(page)).toMatch(/^Done/);
      const stops: (string | undefined)[] = [];
      await page.locator('body').press('Tab');
      for (let i = 0; i < 4; i++) {
        stops.push(await page.evaluate('document.activeElement.id'));
        await page.keyboard.press('Tab');
      }
      expect(stops).toEqual(['models', 'picture', 'engine', 'score']);
      await page.locator('#score').focus();
      for (let i = 0; i < 7; i++) await page.keyboard.press('ArrowRight');
      expect(await page.locator('#score-value').textContent()).toBe('0.65');
      expect(await page.locator('tbody tr').count()).toBe(1);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      await page.close();
    });

    it('says why a file is no detector', async () => {
      const { page, choose } = await opened();
      await choose(new TextEncoder().encode('no detector'));
      expect(await ended(page)).toContain('model-0.onnx');
      await page.close();
    });

    it('computes the same on WebGPU', async () => {
      const { page, choose } = await opened();
      await page.selectOption('#engine', 'webgpu');
      await choose(constantFile(0));
      expect(await ended(page)).toBe('Done, by WebGPU.');
      expect(await page.locator('tbody tr').allTextContents()).toEqual([
        'cat0.90032, 32, 128, 128',
        'dog0.600120, 60, 240, 180',
      ]);
      await page.close();
    });
  },
);
