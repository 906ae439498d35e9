import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Python } from './python.js';

export interface StepTime {
  /** Wall-clock milliseconds. */
  readonly ms: number;
  /** Milliseconds of processor time, all threads: less sensitive to what else runs. */
  readonly processor: number;
}

/** What a worker says when it is ready. */
export interface Start {
  /** Name and version of what it measures, where that is not this repository's. */
  readonly library?: string;
  /** How fast PyTorch multiplies matrices, on one core or more. */
  readonly gflops?: number;
  readonly nodes?: number;
  readonly graphMs?: number;
  readonly sessionMs?: number;
}

/** A process that trains one step for each request, so that two libraries can take turns in one run. */
export interface StepWorker {
  readonly start: Start;
  step(): Promise<StepTime>;
  /** Detects on one image, where the worker is a detector's. */
  infer(): Promise<StepTime>;
  /** Asks anything else. */
  ask<T>(request: string): Promise<T>;
  /** Peak resident bytes so far. */
  peak(): Promise<number>;
  stop(): void;
}

/**
 * A library in Python; undefined where nobody asked for this interpreter and it lacks what is imported.
 * @param script relative to this file
 */
export async function startPython(
  { command, asked }: Python,
  args: readonly (number | string)[],
  script: string,
): Promise<StepWorker | undefined> {
  if (!asked && !existsSync(command)) return undefined;
  return startWorker(command, [pathOf(script), ...args.map(String)], asked ? undefined : /No module named/);
}

/**
 * Our side, under the same loader as this process.
 * @param script relative to this file
 */
export async function startEngine(
  args: readonly (number | string)[],
  script = './engine-worker.ts',
): Promise<StepWorker> {
  const command = [...process.execArgv, pathOf(script), ...args.map(String)];
  return (await startWorker(process.execPath, command))!;
}

/** One JSON line of a script that measures by itself. @param script relative to this file */
export async function runWorker<T>(script: string, args: readonly (number | string)[]): Promise<T> {
  const command = [...process.execArgv, pathOf(script), ...args.map(String)];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${script} ended with exit code ${code}`);
  return JSON.parse(text.trim().split('\n').at(-1)!) as T;
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

async function startWorker(command: string, args: string[], missing?: RegExp): Promise<StepWorker | undefined> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.on('error', (error) => {
    complaints += `${command}: ${error.message}`;
  });
  child.stderr.on('data', (data: Buffer) => {
    complaints += data.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async <T>(question?: string): Promise<T> => {
    if (question !== undefined) child.stdin.write(`${question}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${args.join(' ')} ended: ${complaints}`);
    return JSON.parse(value) as T;
  };
  let start: Start;
  try {
    start = await ask<Start>();
  } catch (error) {
    if (missing?.test(complaints)) return undefined;
    throw error;
  }
  return {
    start,
    step: () => ask<StepTime>('step'),
    infer: () => ask<StepTime>('infer'),
    ask,
    peak: async () => (await ask<{ bytes: number }>('memory')).bytes,
    stop: () => child.stdin.end(),
  };
}
