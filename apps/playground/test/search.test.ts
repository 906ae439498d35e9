import { schemeFromJson } from '@nats/space';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { absence, found, useSite } from './site.js';

const stepOf = (page: Page) => page.evaluate<number>(`document.querySelector('#progress').value`);

/** The page's policy forbids the eval of `waitForFunction`. */
async function untilStep(page: Page, step: number): Promise<void> {
  while ((await stepOf(page)) < step) await page.waitForTimeout(200);
}

/** The loss of the first step, from the words of the curve. */
const firstLoss = (label: string | null) => label?.match(/^Loss over steps: (\S+) at first, /)?.[1];

describe.skipIf(!found)(`a search in the page in Chromium${absence}`, () => {
  const site = useSite();

  it('starts, pauses, goes on, moves dilations, stops, and gives a scheme; nothing is asked for elsewhere', async () => {
    const opened = await site.open('search.html');
    const { page } = opened;
    await page.selectOption('#steps', '60');
    await page.locator('#start').focus();
    await page.keyboard.press('Enter');
    await page.locator('#status:has-text("Dilations move from step 13 on")').waitFor();
    expect(await page.locator('#examples canvas').first().getAttribute('aria-label')).toMatch(
      /^A training picture with \d/,
    );
    await untilStep(page, 2);
    // The keyboard is where it can go on: the button that was pressed does nothing now.
    expect(await page.evaluate('document.activeElement.id')).toBe('pause');
    await page.keyboard.press('Enter');
    expect(await page.locator('#status').textContent()).toBe('Paused after the step under way.');
    // The step under way ends, and no other begins.
    let at = await stepOf(page);
    for (let same = 0; same < 3; ) {
      await page.waitForTimeout(1500);
      const now = await stepOf(page);
      same = now === at ? same + 1 : 0;
      at = now;
    }
    expect(at).toBeLessThan(13);
    expect(new Set(await page.locator('.layer td').allTextContents())).toEqual(new Set(['11']));
    expect(await opened.faults()).toEqual([]);
    await page.click('#pause:has-text("Go on")');
    await untilStep(page, 16);
    expect(new Set(await page.locator('.layer td').allTextContents()).size).toBeGreaterThan(1);
    expect(await page.locator('.layer caption').allTextContents()).toHaveLength(6);
    expect(await page.locator('#loss svg').getAttribute('aria-label')).toMatch(/of 60 steps$/);
    await page.click('#stop');
    await page.locator('#status:has-text("Stopped after")').waitFor();
    expect(await page.locator('#found-words').textContent()).toMatch(/^Mean dilation \d\.\d\d by height/);
    const file = await page.evaluate<string>(`fetch(document.querySelector('#download').href).then((r) => r.text())`);
    expect(schemeFromJson(file)).toMatchObject({ backbone: 'demo-resnet', provenance: { method: 'decoded argmax' } });
    expect(await page.locator('#start').isEnabled()).toBe(true);
    expect(opened.complaints).toEqual([]);
    expect(opened.outside()).toEqual([]);
    await page.context().close();
  });

  it('can be stopped before its first step, on a phone in the dark, and started again', async () => {
    const opened = await site.open('search.html', { viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
    const { page } = opened;
    await page.click('#start');
    await page.click('#stop');
    expect(await page.locator('#status').textContent()).toBe('Stopped before its first step.');
    await page.click('#start');
    await untilStep(page, 1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await opened.faults()).toEqual([]);
    await page.context().close();
  });

  // In software a step takes a minute: one of few dilations is enough to see that the worker has the GPU and computes the same.
  it('runs on WebGPU, with the loss of WebAssembly', async () => {
    const losses: (string | undefined)[] = [];
    for (const engine of ['wasm', 'webgpu']) {
      const { page, complaints } = await site.open('search.html');
      page.setDefaultTimeout(0);
      await page.selectOption('#engine', engine);
      await page.selectOption('#steps', '60');
      await page.selectOption('#largest', '2');
      await page.click('#start');
      // After whichever step it is seen: a locator that waits for the words of the first misses them where the next step is done first.
      const curve = page.locator('#loss svg');
      await page.locator('#status.failed').or(curve).first().waitFor();
      losses.push(await curve.getAttribute('aria-label', { timeout: 1000 }).then(firstLoss));
      expect(complaints).toEqual([]);
      await page.context().close();
    }
    expect(losses[0]).toMatch(/^2\.\d\d$/);
    expect(losses[1]).toBe(losses[0]);
  });
});
