import type { BrowserProvider } from '../model.js';

/** What the page asks of the worker. */
export type Request =
  | {
      readonly type: 'start';
      readonly provider: BrowserProvider;
      readonly steps: number;
      /** Dilation, by height as by width. */
      readonly largest: number;
      readonly seed: number;
    }
  | { readonly type: 'pause' | 'continue' | 'stop' };

/** A gray picture with what is to be found in it. */
export interface Example {
  readonly side: number;
  /** Row by row, 0 to 255. */
  readonly pixels: Uint8Array;
  readonly objects: readonly { readonly box: readonly [number, number, number, number]; readonly name: string }[];
}

/** What a layer prefers: mean probability over its channels of each pair of dilations. */
export interface LayerShares {
  readonly name: string;
  readonly shares: readonly number[];
}

/** What the worker tells. */
export type News =
  | { readonly type: 'examples'; readonly examples: readonly Example[] }
  /** `genotypes`: pairs (vertical, horizontal), in the order of `shares`. `start`: the first step in which they move. */
  | { readonly type: 'ready'; readonly genotypes: readonly (readonly [number, number])[]; readonly start: number }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly loss: number;
      readonly seconds: number;
      readonly layers: readonly LayerShares[];
    }
  /** `stopped`: before its last step. `scheme`: as a file. */
  | { readonly type: 'end'; readonly stopped: boolean; readonly steps: number; readonly scheme: string }
  | { readonly type: 'failed'; readonly message: string };
