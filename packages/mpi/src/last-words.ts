import { writeSync } from 'node:fs';

/**
 * Milliseconds for the launcher to pass on what a rank wrote: MPICH's ends its helpers at an abort with what they still hold.
 * Less than ranks lie apart that speak one after the other.
 */
const PASSED_ON = 40;

/** Says on stderr, before all ranks are ended, why: without a turn for anything else. */
export function lastWords(rank: number, size: number, reason: string): void {
  writeSync(2, `rank ${rank} of ${size}: ${reason}\n`);
  sleep(PASSED_ON);
}

/** Without a turn for anything else. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
