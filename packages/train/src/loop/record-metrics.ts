import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeAtomically } from '@nats/transfer';

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
      file ??= await open(path, 'a');
      await file.write(`${JSON.stringify(event, finiteOrText)}\n`);
      yield event;
    }
  } finally {
    await file?.close();
  }
}

function finiteOrText(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

async function dropAfter(path: string, step: number): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = lines.filter((line) => (stepOf(line) ?? Number.POSITIVE_INFINITY) <= step);
  if (kept.length === lines.length && (text === '' || text.endsWith('\n'))) return;
  await writeAtomically(path, [Buffer.from(kept.map((line) => `${line}\n`).join(''))]);
}

function stepOf(line: string): number | undefined {
  try {
    const { step } = JSON.parse(line) as { step?: unknown };
    return typeof step === 'number' ? step : undefined;
  } catch {
    return undefined;
  }
}
