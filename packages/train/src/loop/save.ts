import type { TensorData } from '@nats/graph';
import type { CheckpointEvent } from './events.js';
import { NotFiniteError } from './not-finite.js';
import type { PreparedTraining } from './prepared.js';
import { fingerprintOf } from './start-state.js';

/**
 * Writes the whole state under the given names; in a data-parallel training rank 0 does, for all.
 * @throws NotFiniteError, so that a checkpoint is always good to continue from; CheckpointWriteError
 */
export async function save(
  { state, options, config, progress }: PreparedTraining,
  names: readonly string[],
): Promise<CheckpointEvent> {
  const { store } = options.checkpoints!;
  const { step, best, evaluated } = progress;
  const { collective } = options;
  const done = () => {
    if (names.includes('last')) progress.saved = { step, path: store.placeOf('last') };
    return { type: 'checkpoint', step, names, paths: names.map((name) => store.placeOf(name)) } as const;
  };
  if (collective && collective.rank > 0) {
    await collective.barrier();
    return done();
  }
  const values = await state.read();
  for (const [name, value] of values) {
    const bad = firstNotFinite(value);
    if (bad === undefined) continue;
    const context = { step, phase: 'checkpoint', examples: [], checkpoint: progress.saved?.path };
    throw new NotFiniteError(`every value of ${name}`, String(bad), context);
  }
  const info = {
    step,
    seed: options.seed ?? 0,
    config,
    engine: fingerprintOf(options),
    ...(best && { best }),
    ...(evaluated !== undefined && { evaluated }),
  };
  await store.save(names, { ...info, values });
  await collective?.barrier();
  return done();
}

function firstNotFinite({ dtype, data }: TensorData): number | undefined {
  if (dtype !== 'float32') return undefined;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return data[i];
  return undefined;
}
