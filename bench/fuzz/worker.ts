import { parentPort, workerData } from 'node:worker_threads';
import { READERS } from './readers.js';
import { type Finding, runInputs } from './run-inputs.js';

const { reader, seed, from, until, milliseconds, current } = workerData as {
  readonly reader: string;
  readonly seed: number;
  readonly from: number;
  readonly until: number;
  /** After which no further input is read. */
  readonly milliseconds: number;
  /** The number of the input that is being read: seen also while nothing else gets a turn. */
  readonly current: Int32Array;
};
const port = parentPort!;
const deadline = Date.now() + milliseconds;
const outcomes = await runInputs(READERS.find(({ name }) => name === reader)!, {
  seed,
  from,
  until,
  before: (input) => Atomics.store(current, 0, input),
  onFinding: (finding: Finding) => port.postMessage({ finding }),
  isOver: () => Date.now() > deadline,
});
port.postMessage({ outcomes });
