/// <reference lib="dom" />
import { onnxruntimeWebEngine } from '@nats/engine/onnxruntime-web';
import { readDigits } from './digits.js';
import type { News, Request } from './messages.js';
import { runSearch } from './run-search.js';

/** A worker's side of its channel: the types of pages have none. */
const port = globalThis as unknown as {
  postMessage(news: News): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
};
const stop = new AbortController();
/** Resolves when the search may go on. */
let go: Promise<void> = Promise.resolve();
let goOn: () => void = () => {};

port.addEventListener('message', ({ data }) => {
  if (data.type === 'start') void start(data);
  if (data.type === 'pause') {
    go = new Promise((resolve) => {
      goOn = resolve;
    });
  }
  if (data.type === 'stop') stop.abort();
  if (data.type === 'continue' || data.type === 'stop') goOn();
});

async function start({ type: _, provider, ...options }: Request & { readonly type: 'start' }): Promise<void> {
  try {
    const digits = await readDigits();
    const engine = await onnxruntimeWebEngine({ providers: [provider] });
    const control = { signal: stop.signal, ready };
    for await (const news of runSearch({ ...options, engine, digits }, control)) port.postMessage(news);
    await engine.dispose();
  } catch (error) {
    port.postMessage({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

/** Lets messages in, which a step in WebAssembly keeps out, and waits while the search pauses. */
async function ready(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  await go;
}
