import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openToAppend, readLines, withPath, writeAtomically } from '@nats/transfer';

/**
 * Passes events (of a training, or of a search) on and writes each as a line of JSON before (metrics.jsonl). At a start event, lines of an earlier
 * run that are beyond its step (or half-written) are dropped, so that a file holds each step once.
 * Numbers that JSON lacks become strings: "NaN".
 */
export async function* recordMetrics<E extends { readonly type: string; readonly step: number }>(
  events: AsyncIterable<E>,
  path: string,
): AsyncGenerator<E, void, void> {
  await mkdir(dirname(path), { recursive: true });
  let file: FileHandle | undefined;
  try {
    for await (const event of events) {
      if (event.type === 'start') {
        await file?.close();
        await dropAfter(path, event.step);
        file = undefined;
      }
      file ??= await openToAppend(path);
      await file.write(`${JSON.stringify(event, finiteOrText)}\n`).catch((error: unknown) => {
        throw withPath(error, path);
      });
      yield event;
    }
  } finally {
    await file?.close();
  }
}

function finiteOrText(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** Rewrites the file without lines that are beyond a step, if there are any. */
async function dropAfter(path: string, step: number): Promise<void> {
  try {
    if (await isKeptWhole(path, step)) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await writeAtomically(path, keptLines(path, step));
}

async function isKeptWhole(path: string, step: number): Promise<boolean> {
  let kept = true;
  for await (const lines of readLines(path)) kept &&= lines.every((line) => isKept(line, step));
  return kept && (await endsWithLine(path));
}

/** Whether the last line has its end. */
async function endsWithLine(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size === 0) return true;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 10;
  } finally {
    await handle.close();
  }
}

async function* keptLines(path: string, step: number): AsyncGenerator<Uint8Array, void, void> {
  for await (const lines of readLines(path)) {
    const kept = lines.filter((line) => line !== '' && isKept(line, step));
    yield Buffer.from(kept.map((line) => `${line}\n`).join(''));
  }
}

function isKept(line: string, step: number): boolean {
  return line === '' || (stepOf(line) ?? Number.POSITIVE_INFINITY) <= step;
}

function stepOf(line: string): number | undefined {
  try {
    const { step } = JSON.parse(line) as { step?: unknown };
    return typeof step === 'number' ? step : undefined;
  } catch {
    return undefined;
  }
}
