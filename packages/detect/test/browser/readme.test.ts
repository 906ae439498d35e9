import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { chromiumPath, runInChromium } from '../../../engine/test/browser/chromium.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const [example] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)]
  .map(([, code]) => code!)
  .filter((code) => code.includes('imageDetector('));

it.skipIf(chromiumPath === undefined)(
  'the example of a detector in one file runs in Chromium as it stands',
  async () => {
    expect((await runInChromium(example!)).at(-1)).toMatch(/^\d+ detections of 10 classes$/);
  },
);
