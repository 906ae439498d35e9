import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import { UsageError } from '@nats/pipeline';
import type { FuzzedReader } from './fuzzed-reader.js';
import { mutate } from './mutate.js';

export interface Outcomes {
  inputs: number;
  /** Read. */
  ok: number;
  /** Refused by an error of ours, or an IO error that names its file. */
  typed: number;
  untyped: number;
  /** More than 2 seconds of a processor: what else the machine does counts for nothing. */
  slow: number;
  /** More than 500 MB. */
  large: number;
}

export interface Finding {
  readonly reader: string;
  readonly input: number;
  readonly outcome: 'untyped' | 'slow' | 'large';
  readonly message: string;
}

export interface InputOptions {
  readonly seed: number;
  /** Number of the first input, and of the one after the last. */
  readonly from: number;
  readonly until: number;
  /** Told before each input. */
  readonly before?: (input: number) => void;
  readonly onFinding?: (finding: Finding) => void;
  readonly isOver?: () => boolean;
}

const SLOW = 2000;
const LARGE = 500e6;

export function noOutcomes(): Outcomes {
  return { inputs: 0, ok: 0, typed: 0, untyped: 0, slow: 0, large: 0 };
}

/** Reads inputs one after the other and counts what came of them. Input `i` of a seed is always the same. */
export async function runInputs(reader: FuzzedReader, options: InputOptions): Promise<Outcomes> {
  const { seed, from, until, before, onFinding, isOver } = options;
  const folder = mkdtempSync(join(inMemory(), 'nats-fuzz-'));
  const outcomes = noOutcomes();
  const { stackTraceLimit } = Error;
  try {
    const corpus = await reader.corpus(folder);
    let memory = process.memoryUsage.rss();
    for (let input = from; input < until && !isOver?.(); input++) {
      before?.(input);
      const tell = (outcome: Finding['outcome'], message: string) => {
        outcomes[outcome]++;
        onFinding?.({ reader: reader.name, input, outcome, message });
      };
      const bytes = mutate(corpus, seed, input);
      const started = process.cpuUsage();
      outcomes.inputs++;
      try {
        // Nine of ten inputs end with an error, whose stack nobody reads.
        Error.stackTraceLimit = 0;
        await reader.read(bytes, folder, input);
        outcomes.ok++;
      } catch (error) {
        if (isTyped(error)) outcomes.typed++;
        else tell('untyped', await stackOf(() => reader.read(bytes, folder, input), stackTraceLimit, error));
      }
      const { user, system } = process.cpuUsage(started);
      const spent = (user + system) / 1000;
      if (spent > SLOW) tell('slow', `${Math.round(spent)} ms`);
      const memoryAfter = process.memoryUsage.rss();
      const taken = memoryAfter - memory;
      if (taken > LARGE) tell('large', `${Math.round(taken / 1e6)} MB`);
      memory = memoryAfter;
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    rmSync(folder, { recursive: true, force: true });
  }
  return outcomes;
}

/** A folder whose files touch no disk, where there is one: readers of files spend most of their time waiting for it. */
function inMemory(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

/** Reads once more, for the stack of an error that is a finding. */
async function stackOf(read: () => Promise<unknown>, stackTraceLimit: number, first: unknown): Promise<string> {
  Error.stackTraceLimit = stackTraceLimit;
  const error = await read().then(
    () => first,
    (again: unknown) => again,
  );
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isTyped(error: unknown): boolean {
  if (error instanceof NatsError || error instanceof UsageError) return true;
  if (!(error instanceof Error)) return false;
  // Failed IO that says where.
  return 'errno' in error && 'path' in error;
}
