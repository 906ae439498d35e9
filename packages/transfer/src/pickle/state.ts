import { atMost, bad, type Source, slice, uint64 } from '../source.js';
import type { PickleHost } from './machine.js';
import type { PickleValue } from './values.js';

/** The state of a pickle machine, and how it reads bytes and its stack. Every read is checked. */
export interface Machine {
  readonly source: Source;
  readonly view: DataView;
  readonly host: PickleHost;
  readonly what: string;
  position: number;
  stack: PickleValue[];
  readonly marks: PickleValue[][];
  readonly memo: Map<number, PickleValue>;
  /** Bytes of byte strings that became text as keys. */
  keyBytes: number;
}

export function mark(machine: Machine): void {
  if (machine.marks.length >= machine.source.limits.maxPickleDepth) {
    const limit = atMost('maxPickleDepth', machine.source.limits);
    throw fail(machine, 'a pickle is not nested deeply', `${machine.marks.length + 1} open marks`, limit);
  }
  machine.marks.push(machine.stack);
  machine.stack = [];
}

/** Takes the items above the last mark. */
export function popMark(machine: Machine): PickleValue[] {
  const items = machine.stack;
  const below = machine.marks.pop();
  if (below === undefined) throw fail(machine, 'a pickle closes marks that it opened', 'a mark too few');
  machine.stack = below;
  return items;
}

export function get(machine: Machine, index: number): void {
  const value = machine.memo.get(index);
  if (value === undefined) throw fail(machine, 'a pickle reads memo entries that it wrote', `entry ${index}`);
  machine.stack.push(value);
}

export function pop(machine: Machine): PickleValue {
  const value = machine.stack.pop();
  if (value === undefined) throw underflow(machine);
  return value;
}

export function top(machine: Machine): PickleValue {
  const value = machine.stack.at(-1);
  if (value === undefined) throw underflow(machine);
  return value;
}

export function take(machine: Machine, length: number): Uint8Array {
  const { position, source } = machine;
  const end = position + length;
  if (end > source.bytes.length) return slice(source, field(machine), position, length);
  machine.position = end;
  return source.bytes.subarray(position, end);
}

export function uint8(machine: Machine): number {
  return take(machine, 1)[0]!;
}

export function uint32(machine: Machine): number {
  take(machine, 4);
  return machine.view.getUint32(machine.position - 4, true);
}

export function count64(machine: Machine): number {
  take(machine, 8);
  return uint64(machine.view, machine.position - 8);
}

export function checkTextLength(machine: Machine, length: number): void {
  if (length > machine.source.limits.maxPickleTextBytes) {
    const limit = atMost('maxPickleTextBytes', machine.source.limits);
    throw fail(machine, 'a string in a pickle is short', `${length} bytes`, limit);
  }
}

export function field(machine: Machine): string {
  return `${machine.what}, byte ${machine.position}`;
}

export function fail(machine: Machine, rule: string, received: string, limit?: string) {
  return bad(machine.source, field(machine), rule, received, limit);
}

export function underflow(machine: Machine) {
  return fail(machine, 'a pickle takes values that it pushed', 'an empty stack');
}
