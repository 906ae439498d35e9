import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { renderWatch, type WatchContent, watchPage } from '@nats/report';
import { SHOWN_SCORE } from '../steps/report-samples.js';
import { findRuns } from './find-runs.js';
import { runVersion, watchedRun } from './watched-run.js';

/** A page that is served. */
export interface Watch {
  /** With the token, without which nothing is answered. */
  readonly url: string;
  close(): Promise<void>;
}

interface Version extends WatchContent {
  readonly version: string;
}

/**
 * Serves a page of runs to this machine alone (127.0.0.1), to those who know the token in its URL. It reads; it writes nothing.
 * @param paths runs, or folders of runs, in which new ones may come
 * @param port 0 takes a free one
 * @throws UsageError for a path that is not there; IO errors pass through, such as a port in use
 */
export async function watchRuns(paths: readonly string[], { port = 0 }: { port?: number } = {}): Promise<Watch> {
  await findRuns(paths);
  const token = randomBytes(24).toString('base64url');
  const content = latestOf(paths);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, 500, 'text/plain', error instanceof Error ? error.message : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A name that leads here is another site's (DNS rebinding).
    if (request.headers.host !== host) return send(response, 403, 'text/plain', `ask ${host}`);
    const url = new URL(request.url ?? '/', `http://${host}`);
    if (!sameText(url.searchParams.get('token') ?? '', token))
      return send(
        response,
        403,
        'text/plain',
        'the token is missing or wrong: take the whole address that nats watch printed',
      );
    if (request.method !== 'GET') return send(response, 405, 'text/plain', 'only GET');
    if (url.pathname === '/') {
      const nonce = randomBytes(16).toString('base64url');
      const contentPath = `/content?token=${token}`;
      return send(response, 200, 'text/html', watchPage({ ...(await content()), contentPath, nonce }));
    }
    if (url.pathname !== '/content') return send(response, 404, 'text/plain', 'not here');
    const latest = await content();
    if (latest.version === url.searchParams.get('version')) return send(response, 204, 'text/plain', '');
    return send(response, 200, 'application/json', JSON.stringify(latest));
  }

  return {
    url: `http://${host}/?token=${token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Drawn anew only when a file has changed, and for one who asks at a time. */
function latestOf(paths: readonly string[]): () => Promise<Version> {
  let last: Version | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const renew = async (): Promise<Version> => {
    const runs = await findRuns(paths);
    const versions = await Promise.all(runs.map(runVersion));
    const version = createHash('sha256').update(versions.join('\n')).digest('base64url').slice(0, 16);
    if (last?.version === version) return last;
    const watched = [];
    for (const run of runs) watched.push(await watchedRun(run));
    last = { version, ...(await renderWatch(watched, { sampleMinScore: SHOWN_SCORE })) };
    return last;
  };
  return () => {
    const next = turn.then(renew, renew);
    turn = next.catch(() => undefined);
    return next;
  };
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(x!, y!);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
  response.end(body);
}
