/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contrast } from './fixtures/contrast.js';
import { exampleReport } from './fixtures/example-report.js';
import { renderReport } from './index.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const found = existsSync(executablePath);
const FIGURES = 13;

describe.skipIf(!found)(
  `the report in Chromium${found ? '' : ` (skipped: no ${executablePath}; set CHROMIUM_PATH)`}`,
  () => {
    let browser: Browser;
    let folder: string;
    let address: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'report-'));
      const long = 'a-name-without-any-place-to-break-it-that-is-longer-than-a-phone-is-wide-'.repeat(2);
      const data = exampleReport({
        environment: { [long]: long, node: 'v20' },
        commands: [{ command: `nats report ${long}` }],
        lead: `A lead with ${long}.`,
      });
      await writeFile(join(folder, 'report.html'), await renderReport(data));
      address = pathToFileURL(join(folder, 'report.html')).href;
      browser = await chromium.launch({ executablePath });
    });
    afterAll(async () => {
      await browser?.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** A page with what it logs and asks for. */
    async function opened(width: number, colorScheme: 'light' | 'dark' = 'light') {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      page.setDefaultTimeout(0);
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(address, { timeout: 0 });
      return { page, requests, complaints };
    }

    test('no errors, no request but the file itself, all figures drawn', async () => {
      const { page, requests, complaints } = await opened(1200);
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address]);
      const boxes = await page.$$eval('figure [role=img]', (pictures) =>
        pictures.map((picture) => {
          const { width, height } = picture.getBoundingClientRect();
          return { width, height, marks: picture.querySelectorAll('path, rect, image, use').length };
        }),
      );
      expect(boxes).toHaveLength(FIGURES);
      for (const { width, height, marks } of boxes) {
        expect(Math.min(width, height)).toBeGreaterThan(80);
        expect(marks).toBeGreaterThan(1);
      }
      // An embedded picture that Chromium cannot decode has no size of its own.
      const sizes = await page.evaluate(() =>
        Promise.all(
          [...document.querySelectorAll('image')].map(async (element) => {
            const image = new Image();
            image.src = element.getAttribute('href') ?? '';
            await image.decode();
            return image.naturalWidth;
          }),
        ),
      );
      expect(sizes).toHaveLength(6 + 2);
      expect(Math.min(...sizes)).toBeGreaterThan(0);
      await page.close();
    });

    test.each([320, 390])('no horizontal scrolling at %i pixels, with data open', async (width) => {
      const { page } = await opened(width);
      await page.$$eval('details', (all) => {
        for (const details of all) details.open = true;
      });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const outside = await page.$$eval(
        'h1, h2, h3, p, figure, .card, .chart svg, .legend, dd',
        (elements, limit) =>
          elements
            .filter((element) => element.getBoundingClientRect().right > limit && !element.closest('.scroll, .hidden'))
            .map((element) => element.outerHTML.slice(0, 80)),
        width,
      );
      expect(outside).toEqual([]);
      await page.close();
    });

    test('tables of a phone need no scrolling either', async () => {
      const { page } = await opened(390);
      const wide = await page.$$eval('.scroll:not(.long)', (boxes) =>
        boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.getAttribute('aria-label')),
      );
      expect(wide).toEqual([]);
      await page.close();
    });

    test('letters of charts do not lie on each other and are not cut', async () => {
      const { page } = await opened(390);
      const clashes = await page.$$eval('.chart svg, .small svg', (charts) =>
        charts.flatMap((chart) => {
          const frame = chart.getBoundingClientRect();
          const texts = [...chart.querySelectorAll('text')].filter((text) => text.textContent !== '');
          const boxes = texts.map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
          const cut = boxes.filter(
            ({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1,
          );
          const over = boxes.filter(({ box: a }, i) =>
            boxes.some(
              ({ box: b }, j) =>
                j > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3,
            ),
          );
          return [...cut, ...over].map(({ text }) => text);
        }),
      );
      expect(clashes).toEqual([]);
      await page.close();
    });

    test('the keyboard reaches each chart, its data and its files, in order, with a visible focus', async () => {
      const { page } = await opened(1200);
      const stops: string[] = [];
      for (;;) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return undefined;
          const figure = element.closest('figure')?.id ?? '';
          const { outlineStyle } = getComputedStyle(element);
          const kind = element.getAttribute('role') ?? element.tagName.toLowerCase();
          return `${figure} ${kind} ${outlineStyle === 'none' ? 'unseen' : 'seen'}`;
        });
        if (stop === undefined) break;
        stops.push(stop);
        if (stop.includes('summary')) await page.keyboard.press('Enter');
      }
      expect(stops.filter((stop) => stop.endsWith('unseen'))).toEqual([]);
      const figures = await page.$$eval('figure', (all) => all.map(({ id }) => id));
      for (const id of figures) {
        const own = stops.filter((stop) => stop.startsWith(`${id} `)).map((stop) => stop.split(' ')[1]);
        const after = own.slice(own.indexOf('img'));
        expect(after).toEqual(['img', 'summary', 'a', 'a', 'region']);
      }
      expect(await page.$$eval('details', (all) => all.every(({ open }) => open))).toBe(true);
      await page.close();
    });

    test('a download gives the file', async () => {
      const { page } = await opened(1200);
      await page.click('#figure-coco-numbers summary');
      const [download] = await Promise.all([
        page.waitForEvent('download', { timeout: 0 }),
        page.click('#figure-coco-numbers a[download$=".csv"]'),
      ]);
      expect(download.suggestedFilename()).toBe('coco-numbers.csv');
      await download.delete();
      await page.close();
    });

    test.each(['light', 'dark'] as const)('%s: all text has a contrast of at least 4.5', async (scheme) => {
      const { page } = await opened(1200, scheme);
      const pairs = await textColors(page);
      expect(pairs.length).toBeGreaterThanOrEqual(7);
      for (const { text, color, ground } of pairs) {
        expect({ text, enough: contrast(hex(color), hex(ground)) >= 4.5 }).toEqual({ text, enough: true });
      }
      // Not the same page twice.
      const [page_, ink] = await page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.body);
        return [backgroundColor, color];
      });
      expect(contrast(hex(page_!), '#000000') > contrast(hex(ink!), '#000000')).toBe(scheme === 'light');
      await page.close();
    });

    test('has one heading of each level above, a language, a title, and headers of all tables', async () => {
      const { page } = await opened(1200);
      const facts = await page.evaluate(() => ({
        language: document.documentElement.lang,
        title: document.title,
        levels: [...document.querySelectorAll('h1, h2, h3, h4')].map(({ tagName }) => Number(tagName[1])),
        headless: [...document.querySelectorAll('table')].filter(
          (table) => !table.querySelector('thead th[scope=col]') || !table.querySelector('tbody th[scope=row]'),
        ).length,
        nameless: [...document.querySelectorAll('[role=img], [role=region], nav')].filter(
          (element) => !element.getAttribute('aria-label'),
        ).length,
        doubled:
          [...document.querySelectorAll('[id]')].length -
          new Set([...document.querySelectorAll('[id]')].map(({ id }) => id)).size,
        broken: [...document.querySelectorAll('a[href^="#"]')].filter(
          (link) => !document.getElementById(link.getAttribute('href')!.slice(1)),
        ).length,
      }));
      expect(facts).toMatchObject({
        language: 'en',
        title: 'Digits on textures',
        headless: 0,
        nameless: 0,
        doubled: 0,
        broken: 0,
      });
      expect(facts.levels.filter((level) => level === 1)).toHaveLength(1);
      for (const [i, level] of facts.levels.entries())
        expect(level - (facts.levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);
      await page.close();
    });
  },
);

/** Each different pair of a text's color and what is behind it. Names on pictures are outside of it. */
function textColors(page: Page): Promise<{ text: string; color: string; ground: string }[]> {
  return page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const pairs = new Map<string, { text: string; color: string; ground: string }>();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (!element || text === '' || element.closest('.picture svg, style, .hidden')) continue;
      const style = getComputedStyle(element);
      const color = element instanceof SVGElement ? style.fill : style.color;
      let behind: Element | null = element;
      while (behind && /transparent|, 0\)$/.test(getComputedStyle(behind).backgroundColor))
        behind = behind.parentElement;
      const ground = getComputedStyle(behind ?? document.body).backgroundColor;
      pairs.set(`${color} ${ground}`, { text, color, ground });
    }
    return [...pairs.values()];
  });
}

function hex(color: string): string {
  const parts = color.match(/[\d.]+/g)!.slice(0, 3);
  return `#${parts.map((part) => Math.round(Number(part)).toString(16).padStart(2, '0')).join('')}`;
}
