import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeDetector } from '@nats/detect';
import { add, cast, constant, createProgram, input, multiply, reduceSum, reshape, tensorData } from '@nats/graph';
import { build } from 'vite';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

/** Builds the page from the sources of all packages. */
export async function buildPage(folder: string): Promise<void> {
  await build({
    root: fileURLToPath(new URL('..', import.meta.url)),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true },
  });
}

/** Below a path, as a page often lies. */
export async function servePage(folder: string): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname
      .replace(/^\/below\//, '')
      .replace(/^$/, 'index.html');
    const content = await readFile(join(folder, path)).catch(() => undefined);
    response.writeHead(content ? 200 : 404, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/below/`, close: () => server.close() };
}

/** A file of a detector that finds a cat surely and a dog less so, wherever it looks; boxes of a canvas of 96 x 128 pixels. */
export function constantFile(shift: number, masks = false): Uint8Array {
  const boxes = [16 + shift, 16, 64 + shift, 64, 60, 30 + shift, 120, 90];
  const images = input('images', 'float32', ['N', 3, 96, 128]);
  const nothing = multiply(reduceSum(images, { axes: [1, 2, 3] }), 0);
  // The same for every image of a batch.
  const repeated = (shape: readonly number[], values: readonly number[]) =>
    add(constant(tensorData('float32', [1, ...shape], values)), reshape(nothing, ['N', ...shape.map(() => 1)]));
  const outputs = {
    boxes: repeated([2, 4], boxes),
    scores: repeated([2], [0.9, 0.6]),
    labels: cast(repeated([2], [0, 1]), 'int32'),
    ...(masks && { masks: repeated([2, 2, 2], [0, 1, 1, 1, 0, 1, 1, 1]) }),
  };
  return encodeDetector(createProgram({ outputs }), {
    values: new Map(),
    classes: ['cat', 'dog'],
    statistics: { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] },
    preprocessing: 'NHWC',
    tool: 'test 1',
  });
}
