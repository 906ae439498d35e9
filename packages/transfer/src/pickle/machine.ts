import { atMost, bad, decodeText, type Source, viewOf } from '../source.js';
import { container } from './containers.js';
import { OP } from './opcodes.js';
import { scalar } from './scalars.js';
import { fail, field, get, type Machine, mark, pop, popMark, take, top, uint8, uint32 } from './state.js';
import { describe, isKind, type PickleGlobal, type PickleValue, textOf } from './values.js';

/** What a pickle may do beyond plain data. Every function throws for what it does not know. */
export interface PickleHost {
  /** A global was named (`module.name`); called before anything else can be done with it. */
  readonly global: (name: string, field: string) => PickleGlobal;
  /** True for a global that becomes a placeholder when it is called. */
  readonly isInert: (callable: PickleGlobal) => boolean;
  /** `callable(*args)`, also for `cls.__new__(cls, *args)`. */
  readonly call: (callable: PickleGlobal, args: readonly PickleValue[], field: string) => PickleValue;
  /** `object.__setstate__(state)`. */
  readonly build: (object: PickleValue, state: PickleValue, field: string) => void;
  /** An object outside the pickle. */
  readonly persistent: (id: PickleValue, field: string) => PickleValue;
}

/**
 * Runs one pickle as a stack machine over plain data: no Python name is resolved, nothing is executed, and what it may
 * build is up to `host`. Its memory is bounded by the caps on instructions, marks and string lengths.
 *
 * The npm package pickleparser was tried first and cannot be made safe from outside: it calls whatever lies on the
 * stack (`Reflect.construct`, `func(...args)`) without a check that a resolver handed it out, DICT and BUILD assign keys
 * such as `__proto__` to plain objects, an unknown memo entry is `undefined`, spread arguments overflow the stack, and
 * there is no place for caps.
 * @param start where the pickle begins in the source.
 * @param what the pickle's name in errors.
 * @returns the value, and where the pickle ends (files hold several in a row).
 * @throws NatsError `malformed` for a truncated pickle, unknown opcodes, an empty stack, unknown memo entries,
 * duplicate keys, or more than the caps allow.
 */
export function runPickle(
  source: Source,
  start: number,
  what: string,
  host: PickleHost,
): { value: PickleValue; end: number } {
  const view = viewOf(source.bytes);
  const machine: Machine = {
    source,
    view,
    host,
    what,
    position: start,
    stack: [],
    marks: [],
    memo: new Map(),
    keyBytes: 0,
  };
  for (let count = 1; ; count++) {
    if (count > source.limits.maxPickleOps) {
      const limit = atMost('maxPickleOps', source.limits);
      throw bad(source, what, 'a pickle has a bounded number of instructions', `${count}`, limit);
    }
    const opcode = take(machine, 1)[0]!;
    if (opcode === OP.STOP) return { value: pop(machine), end: machine.position };
    step(machine, opcode);
  }
}

function step(machine: Machine, opcode: number): void {
  const { stack } = machine;
  switch (opcode) {
    case OP.PROTO: {
      const version = uint8(machine);
      if (version < 2 || version > 5) throw fail(machine, 'a pickle has protocol 2 to 5', `${version}`);
      return;
    }
    case OP.FRAME: // Framing helps Python's buffering only; what it announces is checked where it is used.
      take(machine, 8);
      return;
    case OP.MARK:
      mark(machine);
      return;
    case OP.POP:
      // Python's unpickler takes a mark away when nothing lies above it.
      if (stack.length > 0) stack.pop();
      else popMark(machine);
      return;
    case OP.POP_MARK:
      popMark(machine);
      return;
    case OP.DUP:
      stack.push(top(machine));
      return;
    case OP.BINPUT:
      machine.memo.set(uint8(machine), top(machine));
      return;
    case OP.LONG_BINPUT:
      machine.memo.set(uint32(machine), top(machine));
      return;
    case OP.MEMOIZE:
      machine.memo.set(machine.memo.size, top(machine));
      return;
    case OP.BINGET:
      get(machine, uint8(machine));
      return;
    case OP.LONG_BINGET:
      get(machine, uint32(machine));
      return;
    case OP.GLOBAL: {
      const module = line(machine);
      pushGlobal(machine, module, line(machine));
      return;
    }
    case OP.STACK_GLOBAL: {
      const name = textOf(pop(machine));
      const module = textOf(pop(machine));
      if (name === undefined || module === undefined) throw fail(machine, 'a global is named by strings', 'others');
      pushGlobal(machine, module, name);
      return;
    }
    case OP.REDUCE:
    case OP.NEWOBJ:
      call(machine, pop(machine));
      return;
    case OP.NEWOBJ_EX: {
      const keywords = pop(machine);
      const args = pop(machine);
      const callable = top(machine);
      // A placeholder drops what it is given.
      const drops = isKind(callable, 'global') && machine.host.isInert(callable);
      if (!isKind(keywords, 'dict') || (keywords.entries.size > 0 && !drops)) {
        throw fail(machine, 'a constructor has no keyword arguments', describe(keywords));
      }
      call(machine, args);
      return;
    }
    case OP.BUILD: {
      const state = pop(machine);
      machine.host.build(top(machine), state, field(machine));
      return;
    }
    case OP.BINPERSID:
      stack.push(machine.host.persistent(pop(machine), field(machine)));
      return;
    default:
      if (!scalar(machine, opcode) && !container(machine, opcode)) {
        const received = `0x${opcode.toString(16).padStart(2, '0')}`;
        throw fail(machine, 'an opcode of a pickle is one that data needs', received);
      }
  }
}

function pushGlobal(machine: Machine, module: string, name: string): void {
  machine.stack.push(machine.host.global(`${module}.${name}`, field(machine)));
}

function call(machine: Machine, args: PickleValue): void {
  const callable = pop(machine);
  if (!isKind(callable, 'global')) throw fail(machine, 'only a global is called', describe(callable));
  if (!isKind(args, 'tuple')) throw fail(machine, 'arguments are a tuple', describe(args));
  machine.stack.push(machine.host.call(callable, args.items, field(machine)));
}

/** A line of a GLOBAL opcode: module or name, short. */
function line(machine: Machine): string {
  const { bytes, limits } = machine.source;
  const end = machine.position + limits.maxNameBytes;
  for (let at = machine.position; at < Math.min(bytes.length, end); at++) {
    if (bytes[at] !== 0x0a) continue;
    const text = decodeText(machine.source, field(machine), take(machine, at - machine.position));
    machine.position++;
    return text;
  }
  throw fail(machine, 'the name of a global ends with a line feed', 'none in reach', atMost('maxNameBytes', limits));
}
