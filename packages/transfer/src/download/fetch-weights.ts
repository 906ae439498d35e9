import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NatsError } from '@nats/graph';
import { placeInCache, weightCacheFolder } from './cache-folder.js';
import type { KnownWeights } from './catalog.js';
import { DownloadError } from './download-error.js';
import { readNote, writeNote } from './note.js';
import { remoteOf, type Servers } from './remote.js';
import { sha256Of } from './sha256.js';
import { type DownloadProgress, transferFile } from './transfer-file.js';
import { parseWeightName } from './weight-name.js';

/** Options of `fetchWeights`. */
export interface FetchOptions extends Servers {
  /** The cache; default `weightCacheFolder()`. */
  readonly folder?: string;
  /** Never ask a server: a file that is not in the cache is an error. Default: NATS_OFFLINE is set and not 0. */
  readonly offline?: boolean;
  /** Called as bytes arrive, about ten times a second at most, and at the end. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Called once if another process downloads the same file. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal;
  /** Tries after the first one, for broken connections and answers such as 503; default 5. */
  readonly retries?: number;
  /** Milliseconds without a byte after which a connection counts as broken; default 30 000. */
  readonly idleTimeout?: number;
}

/** Weights in the cache. */
export interface FetchedWeights {
  /** Of the file, absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Where it came from; undefined if it was put there by hand. */
  readonly url: string | undefined;
  /** What is known of it, where its name is. */
  readonly known: KnownWeights | undefined;
  /** False if it was in the cache already. */
  readonly downloaded: boolean;
}

/** A lock that nobody renewed for so long was left by a process that died. */
const STALE_LOCK = 20_000;

/**
 * Brings weights into the cache and returns their place. What is there already is taken without network. A download goes on
 * where an earlier one broke off, is compared with the hash that is known (torchvision's file names hold its first digits,
 * the hub tells it, `#sha256=` of an address), and gets its name when it is whole. Proxies are those of HTTPS_PROXY,
 * HTTP_PROXY and NO_PROXY. Nothing in the file is executed or read.
 * @param name `torchvision:NAME[@TAG]`, `timm:NAME`, `hf:owner/repo[/file][@revision]`, `https://…[#sha256=…]`.
 * @throws DownloadError if no server gave the file, with address, status, and where to put it by hand; NatsError `name` for
 * an unknown name, `malformed` for a file of another hash, or a page in its place; IO errors (ENOSPC …) with the path.
 */
export async function fetchWeights(name: string, options: FetchOptions = {}): Promise<FetchedWeights> {
  const parsed = parseWeightName(name);
  const folder = options.folder ?? weightCacheFolder();
  const path = join(folder, placeInCache(parsed));
  const remote = remoteOf(parsed, options);
  const known = parsed.kind === 'url' ? undefined : parsed.known;

  const present = await inCache(path, remote.sha256, known);
  if (present !== undefined) return present;
  const offline = options.offline ?? isSet(process.env.NATS_OFFLINE);
  if (offline) {
    throw new DownloadError('is not in the cache, and no server may be asked (offline)', {
      url: remote.url.href,
      place: path,
    });
  }
  await mkdir(dirname(path), { recursive: true });
  const release = await locked(path, options);
  try {
    // Another process may have been faster.
    const meanwhile = await inCache(path, remote.sha256, known);
    if (meanwhile !== undefined) return meanwhile;
    const { sha256, bytes, revision } = await transferFile(remote, path, options);
    await writeNote(path, { name, url: remote.url.href, sha256, bytes, ...(revision !== undefined && { revision }) });
    return { path, sha256, bytes, url: remote.url.href, known, downloaded: true };
  } finally {
    await release();
  }
}

/**
 * Where weights are, or would be put by hand, in the cache.
 * @throws NatsError `name` for an unknown name.
 */
export function placeOfWeights(name: string, folder: string = weightCacheFolder()): string {
  return join(folder, placeInCache(parseWeightName(name)));
}

/** A file of the cache. One without a note was put there by hand: it is checked and noted. */
async function inCache(
  path: string,
  expected: string,
  known: KnownWeights | undefined,
): Promise<FetchedWeights | undefined> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (info === undefined) return undefined;
  const note = await readNote(path);
  if (note !== undefined && note.bytes === info.size && note.sha256.startsWith(expected)) {
    return { path, sha256: note.sha256, bytes: info.size, url: note.url, known, downloaded: false };
  }
  const sha256 = await sha256Of(path);
  if (!sha256.startsWith(expected) || (note !== undefined && note.sha256 !== sha256)) {
    throw new NatsError('malformed', {
      rule: 'a file in the cache is the one that was asked for',
      received: `SHA-256 ${sha256}, ${info.size} bytes`,
      limit: `${expected || note?.sha256}; remove the file to download it again`,
      where: path,
    });
  }
  await writeNote(path, { sha256, bytes: info.size });
  return { path, sha256, bytes: info.size, url: undefined, known, downloaded: false };
}

async function locked(path: string, { onWait, signal }: FetchOptions): Promise<() => Promise<void>> {
  // Loaded only here: it handles signals, among them SIGXFSZ, which Node ignores so that a file limit is an error and no end.
  const { default: lockfile } = await import('proper-lockfile');
  const options = { realpath: false, stale: STALE_LOCK, update: STALE_LOCK / 4 };
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await lockfile.lock(path, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      if (!told) onWait?.();
      told = true;
      await new Promise((done) => setTimeout(done, 200));
    }
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}
