import { quote } from '../source.js';
import { OP } from './opcodes.js';
import { checkTextLength, fail, type Machine, pop, popMark, top, underflow } from './state.js';
import { describe, isKind, type PickleDict, type PickleValue, textOf } from './values.js';

/** Opcodes that make or fill a tuple, list, set or dict. */
export function container(machine: Machine, opcode: number): boolean {
  switch (opcode) {
    case OP.EMPTY_TUPLE:
      machine.stack.push({ kind: 'tuple', items: [] });
      return true;
    case OP.TUPLE1:
    case OP.TUPLE2:
    case OP.TUPLE3:
      tuple(machine, opcode - OP.TUPLE1 + 1);
      return true;
    case OP.TUPLE: {
      const items = popMark(machine);
      machine.stack.push({ kind: 'tuple', items });
      return true;
    }
    case OP.EMPTY_LIST:
    case OP.EMPTY_SET:
      machine.stack.push({ kind: 'list', items: [] });
      return true;
    case OP.LIST:
    case OP.FROZENSET: {
      const items = popMark(machine);
      machine.stack.push({ kind: 'list', items });
      return true;
    }
    case OP.APPEND: {
      const item = pop(machine);
      append(machine, [item]);
      return true;
    }
    case OP.APPENDS:
    case OP.ADDITEMS:
      append(machine, popMark(machine));
      return true;
    case OP.EMPTY_DICT:
      machine.stack.push({ kind: 'dict', entries: new Map() });
      return true;
    case OP.DICT: {
      const items = popMark(machine);
      machine.stack.push({ kind: 'dict', entries: new Map() });
      setItems(machine, items);
      return true;
    }
    case OP.SETITEM: {
      const value = pop(machine);
      const key = pop(machine);
      setItems(machine, [key, value]);
      return true;
    }
    case OP.SETITEMS:
      setItems(machine, popMark(machine));
      return true;
    default:
      return false;
  }
}

function tuple(machine: Machine, length: number): void {
  if (machine.stack.length < length) throw underflow(machine);
  machine.stack.push({ kind: 'tuple', items: machine.stack.splice(-length) });
}

function append(machine: Machine, items: readonly PickleValue[]): void {
  const list = top(machine);
  // An inert container (a defaultdict, a deque) drops what it is given.
  if (isKind(list, 'inert')) return;
  if (!isKind(list, 'list')) throw fail(machine, 'items are appended to a list', describe(list));
  for (const item of items) list.items.push(item);
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const dict = top(machine);
  if (isKind(dict, 'inert')) return;
  if (!isKind(dict, 'dict')) throw fail(machine, 'keys are set on a dict', describe(dict));
  if (items.length % 2 !== 0) throw fail(machine, 'every key of a dict has a value', `${items.length} items`);
  for (let i = 0; i < items.length; i += 2) setItem(machine, dict, items[i]!, items[i + 1]!);
}

function setItem(machine: Machine, dict: PickleDict, rawKey: PickleValue, value: PickleValue): void {
  const key = rawKey instanceof Uint8Array ? boundedText(machine, rawKey) : rawKey;
  if (dict.entries.has(key)) {
    const shown = typeof key === 'string' ? quote(key) : describe(key);
    throw fail(machine, 'a key of a dict occurs once', `${shown} twice`);
  }
  dict.entries.set(key, value);
}

function boundedText(machine: Machine, bytes: Uint8Array): string {
  checkTextLength(machine, bytes.length);
  // One memo entry can be the key of every instruction; a real file's keys add up to less than the file.
  machine.keyBytes += bytes.length;
  if (machine.keyBytes > machine.source.bytes.length) {
    throw fail(machine, 'keys of dicts take less than the file', `${machine.keyBytes} bytes`);
  }
  return textOf(bytes) as string;
}
