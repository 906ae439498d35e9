import { fileURLToPath } from 'node:url';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { expect, it } from 'vitest';
import { callInChromium, chromiumPath } from '../../../engine/test/browser/chromium.js';
import { type SearchReport, searchTwice } from './page.js';

const page = fileURLToPath(new URL('./page.ts', import.meta.url));
const absent = chromiumPath === undefined;
const [seed, steps] = [1, 40];

it.skipIf(absent)(
  `finds a planted scheme in headless Chromium, left and taken up again, as in Node${absent ? ' (no Chromium here; CHROMIUM_PATH names one)' : ''}`,
  async () => {
    const inPage = await callInChromium<SearchReport>(page, 'searchInPage', [{ seed, steps, leaveAt: 15 }]);
    const engine = onnxruntimeEngine({ threads: 1 });
    const inNode = await searchTwice(engine, { seed, steps, leaveAt: steps });
    await engine.dispose();
    expect(inPage.found).toBe(1);
    expect(inPage.losses).toHaveLength(steps);
    const worst = Math.max(...inPage.losses.map((loss, i) => Math.abs(loss / inNode.losses[i]! - 1)));
    expect(worst).toBeLessThan(1e-3);
  },
);
