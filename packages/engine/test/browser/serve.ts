import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';

const require = createRequire(import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Where the packages keep their .wasm files. */
const FOLDERS = [
  dirname(require.resolve('onnxruntime-web')),
  join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist'),
];

/** Serves a page `/`, the bundle and the engines' .wasm files; isolated from other origins, so that threads are allowed, if asked. */
export async function serve(
  files: ReadonlyMap<string, Uint8Array>,
  isolated: boolean,
): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const name = new URL(request.url!, 'http://localhost').pathname.slice(1);
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    const content = name === '' ? '<!doctype html><title>nats</title>' : (files.get(name) ?? (await packaged(name)));
    response.setHeader('Content-Type', TYPES[extname(name)] ?? 'text/html');
    if (content === undefined) response.statusCode = 404;
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

async function packaged(name: string): Promise<Uint8Array | undefined> {
  if (!/^[\w.-]+\.(wasm|mjs)$/.test(name)) return undefined;
  for (const folder of FOLDERS) {
    try {
      return await readFile(join(folder, name));
    } catch {
      // The next one may have it.
    }
  }
  return undefined;
}
