import { describe, expect, it } from 'vitest';
import { bytes, u32, u64 } from '../../test/helpers/bytes.js';
import { malformedBy } from '../../test/helpers/errors.js';
import { p, pickled } from '../../test/helpers/pickle.js';
import type { Limits } from '../limits.js';
import { weightHost } from '../pytorch/host.js';
import { openSource } from '../source.js';
import { checkGraph } from './check-graph.js';
import { runPickle } from './machine.js';
import { isKind, type PickleValue } from './values.js';

function run(content: Uint8Array, limits: Partial<Limits> = {}): PickleValue {
  const source = openSource(content, { limits });
  const { value, end } = runPickle(source, 0, 'pickle', weightHost(source));
  expect(end).toBe(content.length);
  checkGraph(source, 'pickle', value);
  return value;
}

const list = (...items: PickleValue[]): PickleValue => ({ kind: 'list', items });

describe('plain data', () => {
  it('scalars of all protocols', () => {
    const value = run(
      pickled(
        p.emptyList,
        p.mark,
        p.none,
        bytes([0x88], [0x89]),
        bytes('K', [255], 'M', [1, 2], 'J', u32(-5)),
        bytes([0x8a, 0], [0x8a, 1, 0xff], [0x8a, 8], u64(2n ** 53n)),
        bytes('G', [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
        bytes([0x8c, 2], 'hi', [0x8d], u64(1), 'x'),
        bytes('e'),
      ),
    );
    expect(value).toEqual(list(null, true, false, 255, 513, -5, 0, -1, 2n ** 53n, 1.5, 'hi', 'x'));
  });

  it('containers, memo and frames', () => {
    const value = run(
      bytes(
        p.proto(4),
        [0x95],
        u64(3),
        p.emptyDict,
        [0x94],
        p.text('a'),
        p.tupleOf(p.int(1), p.int(2), p.int(3), p.int(4)),
        [0x94],
        p.setItem,
        p.mark,
        p.text('b'),
        bytes('h', [1]),
        p.text('c'),
        bytes(p.int(1), [0x85]),
        p.setItems,
        p.stop,
      ),
    );
    expect(isKind(value, 'dict') && [...value.entries.keys()]).toEqual(['a', 'b', 'c']);
    expect(isKind(value, 'dict') && value.entries.get('b')).toEqual({ kind: 'tuple', items: [1, 2, 3, 4] });
  });

  it('keys of Object.prototype stay keys', () => {
    const value = run(pickled(p.dictOf(p.text('__proto__'), p.int(1), p.text('constructor'), p.int(2))));
    expect(isKind(value, 'dict') && [...value.entries]).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  it('names that are data only become inert placeholders', () => {
    const value = run(pickled(p.global('argparse', 'Namespace'), p.emptyTuple, p.newObject, p.emptyDict, p.build));
    expect(value).toEqual({ kind: 'inert', name: 'argparse.Namespace' });
  });
});

describe('hostile pickles', () => {
  const whole = pickled(
    p.dictOf(p.text('a'), p.tupleOf(p.int(1), p.int(70000)), p.text('b'), bytes([0x8a, 3, 1, 2, 3])),
  );

  it('truncated anywhere', () => {
    for (let length = 0; length < whole.length; length++) {
      malformedBy(() => run(whole.subarray(0, length)), /inside the file/);
    }
  });

  it('any byte changed gives a result or a typed error, never another one', () => {
    for (let at = 0; at < whole.length; at++) {
      for (let value = 0; value < 256; value++) {
        const changed = whole.slice();
        changed[at] = value;
        const source = openSource(changed);
        try {
          runPickle(source, 0, 'pickle', weightHost(source));
        } catch (error) {
          expect(error).toHaveProperty('name', 'NatsError');
        }
      }
    }
  });

  it('forbidden globals, by every opcode that names one', () => {
    const names = [
      ['os', 'system'],
      ['posix', 'system'],
      ['nt', 'system'],
      ['subprocess', 'Popen'],
      ['builtins', 'eval'],
      ['builtins', 'exec'],
      ['builtins', 'getattr'],
      ['builtins', '__import__'],
      ['__builtin__', 'eval'],
      ['torch.hub', 'load'],
      ['torch.storage', '_load_from_bytes'],
      ['torch', 'load'],
      ['runpy', '_run_code'],
      ['webbrowser', 'open'],
      ['collections', 'OrderedDict.fromkeys'],
      ['torch', '__proto__'],
      ['', 'constructor'],
      ['torch', 'constructorStorage'],
    ] as const;
    for (const [module, name] of names) {
      const call = [p.tupleOf(p.text('true')), p.reduce];
      malformedBy(() => run(pickled(p.global(module, name), ...call)), /outside the allow-list/);
      const stackGlobal = bytes(p.text(module), p.text(name), [0x93]);
      malformedBy(() => run(bytes(p.proto(4), stackGlobal, ...call, p.stop)), /outside the allow-list/);
    }
  });

  it('opcodes that data does not need', () => {
    // INST, OBJ, EXT1, EXT2, EXT4, PERSID, NEXT_BUFFER, READONLY_BUFFER, protocol 0 text.
    for (const opcode of ['i', 'o', '\x82', '\x83', '\x84', 'P', '\x97', '\x98', 'p', 'g', 'I', 'L', 'F', 'S', 'V']) {
      malformedBy(() => run(bytes(p.proto(), opcode, 'os\nsystem\n', p.stop)), /one that data needs/);
    }
    malformedBy(() => run(bytes([0x80, 6], p.none, p.stop)), /protocol 2 to 5/);
  });

  it('calls of what is not callable', () => {
    malformedBy(() => run(pickled(p.text('os.system'), p.emptyTuple, p.reduce)), /only a global is called/);
    malformedBy(() => run(pickled(p.global('torch', 'Tensor'), p.emptyTuple, p.reduce)), /allow-list are called/);
    malformedBy(() => run(pickled(p.global('torch', 'FloatStorage'), p.emptyTuple, p.reduce)), /allow-list are called/);
    malformedBy(() => run(pickled(p.global('torch', 'Size'), p.int(1), p.reduce)), /arguments are a tuple/);
    malformedBy(() => run(pickled(p.int(1), p.emptyDict, p.build)), /state is set on/);
  });

  it('stack and memo misuse', () => {
    for (const content of [
      '',
      '0',
      '2',
      't',
      'a',
      's',
      'u',
      'R',
      'Q',
      'b',
      'q\0',
      '\x85',
      '\x86',
      '\x87',
      '1',
      '\x81',
    ]) {
      malformedBy(() => run(bytes(p.proto(), content, p.stop)), /values that it pushed|marks that it opened/);
    }
    malformedBy(() => run(pickled(p.get(7))), /memo entries that it wrote/);
    malformedBy(() => run(pickled(p.int(1), p.int(2), p.append)), /appended to a list/);
    malformedBy(() => run(pickled(p.emptyDict, p.mark, p.int(1), p.setItems)), /every key of a dict/);
  });

  it('duplicate keys', () => {
    malformedBy(() => run(pickled(p.dictOf(p.text('a'), p.int(1), p.text('a'), p.int(2)))), /"a" twice/);
    const pair = p.tupleOf(p.text('a'), p.int(1));
    const pairs = bytes(p.emptyList, pair, p.append, pair, p.append, [0x85]);
    malformedBy(() => run(pickled(p.global('collections', 'OrderedDict'), pairs, p.reduce)), /occurs once/);
  });

  it('cycles', () => {
    const listInItself = bytes(p.emptyList, p.put(0), p.get(0), p.append);
    malformedBy(() => run(pickled(listInItself)), /contains itself/);
    const dictInItself = bytes(p.emptyDict, p.put(0), p.text('a'), p.get(0), p.setItem);
    malformedBy(() => run(pickled(dictInItself)), /contains itself/);
    const through = bytes(p.emptyList, p.put(0), p.get(0), [0x85], p.put(1), p.append);
    malformedBy(() => run(pickled(through)), /contains itself/);
  });

  it('deep nesting, by marks and by containers', () => {
    malformedBy(() => run(pickled(...Array<Uint8Array>(20_000).fill(p.mark))), /maxPickleDepth/);
    malformedBy(() => run(pickled(p.none, ...Array<Uint8Array>(20_000).fill(p.tuple1))), /maxPickleDepth/);
  });

  it('many paths through few containers take no time', () => {
    const levels = Array.from({ length: 60 }, (_, level) =>
      bytes(p.get(level), p.get(level), p.tuple2, p.put(level + 1)),
    );
    expect(isKind(run(pickled(p.emptyList, p.put(0), ...levels)), 'tuple')).toBe(true);
  });

  it('absurd lengths and counts', () => {
    malformedBy(() => run(bytes(p.proto(), 'X', u32(0xffffffff), 'abc', p.stop)), /maxPickleTextBytes/);
    malformedBy(() => run(bytes(p.proto(), [0x8d], u64(2n ** 63n), p.stop)), /maxPickleTextBytes/);
    malformedBy(() => run(bytes(p.proto(), [0x8e], u64(2n ** 63n), p.stop)), /inside the file/);
    malformedBy(() => run(bytes(p.proto(), [0x8b], u32(0x7fffffff), p.stop)), /maxPickleIntegerBytes/);
    malformedBy(() => run(bytes(p.proto(), 'c', 'x'.repeat(5000))), /ends with a line feed/);
    malformedBy(() => run(pickled(p.none, p.none), { maxPickleOps: 2 }), /maxPickleOps/);
    malformedBy(() => run(bytes(p.proto(), 'X', u32(2), [0xc3, 0x28], p.stop)), /UTF-8/);
  });

  it('one memo entry copied many times', () => {
    const text = 'x'.repeat(1000);
    const encode = [p.global('_codecs', 'encode'), p.put(0), p.text(text), p.text('latin1'), p.tuple2, p.put(1)];
    const calls = Array<Uint8Array>(100).fill(bytes(p.get(0), p.get(1), p.reduce));
    malformedBy(() => run(pickled(...encode, ...calls)), /copies no more than it holds/);
    const key = bytes('T', u32(text.length), text);
    const dicts = Array<Uint8Array>(100).fill(bytes(p.emptyDict, p.get(0), p.none, p.setItem));
    malformedBy(() => run(pickled(key, p.put(0), ...dicts)), /take less than the file/);
  });
});
