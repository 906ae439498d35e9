import { mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { meanShares } from '@nats/report';
import { eventRecord, type TensorboardEvent } from './event-record.js';

interface RunEvent {
  readonly type: string;
  readonly step: number;
}

export interface TensorboardOptions {
  /** Names of the architecture's genotypes, in their order; their numbers by default. */
  readonly genotypes?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Of the file; default: one that no other process has. */
  readonly name?: string;
}

/**
 * Passes events of a training or a search on and writes their numbers into an event file of TensorBoard before. Each process
 * writes a file of its own; a run that goes on tells which steps of the former ones no longer count.
 * @throws IO errors
 */
export async function* recordTensorboard<E extends RunEvent>(
  events: AsyncIterable<E>,
  folder: string,
  { genotypes = [], now = Date.now, name = fileName(now()) }: TensorboardOptions = {},
): AsyncGenerator<E, void, void> {
  await mkdir(folder, { recursive: true });
  const file = await open(join(folder, name), 'wx');
  const write = async (event: Omit<TensorboardEvent, 'wallTime'>) => {
    await file.write(eventRecord({ wallTime: now() / 1000, ...event }));
  };
  try {
    await write({ fileVersion: 'brain.Event:2' });
    for await (const event of events) {
      if (event.type === 'start') await write({ step: event.step + 1, sessionStart: true });
      const scalars = scalarsOf(event, genotypes);
      if (Object.keys(scalars).length > 0) await write({ step: event.step, scalars });
      yield event;
    }
  } finally {
    await file.close();
  }
}

/** TensorBoard looks for `tfevents` in the name. */
function fileName(now: number): string {
  return `events.out.tfevents.${Math.floor(now / 1000)}.${hostname()}.${process.pid}.0`;
}

/** By tag; TensorBoard makes groups of what has the same beginning. */
function scalarsOf(event: RunEvent, genotypes: readonly string[]): Record<string, number> {
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  const metrics = isRecord(fields.metrics) ? fields.metrics : {};
  switch (event.type) {
    case 'step': {
      const { loss, learningRate, imagesPerSecond } = fields;
      return {
        ...numbersOf({ loss, learningRate, imagesPerSecond }),
        ...numbersOf(metrics, 'train/'),
      };
    }
    case 'evaluation':
      return numbersOf(metrics, `${String(fields.split)}/`);
    case 'architecture': {
      const layers = isRecord(fields.probabilities) ? meanShares(fields.probabilities) : [];
      return Object.fromEntries(
        layers.flatMap(({ name, shares }) =>
          shares.map((share, g): [string, number] => [`probabilities/${name}/${genotypes[g] ?? g}`, share]),
        ),
      );
    }
    default:
      return {};
  }
}

/** NaN and infinities stay: TensorBoard shows them. */
function numbersOf(values: Readonly<Record<string, unknown>>, prefix = ''): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'number' ? [[`${prefix}${name}`, value] as const] : [],
    ),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
