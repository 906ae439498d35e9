import { expect, it } from 'vitest';
import { blockSize } from './block-size.js';

it('is 16 channels with AVX-512 and 8 with AVX2', async () => {
  const block = await blockSize();
  // Every x64 processor of the last ten years has AVX2; elsewhere there may be no such kernels.
  expect(process.arch === 'x64' ? [8, 16] : [undefined, 8, 16]).toContain(block);
});
