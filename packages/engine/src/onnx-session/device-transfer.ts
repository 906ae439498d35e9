import { createProgram, formatType, type StateSpec, variable } from '@nats/graph';
import type { Tensor } from 'onnxruntime-common';
import type { DeviceSession, OpenDeviceSession } from './device-session.js';
import type { Tensors } from './session.js';

/** Moves values of a state to the device and back. */
export interface DeviceTransfer {
  /** @param values of all variables: those that are wanted are in JavaScript memory, others may be anywhere */
  upload(values: Tensors, wanted: readonly string[]): Promise<Map<string, Tensor>>;
  download(values: Tensors, wanted: readonly string[]): Promise<Map<string, Tensor>>;
}

export interface DeviceTransfers {
  of(spec: StateSpec): Promise<DeviceTransfer>;
  release(): Promise<void>;
}

/** Of states without values. */
const NOTHING: DeviceTransfer = { upload: async () => new Map(), download: async () => new Map() };

const moved = (name: string) => `${name}:moved`;

/**
 * onnxruntime-node can not read a tensor of the device directly (its getData ends the process). Sessions that compute
 * nothing do it: one whose outputs stay on the device, one whose outputs come back. States of one kind share them.
 */
export function createTransfers(open: OpenDeviceSession): DeviceTransfers {
  const known = new Map<string, Promise<DeviceTransfer>>();
  const sessions: DeviceSession[] = [];
  const make = async (spec: StateSpec): Promise<DeviceTransfer> => {
    const names = [...spec.values()].filter(({ shape }) => !shape.includes(0)).map(({ name }) => name);
    if (names.length === 0) return NOTHING;
    const outputs = Object.fromEntries(
      names.map((name) => {
        const { dtype, shape } = spec.get(name)!;
        return [moved(name), variable(name, dtype, shape)];
      }),
    );
    const program = createProgram({ outputs });
    const started = async (onDevice: readonly string[]) => {
      const session = await open(program, onDevice);
      sessions.push(session);
      return session;
    };
    // Reading comes later, and not in every process.
    const up = await started(names.map(moved));
    let down: Promise<DeviceSession> | undefined;
    return {
      upload: async (values, wanted) => {
        const result = new Map<string, Tensor>();
        if (wanted.length === 0) return result;
        const copies = await up.run(values);
        for (const name of names) {
          if (wanted.includes(name)) result.set(name, copies[moved(name)]!);
          else copies[moved(name)]!.dispose();
        }
        return result;
      },
      download: async (values, wanted) => {
        if (wanted.length === 0) return new Map();
        down ??= started([]);
        const copies = await (await down).run(values, wanted.map(moved));
        return new Map(wanted.map((name) => [name, copies[moved(name)]!]));
      },
    };
  };
  return {
    of: (spec) => {
      const key = [...spec.values()].map((entry) => `${entry.name} ${formatType(entry)}`).join('\n');
      const transfer = known.get(key) ?? make(spec);
      known.set(key, transfer);
      return transfer;
    },
    release: async () => {
      known.clear();
      for (const session of sessions.splice(0)) await session.release();
    },
  };
}
