import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  answers,
  type Behavior,
  breaksAfter,
  gives,
  sha256,
  type WeightServer,
  weightServer,
} from '../../test/helpers/weight-server.js';
import { DownloadError } from './download-error.js';
import { type FetchOptions, fetchWeights, placeOfWeights } from './fetch-weights.js';
import { verifyWeights } from './verify-weights.js';

// No network here: servers on loopback that are slow, broken off, wrong, redirecting, or refuse.

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) >>> 24);
let folder = '';
const servers: WeightServer[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nats-cache-'));
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('NATS_OFFLINE', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
  for (const server of servers.splice(0)) await server.close();
});

async function serve(...behaviors: readonly Behavior[]): Promise<WeightServer> {
  const server = await weightServer(...behaviors);
  servers.push(server);
  return server;
}

const fetchFrom = (name: string, options: FetchOptions = {}) => fetchWeights(name, { folder, retries: 2, ...options });

async function failure(run: Promise<unknown>): Promise<Error> {
  return run.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: Error) => error,
  );
}

/** Bytes of what is being downloaded that have been written. */
const arrived = () =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.part'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

/** All files of the cache, relative. */
const files = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

describe('a download', () => {
  it('is kept under its name, with its hash beside it, and asked for once', async () => {
    const server = await serve(gives(bytes));
    const progress: { received: number; total: number | undefined }[] = [];
    const name = `${server.url}/models/net.pth`;
    const first = await fetchFrom(name, { onProgress: (at) => progress.push(at) });
    expect(first).toMatchObject({ sha256: sha256(bytes), bytes: bytes.length, url: name, downloaded: true });
    expect(readFileSync(first.path).equals(bytes)).toBe(true);
    expect(progress.at(-1)).toEqual({ received: bytes.length, total: bytes.length });
    expect(files()).toEqual(['net.pth', 'net.pth.json']);
    expect(await fetchFrom(name)).toEqual({ ...first, downloaded: false });
    expect(server.requests).toHaveLength(1);
    expect(first.path).toBe(placeOfWeights(name, folder));
  });

  it('that breaks off goes on where it was', async () => {
    const server = await serve(breaksAfter(bytes, 100_000, arrived), breaksAfter(bytes, 50_000, arrived), gives(bytes));
    const { path } = await fetchFrom(`${server.url}/net.pth`);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    const starts = server.requests.map(({ headers }) => headers.range ?? '');
    expect(starts).toEqual(['', 'bytes=100000-', 'bytes=150000-']);
    expect(files()).toEqual(['net.pth', 'net.pth.json']);
  });

  it('that broke off in another process goes on, too', async () => {
    const server = await serve(breaksAfter(bytes, 100_000, arrived), gives(bytes));
    const error = await failure(fetchFrom(`${server.url}/net.pth`, { retries: 0 }));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/100000 bytes are kept, and the next try goes on from there/);
    expect(existsSync(`${placeOfWeights(`${server.url}/net.pth`, folder)}.part`)).toBe(true);
    expect(existsSync(placeOfWeights(`${server.url}/net.pth`, folder))).toBe(false);
    const { path } = await fetchFrom(`${server.url}/net.pth`);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(server.requests[1]!.headers.range).toBe('bytes=100000-');
  });

  it('begins anew when the file has changed meanwhile', async () => {
    const other = bytes.map((byte) => byte ^ 1);
    const server = await serve(breaksAfter(other, 100_000, arrived), gives(bytes));
    const { path } = await fetchFrom(`${server.url}/net.pth`);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('begins anew where a server knows no ranges', async () => {
    const server = await serve(
      breaksAfter(bytes, 1000, arrived),
      (_, response) => void response.writeHead(200).end(bytes),
    );
    const { path } = await fetchFrom(`${server.url}/net.pth`);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('that was whole but not renamed yet needs no byte more', async () => {
    const server = await serve(gives(bytes));
    const name = `${server.url}/net.pth`;
    // As after a kill between the last byte and the new name.
    const place = placeOfWeights(name, folder);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(`${place}.part`, bytes);
    const etag = `"${sha256(bytes).slice(0, 16)}"`;
    writeFileSync(`${place}.part.json`, JSON.stringify({ url: name, name: etag, sha256: '', bytes: 0 }));
    const { path } = await fetchFrom(name);
    expect(server.requests[0]!.headers.range).toBe(`bytes=${bytes.length}-`);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('of a server that says nothing is given up, and tried again', async () => {
    const server = await serve(() => undefined, gives(bytes));
    const { path } = await fetchFrom(`${server.url}/net.pth`, { idleTimeout: 300 });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it('of a server that stops in the middle is given up, and gone on with', async () => {
    const stalls: Behavior = (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: `"${sha256(bytes).slice(0, 16)}"` });
      response.write(bytes.subarray(0, 1000));
    };
    const server = await serve(stalls, gives(bytes));
    const { path } = await fetchFrom(`${server.url}/net.pth`, { idleTimeout: 300 });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(server.requests[1]!.headers.range).toBe('bytes=1000-');
  });

  it('of a busy server is tried again after what it says', async () => {
    const server = await serve(
      answers(503, { 'retry-after': '0' }),
      answers(429, { 'retry-after': '0' }),
      gives(bytes),
    );
    await fetchFrom(`${server.url}/net.pth`);
    expect(server.requests).toHaveLength(3);
  });

  it('ends when it is aborted, and keeps what it has', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"x"' });
      response.write(bytes.subarray(0, 5000));
    });
    const abort = new AbortController();
    const running = fetchFrom(`${server.url}/net.pth`, {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('enough')),
    });
    expect((await failure(running)).message).toBe('enough');
    expect(files()).toEqual(['net.pth.part', 'net.pth.part.json']);
  });
});

describe('what a server sends instead', () => {
  it.each([
    [404, /answered 404 Not Found.*Is the name right/],
    [401, /answered 401.*login/],
    [403, /answered 403/],
    [410, /answered 410 Gone/],
  ])('%i is told with the address, and what to do without network', async (status, message) => {
    const server = await serve(answers(status));
    const error = await failure(fetchFrom(`${server.url}/net.pth`));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error).toMatchObject({ status, url: `${server.url}/net.pth` });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`put the file at ${placeOfWeights(`${server.url}/net.pth`, folder)}`);
    expect(server.requests).toHaveLength(1);
    expect(files()).toEqual([]);
  });

  it('another hash: nothing is kept', async () => {
    const server = await serve(gives(bytes));
    const error = await failure(fetchFrom(`${server.url}/net.pth#sha256=${'0'.repeat(64)}`));
    expect(error).toMatchObject({ name: 'NatsError', code: 'malformed' });
    expect(error.message).toContain(sha256(bytes));
    expect(files()).toEqual([]);
    await fetchFrom(`${server.url}/net.pth#sha256=${sha256(bytes).toUpperCase()}`);
  });

  it.each(['<!DOCTYPE html><title>Sign in</title>', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n'])(
    'a page or a pointer: %s',
    async (page) => {
      const server = await serve(answers(200, {}, page));
      const error = await failure(fetchFrom(`${server.url}/net.pth`));
      expect(error).toMatchObject({ code: 'malformed' });
      expect(error.message).toMatch(/a web page|Git LFS pointer/);
      expect(files()).toEqual([]);
    },
  );

  it('nothing', async () => {
    const server = await serve(answers(200));
    expect((await failure(fetchFrom(`${server.url}/net.pth`))).message).toMatch(/gave an empty file/);
  });

  it('more or fewer bytes than announced', async () => {
    const short: Behavior = (_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('12345', () => setTimeout(() => response.destroy(), 20));
    };
    const server = await serve(short);
    expect((await failure(fetchFrom(`${server.url}/net.pth`, { retries: 1 }))).message).toMatch(/\(2 tries/);
  });

  it('a redirect is followed, in circles it is not', async () => {
    const target = await serve(gives(bytes));
    const server = await serve(answers(302, { location: `${target.url}/cdn/file` }));
    await fetchFrom(`${server.url}/net.pth`);
    expect(target.requests).toHaveLength(1);
    const circle = await serve(answers(302, { location: '/again' }));
    expect((await failure(fetchFrom(`${circle.url}/net.pth`))).message).toMatch(/302 and more than 10 redirects/);
    const file = await serve(answers(302, { location: 'file:///etc/passwd' }));
    expect((await failure(fetchFrom(`${file.url}/net.pth`))).message).toMatch(/led to file:/);
  });

  it('no server at all', async () => {
    const server = await weightServer(gives(bytes));
    await server.close();
    const error = await failure(fetchFrom(`${server.url}/net.pth`, { retries: 1 }));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/ECONNREFUSED.*2 tries.*put the file at/s);
  });
});

describe('names', () => {
  const v1 = 'torchvision/resnet18-f37072fd.pth';

  it("torchvision's file is compared with the digits in its name; a mirror may give it", async () => {
    const server = await serve(gives(bytes));
    const error = await failure(fetchFrom('torchvision:resnet18', { torchvisionMirror: `${server.url}/models/` }));
    expect(server.requests[0]!.url).toBe('/models/resnet18-f37072fd.pth');
    expect(error.message).toMatch(/expected f37072fd…/);
    vi.stubEnv('NATS_TORCHVISION_MIRROR', server.url);
    await failure(fetchFrom('torchvision:resnet18'));
    expect(server.requests[1]!.url).toBe('/resnet18-f37072fd.pth');
  });

  it.each(['example.org', 'file:///tmp', ''])('a mirror that is no address is refused: "%s"', async (mirror) => {
    vi.stubEnv('NATS_TORCHVISION_MIRROR', mirror === '' ? 'nowhere' : undefined);
    const error = await failure(fetchFrom('torchvision:resnet18', { torchvisionMirror: mirror }));
    expect(error).toMatchObject({ code: 'name' });
    expect(error.message).toMatch(/the mirror of torchvision/);
  });

  it('the hub tells the hash of a large file, and its commit', async () => {
    const cdn = await serve(gives(bytes));
    const linked = { 'x-linked-etag': `"${sha256(bytes)}"`, 'x-repo-commit': 'c0ffee' };
    const hub = await serve(answers(302, { location: `${cdn.url}/blob`, ...linked }));
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    vi.stubEnv('HF_ENDPOINT', hub.url);
    const { path, known } = await fetchFrom('timm:resnet50.a1_in1k');
    expect(hub.requests[0]!.url).toBe('/timm/resnet50.a1_in1k/resolve/main/model.safetensors');
    expect(hub.requests[0]!.headers.authorization).toBe('Bearer hf_secret');
    // The token is for the hub alone.
    expect(cdn.requests[0]!.headers.authorization).toBeUndefined();
    expect(JSON.parse(readFileSync(`${path}.json`, 'utf8'))).toMatchObject({ revision: 'c0ffee' });
    expect(known?.mean).toEqual([0.485, 0.456, 0.406]);
  });

  it('the hub says another hash', async () => {
    const hub = await serve(gives(bytes, { 'x-linked-etag': `"${'1'.repeat(64)}"` }));
    const error = await failure(fetchFrom('hf:owner/repo/a/b.bin@v1.0', { hubEndpoint: hub.url }));
    expect(hub.requests[0]!.url).toBe('/owner/repo/resolve/v1.0/a/b.bin');
    expect(error.message).toMatch(/expected 1{64}/);
  });

  it('a gated repository says what to do', async () => {
    const hub = await serve(answers(401));
    const error = await failure(fetchFrom('hf:owner/repo', { hubEndpoint: hub.url }));
    expect(error.message).toMatch(/401.*accept its terms on its page and set HF_TOKEN/);
  });

  it('offline, what is there is taken, and what is not is told', async () => {
    const options = { offline: true };
    const error = await failure(fetchFrom('torchvision:resnet18', options));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toContain('https://download.pytorch.org/models/resnet18-f37072fd.pth');
    expect(error.message).toContain(`put the file at ${join(folder, v1)}`);
    mkdirSync(join(folder, 'hub/o/r/main'), { recursive: true });
    writeFileSync(join(folder, 'hub/o/r/main/model.safetensors'), bytes);
    const byHand = await fetchFrom('hf:o/r', options);
    expect(byHand).toMatchObject({ sha256: sha256(bytes), url: undefined, downloaded: false });
    vi.stubEnv('NATS_OFFLINE', '1');
    expect((await failure(fetchFrom('torchvision:resnet18'))).message).toMatch(/offline/);
  });

  it('what was put there by hand, or changed later, is compared', async () => {
    mkdirSync(join(folder, 'torchvision'));
    writeFileSync(join(folder, v1), bytes);
    expect((await failure(fetchFrom('torchvision:resnet18'))).message).toMatch(
      /the one that was asked for.*f37072fd; remove the file/,
    );
    const [wrong] = await verifyWeights(folder);
    expect(wrong!.problem).toMatch(/begins with f37072fd/);

    const server = await serve(gives(bytes));
    const { path } = await fetchFrom(`${server.url}/net.pth`);
    rmSync(join(folder, v1));
    expect((await verifyWeights(folder)).map(({ problem }) => problem)).toEqual([undefined]);
    writeFileSync(path, bytes.subarray(1));
    expect((await verifyWeights(folder))[0]!.problem).toMatch(/the file was changed/);
    expect((await failure(fetchFrom(`${server.url}/net.pth`))).message).toMatch(/remove the file/);
  });
});

it('two at the same time download once', async () => {
  const slow: Behavior = (request, response) => void setTimeout(() => gives(bytes)(request, response), 300);
  const server = await serve(slow);
  let waited = 0;
  const name = `${server.url}/net.pth`;
  const results = await Promise.all([1, 2, 3].map(() => fetchFrom(name, { onWait: () => waited++ })));
  expect(server.requests).toHaveLength(1);
  expect(waited).toBe(2);
  expect(results.map(({ downloaded }) => downloaded).sort()).toEqual([false, false, true]);
  expect(files()).toEqual(['net.pth', 'net.pth.json']);
});

describe('proxies', () => {
  /** A proxy for https and http by CONNECT, that counts. */
  async function proxy() {
    const asked: string[] = [];
    const server = createServer();
    server.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { asked, url, close: () => server.close() };
  }

  it('HTTP_PROXY is used, NO_PROXY is not', async () => {
    const { asked, url, close } = await proxy();
    const server = await serve(gives(bytes));
    for (const name of ['http_proxy', 'no_proxy', 'NO_PROXY']) vi.stubEnv(name, undefined);
    vi.stubEnv('HTTP_PROXY', url);
    await fetchFrom(`${server.url}/a.pth`);
    expect(asked).toEqual([server.url.slice('http://'.length)]);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    await fetchFrom(`${server.url}/b.pth`);
    expect(asked).toHaveLength(1);
    close();
  });
});

describe('a full disk', () => {
  it.skipIf(process.platform !== 'linux')('is told with the file and the way out', async () => {
    const server = await serve(gives(bytes));
    const name = `${server.url}/net.pth`;
    const part = `${placeOfWeights(name, folder)}.part`;
    mkdirSync(dirname(part), { recursive: true });
    // Every write to this device fails as on a full disk.
    symlinkSync('/dev/full', part);
    const error = await failure(fetchFrom(name, { retries: 0 }));
    expect(error).toMatchObject({ code: 'ENOSPC', path: part });
    expect(error.message).toMatch(/could not be written after .*make room, or set NATS_CACHE/);
  });
});
