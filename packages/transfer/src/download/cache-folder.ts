import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import type { WeightName } from './weight-name.js';

/**
 * The folder of downloaded weights: `weights` in NATS_CACHE, else in the platform's cache folder (XDG_CACHE_HOME or
 * ~/.cache on Linux).
 */
export function weightCacheFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = environment.NATS_CACHE;
  return join(own ? resolve(own) : envPaths('nats', { suffix: '' }).cache, 'weights');
}

/** Where in the cache a file lies, relative: one place for each name, revision and address. */
export function placeInCache(name: WeightName): string {
  switch (name.kind) {
    case 'torchvision':
      return join('torchvision', name.known.file);
    case 'hub':
      return join('hub', ...name.repo.split('/'), name.revision.replaceAll('/', '--'), ...name.file.split('/'));
    case 'url': {
      const digits = createHash('sha256').update(name.url.href).digest('hex').slice(0, 16);
      return join('url', digits, safeName(basename(name.url.pathname)));
    }
  }
}

function safeName(name: string): string {
  return name.replace(/[^\w.+-]/g, '_').replace(/^\.+/, '_') || 'weights';
}
