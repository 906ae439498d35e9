import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { layersSvg, PICTURE } from '../../scripts/draw-layers.mjs';

it("the layers' picture is that of the table that check-layers holds", async () => {
  expect(readFileSync(PICTURE, 'utf8'), 'node scripts/draw-layers.mjs draws it').toBe(await layersSvg());
});
