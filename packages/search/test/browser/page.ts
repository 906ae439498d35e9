import type { Engine } from '@nats/graph';
import { onnxruntimeWebEngine } from '../../../engine/src/onnxruntime-web/index.js';
import { memoryStore } from '../../../train/test/support/memory-store.js';
import { createSearch, decodeScheme } from '../../src/index.js';
import { agreement, plantedScheme, plantedSearch } from '../planted.js';

export interface SearchReport {
  readonly losses: readonly number[];
  /** Share of the channel groups whose planted dilation was found. */
  readonly found: number;
}

export interface SearchSettings {
  readonly seed: number;
  readonly steps: number;
  /** The search is left after this step, and another one goes on from what it kept. */
  readonly leaveAt: number;
}

/** Runs in a browser: a search that is left and taken up again. */
export async function searchInPage(settings: SearchSettings): Promise<SearchReport> {
  const engine = await onnxruntimeWebEngine({ wasmPaths: '/' });
  const report = await searchTwice(engine, settings);
  await engine.dispose();
  return report;
}

export async function searchTwice(engine: Engine, { seed, steps, leaveAt }: SearchSettings): Promise<SearchReport> {
  const store = memoryStore();
  const losses: number[] = [];
  const searchUntil = async (last: number) => {
    const checkpoints = { store, resume: 'if-present' } as const;
    const search = await createSearch({ engine, ...plantedSearch(seed), steps, checkpoints });
    const leave = new AbortController();
    for await (const event of search.events({ signal: leave.signal })) {
      if (event.type === 'step') losses.push(event.loss);
      if (event.type === 'step' && event.step === last) leave.abort();
    }
    const architecture = await search.architecture();
    await search.dispose();
    return decodeScheme(architecture, { method: 'argmax' }, { tool: { name: 'test', version: '0' } });
  };
  await searchUntil(leaveAt);
  return { losses, found: agreement(await searchUntil(steps), plantedScheme(seed)) };
}
