import { open, rename, rm, stat } from 'node:fs/promises';
import { NatsError } from '@nats/graph';
import { DownloadError } from './download-error.js';
import type { FetchOptions } from './fetch-weights.js';
import { readNote, writeNote } from './note.js';
import type { Remote } from './remote.js';
import { type Answer, BrokenConnection, request } from './request.js';
import { sha256Of } from './sha256.js';

/** How far a download is, in bytes. */
export interface DownloadProgress {
  /** Bytes on disk, those of an earlier attempt included. */
  readonly received: number;
  /** Bytes of the whole file, if the server says. */
  readonly total: number | undefined;
}

/** The file while it is incomplete, and what is known of it, so that another attempt can go on. */
const PART_SUFFIX = '.part';
/** Answers that may be different a moment later. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const LONGEST_WAIT = 30_000;
const PROGRESS_EVERY = 100;

/** Downloads a file beside its place, checks it, and moves it there. @throws as `fetchWeights` */
export async function transferFile(
  remote: Remote,
  path: string,
  options: FetchOptions,
): Promise<{ sha256: string; bytes: number; revision: string | undefined }> {
  const { retries = 5, signal } = options;
  const part = path + PART_SUFFIX;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      const answer = await receive(remote, path, part, options);
      const sha256 = await checked(remote, path, part, answer);
      const { size } = await stat(part);
      await rename(part, path);
      await rm(`${part}.json`, { force: true });
      return { sha256, bytes: size, revision: answer.revision };
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error;
      if (attempt >= retries) {
        const { size } = await stat(part).catch(() => ({ size: 0 }));
        const kept = size > 0 ? `; ${size} bytes are kept, and the next try goes on from there` : '';
        throw new DownloadError(
          `could not be downloaded: ${error.message} (${attempt + 1} tries${kept})`,
          { url: remote.url.href, place: path, ...(error.status !== undefined && { status: error.status }) },
          error,
        );
      }
      await wait(error.retryAfter ?? Math.min(LONGEST_WAIT, 250 * 2 ** attempt), signal);
    }
  }
}

/** One request: from the start, or from where the last one broke off if the server still has the same file. */
async function receive(remote: Remote, path: string, part: string, options: FetchOptions): Promise<Answer> {
  const have = await stat(part).catch(() => undefined);
  const note = have === undefined ? undefined : await readNote(part);
  // Only what is known to be the beginning of the same file is gone on with.
  const validator = note?.url === remote.url.href ? note.name : undefined;
  const from = have !== undefined && validator !== undefined ? have.size : 0;
  const answer = await request(remote, {
    ...options,
    place: path,
    headers: from > 0 ? { range: `bytes=${from}-`, 'if-range': validator! } : {},
  });
  try {
    if (PASSING.has(answer.status)) {
      throw new BrokenConnection(`the server answered ${answer.status}`, answer.status, answer.retryAfter);
    }
    if (answer.status === 416 && from > 0) {
      // Nothing lies behind what is there: it is whole, or no beginning of this file.
      if (answer.total === from) return answer;
      await rm(part, { force: true });
      throw new BrokenConnection('the server has a shorter file than was begun', 416, 0);
    }
    if (answer.status !== 200 && answer.status !== 206) throw refused(remote, path, answer);
    const resumed = answer.status === 206;
    if (resumed && answer.from !== from) {
      await rm(part, { force: true });
      throw new BrokenConnection('the server sent another part than was asked for', 206, 0);
    }
    const start = resumed ? from : 0;
    if (answer.validator === undefined) await rm(`${part}.json`, { force: true });
    else await writeNote(part, { url: remote.url.href, name: answer.validator, sha256: '', bytes: 0 });
    await write(answer, part, path, start, options);
    return answer;
  } finally {
    await answer.close();
  }
}

async function write(
  answer: Answer,
  part: string,
  path: string,
  start: number,
  { onProgress }: FetchOptions,
): Promise<void> {
  const { total } = answer;
  const handle = await open(part, start > 0 ? 'a' : 'w');
  let received = start;
  let told = 0;
  try {
    for await (const chunk of answer.body) {
      for (let at = 0; at < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, at, chunk.length - at);
        at += bytesWritten;
      }
      received += chunk.length;
      if (total !== undefined && received > total) {
        throw new BrokenConnection(`the server sent more than the ${total} bytes that it announced`, undefined, 0);
      }
      const now = Date.now();
      if (now - told >= PROGRESS_EVERY) onProgress?.({ received, total });
      if (now - told >= PROGRESS_EVERY) told = now;
    }
    await handle.sync();
  } catch (error) {
    // A full disk is told without a path, and what was begun stays for the next try.
    const { code, path: named } = error as NodeJS.ErrnoException;
    if (code === undefined || named !== undefined || error instanceof BrokenConnection) throw error;
    const message = `${code}: ${part} could not be written after ${received} bytes${total === undefined ? '' : ` of ${total}`}`;
    const way = 'make room, or set NATS_CACHE to a folder elsewhere; the next try goes on from there';
    throw Object.assign(new Error(`${message}; ${way}`, { cause: error }), { code, path: part });
  } finally {
    await handle.close();
  }
  if (total !== undefined && received < total) {
    throw new BrokenConnection(`the connection ended after ${received} of ${total} bytes`);
  }
  onProgress?.({ received, total: received });
  if (received === 0) throw new DownloadError('gave an empty file', { url: answer.url, place: path });
}

/** @returns the hash. @throws NatsError `malformed`, and the part is removed, since going on with it leads nowhere */
async function checked(remote: Remote, path: string, part: string, answer: Answer): Promise<string> {
  const sha256 = await sha256Of(part);
  const expected = remote.sha256 || answer.sha256 || '';
  const page = await pageIn(part);
  if (sha256.startsWith(expected) && page === undefined) return sha256;
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
  throw new NatsError('malformed', {
    rule: page === undefined ? 'a downloaded file has the hash that is known of it' : 'a download is a file of weights',
    received: page ?? `SHA-256 ${sha256} from ${answer.url}`,
    limit:
      page === undefined
        ? `expected ${expected}${expected.length < 64 ? '…' : ''}; nothing was kept`
        : `from ${answer.url}; a proxy or a login page? Without network: put the file at ${path}`,
    where: path,
  });
}

/** What stands in place of weights, where a server answers 200 with a page. */
async function pageIn(part: string): Promise<string | undefined> {
  const handle = await open(part, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    const start = buffer.toString('latin1', 0, bytesRead);
    if (/^\s*<(?:!doctype|html|\?xml)/i.test(start)) return 'a web page';
    return start.startsWith('version https://git-lfs') ? 'a Git LFS pointer' : undefined;
  } finally {
    await handle.close();
  }
}

function refused(remote: Remote, path: string, { status, statusText, url }: Answer): DownloadError {
  const hints: Readonly<Record<number, string>> = {
    401: remote.isHub ? 'Private or gated: accept its terms on its page and set HF_TOKEN' : 'It asks for a login',
    403: remote.isHub ? 'Gated: accept its terms on its page and set HF_TOKEN' : 'It may not be read',
    404: remote.isHub ? 'Is the name right? hf:owner/repo/file@revision names another file' : 'Is the name right?',
    407: 'The proxy asks for a login: HTTPS_PROXY=http://user:password@host:port',
  };
  const hint = hints[status];
  const where = url === remote.url.href ? '' : ` (after a redirect to ${url})`;
  return new DownloadError(`answered ${status}${statusText ? ` ${statusText}` : ''}${where}`, {
    url: remote.url.href,
    place: path,
    status,
    ...(hint !== undefined && { hint }),
  });
}

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((done, fail) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      fail(signal.reason);
    });
  });
}
