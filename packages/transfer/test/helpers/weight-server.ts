import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server on loopback does with one request, in order; the last one stays. */
export type Behavior = (request: IncomingMessage, response: ServerResponse) => void;

export interface WeightServer {
  readonly url: string;
  readonly requests: { readonly url: string; readonly headers: IncomingMessage['headers'] }[];
  readonly close: () => Promise<void>;
}

export async function weightServer(...behaviors: readonly Behavior[]): Promise<WeightServer> {
  const requests: WeightServer['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    behaviors[Math.min(requests.length, behaviors.length) - 1]!(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Gives the file, or the part of it that is asked for, as a usual server does. */
export function gives(bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Behavior {
  return (request, response) => {
    const etag = `"${sha256(bytes).slice(0, 16)}"`;
    const from = rangeStart(request, etag);
    if (from !== undefined && from >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    const part = bytes.subarray(from ?? 0);
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': part.length,
      etag,
      ...(from !== undefined && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      ...headers,
    });
    response.end(part);
  };
}

/** Sends some bytes of what it was asked for, and breaks the connection once they have arrived. */
export function breaksAfter(bytes: Uint8Array, count: number, arrived: () => number): Behavior {
  return (request, response) => {
    const etag = `"${sha256(bytes).slice(0, 16)}"`;
    const from = rangeStart(request, etag) ?? 0;
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': bytes.length - from,
      etag,
      ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.write(bytes.subarray(from, from + count));
    const timer = setInterval(() => {
      if (arrived() < from + count) return;
      clearInterval(timer);
      response.destroy();
    }, 5);
    response.on('close', () => clearInterval(timer));
  };
}

export function answers(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Behavior {
  return (_, response) => void response.writeHead(status, headers).end(body);
}

function rangeStart(request: IncomingMessage, etag: string): number | undefined {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const same = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  return range !== undefined && same ? Number(range) : undefined;
}
