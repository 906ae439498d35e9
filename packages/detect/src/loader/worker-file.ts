import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NatsError } from '@nats/graph';

/** Where a distribution has it: beside the entry. */
const BUILT = 'loader/worker.js';

/** The file that a thread of the loader starts with. */
export interface WorkerFile {
  readonly url: URL;
  /** Starts it through tsx: in this repository's tests and scripts. */
  readonly source: boolean;
}

/**
 * Beside this code; else, where this code was bundled, in the package as it is installed beside the bundle or in the
 * working directory.
 * @param here URL of this code; empty in a bundle of CommonJS
 * @throws NatsError `unsupported` if there is none; the message says how to make one
 */
export function workerFile(here: string = import.meta.url, workingDirectory: string = process.cwd()): WorkerFile {
  if (here) {
    const built = new URL(`./${BUILT}`, here);
    if (existsSync(fileURLToPath(built))) return { url: built, source: false };
    if (here.endsWith('/src/loader/worker-file.ts')) return { url: new URL('./worker.ts', here), source: true };
  }
  for (const from of [here, join(workingDirectory, 'package.json')].filter(Boolean)) {
    const installed = installedFile(from);
    if (installed) return { url: pathToFileURL(installed), source: false };
  }
  const folder = here ? dirname(fileURLToPath(here)) : workingDirectory;
  throw new NatsError('unsupported', {
    where: folder,
    received: `no ${BUILT} beside this code, and no @nats/detect installed`,
    rule: 'threads of a loader start from a file of their own, which bundlers do not see',
    limit: `npx esbuild node_modules/@nats/detect/dist/${BUILT} --bundle --platform=node --format=esm --external:sharp --outfile=${join(folder, BUILT)}, or workers: 0 for images in this thread`,
  });
}

function installedFile(from: string): string | undefined {
  try {
    const manifest = createRequire(from).resolve('@nats/detect/package.json');
    const file = join(dirname(manifest), 'dist', BUILT);
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}
