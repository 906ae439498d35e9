import { describe, expect, it } from 'vitest';
import { constantFile } from './page.js';
import { picture } from './picture.js';
import { absence, found, type Opened, useSite } from './site.js';

/** What the page says when it is done, or has failed. */
async function ended({ page }: Opened): Promise<string | null> {
  await page.locator('#status.failed, #status:has-text("Done")').waitFor();
  return page.locator('#status').textContent();
}

describe.skipIf(!found)(`the playground in Chromium${absence}`, () => {
  const site = useSite();

  async function chooseModels({ page }: Opened, ...models: Uint8Array[]) {
    const files = models.map((bytes, i) => ({ name: `model-${i}.onnx`, mimeType: '', buffer: Buffer.from(bytes) }));
    await page.setInputFiles('#models', files);
  }

  async function choose(opened: Opened, ...models: Uint8Array[]) {
    const buffer = await picture();
    await opened.page.setInputFiles('#picture', { name: 'picture.png', mimeType: 'image/png', buffer });
    await chooseModels(opened, ...models);
  }

  it('two detectors side by side: boxes in pixels of the picture, scores, latencies; nothing is asked for elsewhere', async () => {
    const opened = await site.open();
    const { page } = opened;
    await choose(opened, constantFile(0), constantFile(4, true));
    expect(await ended(opened)).toBe('Done, by WebAssembly.');
    expect(await page.locator('h2').allTextContents()).toEqual(['model-0.onnx', 'model-1.onnx']);
    const rows = await page.locator('article').first().locator('tbody tr').allTextContents();
    // The picture is twice as large as the canvas.
    expect(rows).toEqual(['cat0.90032, 32, 128, 128', 'dog0.600120, 60, 240, 180']);
    expect(await page.locator('.facts').first().textContent()).toMatch(/\d\.\d ms \(median of 5 runs\) · \d+ kB/);
    expect(await page.locator('canvas').first().getAttribute('aria-label')).toMatch(/2 boxes: cat 0\.90, dog 0\.60/);
    expect(opened.complaints).toEqual([]);
    expect(opened.outside()).toEqual([]);
    expect(await opened.faults()).toEqual([]);
    await page.context().close();
  });

  it('the keyboard reaches all that can be chosen, and moves the least score, on a phone in the dark', async () => {
    const opened = await site.open('', { viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
    const { page } = opened;
    await choose(opened, constantFile(0));
    expect(await ended(opened)).toMatch(/^Done/);
    const stops: string[] = [];
    await page.locator('nav a').last().focus();
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press('Tab');
      stops.push(await page.evaluate('document.activeElement.id'));
    }
    expect(stops).toEqual(['models', 'picture', 'camera', 'engine', 'score']);
    for (let i = 0; i < 7; i++) await page.keyboard.press('ArrowRight');
    expect(await page.locator('#score-value').textContent()).toBe('0.65');
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await opened.faults()).toEqual([]);
    await page.context().close();
  });

  it('says why a file is no detector', async () => {
    const opened = await site.open();
    await choose(opened, new TextEncoder().encode('no detector'));
    expect(await ended(opened)).toContain('model-0.onnx');
    await opened.page.context().close();
  });

  it('computes the same on WebGPU', async () => {
    const opened = await site.open();
    const { page } = opened;
    await page.selectOption('#engine', 'webgpu');
    await choose(opened, constantFile(0));
    expect(await ended(opened)).toBe('Done, by WebGPU.');
    expect(await page.locator('tbody tr').allTextContents()).toEqual([
      'cat0.90032, 32, 128, 128',
      'dog0.600120, 60, 240, 180',
    ]);
    await page.context().close();
  });

  it('what a camera sees is detected picture by picture, until the camera is stopped', async () => {
    const opened = await site.open('', { permissions: ['camera'] });
    const { page } = opened;
    await page.click('#camera');
    expect(await ended(opened)).toBe('Open a detector first, then the camera.');
    await chooseModels(opened, constantFile(0));
    await page.click('#camera');
    await page.locator('.facts:has-text("median of 5 runs")').waitFor();
    expect(await page.locator('#status').textContent()).toBe('The camera is on, by WebAssembly.');
    // 640 x 480: five times the canvas.
    expect(await page.locator('tbody tr').first().textContent()).toBe('cat0.90080, 80, 320, 320');
    const look = `(() => { const c = document.querySelector('canvas'); return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join() })()`;
    const first = await page.evaluate(look);
    while ((await page.evaluate(look)) === first) await page.waitForTimeout(100);
    await page.click('#camera:has-text("Stop the camera")');
    expect(await page.locator('#status').textContent()).toBe('The camera is off. The last picture stays.');
    expect(await page.locator('#camera').getAttribute('aria-pressed')).toBe('false');
    expect(await page.locator('article').count()).toBe(1);
    expect(opened.complaints).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['denied', undefined, /^The camera was denied: allow it/],
    ['absent', 'NotFoundError', /^There is no camera here/],
    ['in use', 'NotReadableError', /^The camera can not be read: another program/],
  ])('says what is wrong with a camera that is %s', async (_, name, words) => {
    const opened = await site.open();
    const { page } = opened;
    await chooseModels(opened, constantFile(0));
    if (name) {
      await page.evaluate(
        `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '${name}'))`,
      );
    }
    await page.click('#camera');
    expect(await ended(opened)).toMatch(words);
    expect(await page.locator('#camera').textContent()).toBe('Camera');
    await page.context().close();
  });
});
