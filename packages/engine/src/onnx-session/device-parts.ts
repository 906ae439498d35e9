import { checkStateValues, type Engine } from '@nats/graph';
import { createDeviceExecutable } from './device-executable.js';
import type { OpenDeviceSession } from './device-session.js';
import { createDeviceState } from './device-state.js';
import { createTransfers } from './device-transfer.js';
import type { ExecutableOptions } from './executable.js';

/** What an engine does whose states stay on a device. */
export interface DeviceParts extends Pick<Engine, 'createState' | 'compile'> {
  /** Frees what states share. */
  release(): Promise<void>;
}

export function deviceParts(open: OpenDeviceSession, execution: ExecutableOptions): DeviceParts {
  const transfers = createTransfers(open);
  return {
    createState: async (spec, values) => {
      checkStateValues(spec, values, true);
      return createDeviceState(spec, values, await transfers.of(spec), execution.toOrt);
    },
    compile: (program) => createDeviceExecutable(program, open, execution),
    release: () => transfers.release(),
  };
}
