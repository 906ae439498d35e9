import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TensorData, tensorData } from '@nats/graph';
import { describe, expect, it } from 'vitest';
import { bytes, floats } from '../../test/helpers/bytes.js';
import { malformedBy, refusal } from '../../test/helpers/errors.js';
import { p, pickled, type TensorArgs, tensorPickle } from '../../test/helpers/pickle.js';
import { legacyHead, makeLegacy, makePth, makeTorchZip } from '../../test/helpers/pth.js';
import { sharedFolder } from '../../test/helpers/shared.js';
import { makeZip } from '../../test/helpers/zip.js';
import { parsePickle, parsePytorch } from './index.js';

const fixture = (name: string) => readFile(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));

const tensors = new Map<string, TensorData>([
  ['conv.weight', tensorData('float32', [2, 1, 1, 2], [1, 2, 3, 4])],
  ['bn.num_batches_tracked', tensorData('int32', [], [5])],
  ['mask', tensorData('bool', [3], [1, 0, 1])],
]);

const plain: TensorArgs = { key: '0', count: 4, shape: [2, 2], strides: [2, 1] };

/** A zip of one tensor, spoiled by the caller. */
function zipOf(args: Partial<TensorArgs>, data = floats(1, 2, 3, 4)): Uint8Array {
  const saved = pickled(p.dictOf(p.text('x'), tensorPickle({ ...plain, ...args })));
  return makeTorchZip(saved, [{ key: '0', data }]);
}

function legacyOf(args: Partial<TensorArgs>, data = floats(1, 2, 3, 4), count = 4): Uint8Array {
  const saved = pickled(p.dictOf(p.text('x'), tensorPickle({ ...plain, ...args, legacy: true })));
  return makeLegacy(saved, [{ key: '0', count, data }]);
}

describe('reading', () => {
  it('both formats, saved from any device', () => {
    for (const location of ['cpu', 'cuda:0', 'mps']) {
      for (const legacy of [false, true]) {
        const weights = parsePytorch(makePth(tensors, { legacy, location }));
        expect(weights.format).toBe(legacy ? 'pytorch-legacy' : 'pytorch-zip');
        expect([...weights.tensors]).toEqual([...tensors]);
      }
    }
  });

  it('the bytes given are not changed, be they a Buffer', () => {
    for (const legacy of [false, true]) {
      const file = Buffer.from(makePth(tensors, { legacy }));
      const before = Buffer.from(file);
      parsePytorch(file);
      expect(file.equals(before)).toBe(true);
      expect([...parsePytorch(file).tensors]).toEqual([...tensors]);
    }
  });

  it('strides, offsets and repeats', () => {
    const read = (args: Partial<TensorArgs>) => [...parsePytorch(zipOf(args)).tensors.get('x')!.data];
    expect(read({ strides: [1, 2] })).toEqual([1, 3, 2, 4]);
    expect(read({ shape: [2], strides: [1], offset: 2 })).toEqual([3, 4]);
    expect(read({ shape: [3, 2], strides: [0, 1], offset: 1 })).toEqual([2, 3, 2, 3, 2, 3]);
    expect(read({ shape: [], strides: [], offset: 3 })).toEqual([4]);
    expect(read({ shape: [0, 5], strides: [5, 1], offset: 4 })).toEqual([]);
    expect(read({ shape: [1, 4], strides: [99, 1] })).toEqual([1, 2, 3, 4]);
  });

  it('a legacy view shows part of a storage', () => {
    const view = p.tupleOf(p.text('view'), p.int(1), p.int(2));
    const id = p.tupleOf(
      p.text('storage'),
      p.global('torch', 'FloatStorage'),
      p.text('0'),
      p.text('cpu'),
      p.int(4),
      view,
    );
    const tensor = (length: number) =>
      bytes(
        p.global('torch._utils', '_rebuild_tensor'),
        p.tupleOf(id, p.persistent, p.int(0), p.tupleOf(p.int(length)), p.tupleOf(p.int(1))),
        p.reduce,
      );
    const file = (length: number) =>
      makeLegacy(pickled(p.dictOf(p.text('x'), tensor(length))), [{ key: '0', count: 4, data: floats(1, 2, 3, 4) }]);
    expect([...parsePytorch(file(2)).tensors.get('x')!.data]).toEqual([2, 3]);
    malformedBy(() => parsePytorch(file(3)), /inside its storage/);
  });

  it('compressed entries (a repacked archive)', () => {
    const saved = pickled(p.dictOf(p.text('x'), tensorPickle(plain)));
    const file = makeZip([
      { name: 'x/data.pkl', data: saved, deflate: true },
      { name: 'x/data/0', data: floats(1, 2, 3, 4), deflate: true },
    ]);
    expect([...parsePytorch(file).tensors.get('x')!.data]).toEqual([1, 2, 3, 4]);
  });

  it('several models are read together, without the optimizer and with what lies beside them', () => {
    const part = p.dictOf(p.text('w'), tensorPickle(plain));
    const state = p.dictOf(p.text('state'), p.dictOf(p.int(0), p.dictOf(p.text('exp_avg'), tensorPickle(plain))));
    const saved = [p.text('generator'), part, p.text('critic'), part, p.text('optimizer'), state];
    const beside = [...saved, p.text('best'), tensorPickle(plain)];
    const read = (content: Uint8Array[]) => {
      const file = makeTorchZip(pickled(p.dictOf(...content)), [{ key: '0', data: floats(1, 2, 3, 4) }]);
      return [...parsePytorch(file).tensors.keys()];
    };
    expect(read(saved)).toEqual(['generator.w', 'critic.w']);
    expect(read(beside)).toEqual(['generator.w', 'critic.w', 'best']);
  });

  it('further names are accepted as placeholders when the caller says so', () => {
    const note = bytes(p.global('my.config', 'Options'), p.emptyTuple, p.newObject, p.emptyDict, p.build);
    const file = makeTorchZip(pickled(p.dictOf(p.text('x'), tensorPickle(plain), p.text('note'), note)), [
      { key: '0', data: floats(1, 2, 3, 4) },
    ]);
    malformedBy(() => parsePytorch(file), /my\.config\.Options.*inertGlobals/);
    expect(parsePytorch(file, { inertGlobals: ['my.config.Options'] }).tensors.size).toBe(1);
  });
});

describe('what trainers pickle beside the weights', () => {
  const beside = (...value: Uint8Array[]) =>
    makeTorchZip(pickled(p.dictOf(p.text('state_dict'), p.dictOf(p.text('x'), tensorPickle(plain)), ...value)), [
      { key: '0', data: floats(1, 2, 3, 4) },
    ]);
  const object = (module: string, name: string, ...args: Uint8Array[]) =>
    bytes(p.global(module, name), p.tupleOf(...args), p.reduce);
  const built = (module: string, name: string) =>
    bytes(p.global(module, name), p.emptyTuple, p.newObject, p.dictOf(p.text('lr'), p.int(1)), p.build);

  it.each<[string, Uint8Array]>([
    ["yacs' CfgNode", built('yacs.config', 'CfgNode')],
    ["mmengine's HistoryBuffer", built('mmengine.logging.history_buffer', 'HistoryBuffer')],
    ["mmengine's ConfigDict", built('mmengine.config.config', 'ConfigDict')],
    ["mmcv's ConfigDict", built('mmcv.utils.config', 'ConfigDict')],
    ["omegaconf's DictConfig", built('omegaconf.dictconfig', 'DictConfig')],
    ["Lightning's AttributeDict", built('lightning.fabric.utilities.data', 'AttributeDict')],
    ['an optimizer', built('torch.optim.sgd', 'SGD')],
    ['defaultdict(list)', object('collections', 'defaultdict', p.global('__builtin__', 'list'))],
    ['bytearray', object('builtins', 'bytearray', p.text('x'))],
    ['slice', object('__builtin__', 'slice', p.int(1), p.int(2), p.none)],
    ['range', object('builtins', 'range', p.int(3))],
    ['Decimal', object('decimal', 'Decimal', p.text('1.5'))],
    ['partial', object('functools', 'partial', p.global('builtins', 'int'))],
    ['SimpleNamespace', built('types', 'SimpleNamespace')],
    ['an object of an old class', object('copyreg', '_reconstructor', p.global('yacs.config', 'CfgNode'), p.none)],
    [
      'keyword arguments of a placeholder',
      bytes(p.global('uuid', 'UUID'), p.emptyTuple, p.dictOf(p.text('int'), p.int(1)), [0x92]),
    ],
  ])('%s is no obstacle, and nothing is made of it', (_, value) => {
    const { tensors: read, metadata } = parsePytorch(beside(p.text('note'), value));
    expect([...read.keys()]).toEqual(['x']);
    expect(metadata).toEqual({});
  });

  it('functions stay refused, also among the arguments of placeholders', () => {
    for (const [module, name] of [
      ['builtins', 'eval'],
      ['builtins', 'getattr'],
      ['posix', 'system'],
      ['operator', 'call'],
    ]) {
      const hidden = object('functools', 'partial', p.global(module!, name!));
      malformedBy(() => parsePytorch(beside(p.text('note'), hidden)), /outside the allow-list/);
    }
  });

  it('a defaultdict of tensors is a dict', () => {
    const dict = bytes(object('collections', 'defaultdict'), p.mark, p.text('w'), tensorPickle(plain), p.setItems);
    const file = makeTorchZip(pickled(dict), [{ key: '0', data: floats(1, 2, 3, 4) }]);
    expect([...parsePytorch(file).tensors.keys()]).toEqual(['w']);
  });

  it('state dicts in lists: the only one itself, several by their positions', () => {
    const state = p.dictOf(p.text('w'), tensorPickle(plain));
    const read = (...content: Uint8Array[]) => [
      ...parsePytorch(makeTorchZip(pickled(...content), [{ key: '0', data: floats(1, 2, 3, 4) }])).tensors.keys(),
    ];
    expect(read(p.emptyList, state, p.append)).toEqual(['w']);
    expect(read(p.tupleOf(state, state))).toEqual(['0.w', '1.w']);
    expect(read(p.dictOf(p.text('models'), bytes(p.emptyList, state, p.append)))).toEqual(['models.0.w']);
  });

  it('a lone tensor is named as what it is', () => {
    const file = makeTorchZip(pickled(tensorPickle(plain)), [{ key: '0', data: floats(1, 2, 3, 4) }]);
    malformedBy(() => parsePytorch(file), /received a tensor/);
  });
});

const real = ['resnet20-12fca82f.th', 'resnet56-4bfd9763.th'];
const shared = sharedFolder('data/cifar-resnet');

describe(`real CIFAR classifiers in the legacy format${shared ? '' : ' (skipped: NATS_SHARED is not set)'}`, () => {
  // PyTorch's counts, and its sums over all values and their magnitudes in float64.
  const golden = [
    { tensors: 97, accuracy: '91.78000183105469', trained: 269_722, sum: 139.7826495598208, size: 21349.562590950623 },
    { tensors: 277, accuracy: '93.62', trained: 853_018, sum: 1427.879011697099, size: 41377.086271385946 },
  ];
  for (const [index, name] of real.entries()) {
    it.skipIf(!shared)(name, async () => {
      const { tensors: state, metadata, format } = parsePytorch(await readFile(join(shared!, name)));
      const want = golden[index]!;
      expect(format).toBe('pytorch-legacy');
      expect(state.size).toBe(want.tensors);
      expect(metadata.best_prec1).toBe(want.accuracy);
      expect([...state.keys()].every((key) => key.startsWith('module.'))).toBe(true);
      let [trained, sum, size] = [0, 0, 0];
      for (const [key, { data }] of state) {
        if (/(?:weight|bias)$/.test(key)) trained += data.length;
        for (const value of data) {
          sum += value;
          size += Math.abs(value);
        }
      }
      expect(trained).toBe(want.trained);
      expect(Math.abs(sum - want.sum) / want.size).toBeLessThan(1e-12);
      expect(Math.abs(size - want.size) / want.size).toBeLessThan(1e-12);
    });
  }
});

describe('hostile files', () => {
  it('a zip truncated anywhere', () => {
    const whole = makePth(tensors);
    for (let length = 0; length < whole.length; length++) {
      malformedBy(() => parsePytorch(whole.subarray(0, length)), /truncated|inside the file|ends with its directory/);
    }
  });

  it('a legacy file truncated anywhere', () => {
    const whole = makePth(tensors, { legacy: true });
    for (let length = 16; length < whole.length; length++) {
      malformedBy(() => parsePytorch(whole.subarray(0, length)), /inside the file|ends with a line feed/);
    }
  });

  it('any byte of a real file changed gives weights or a typed error', async () => {
    for (const name of ['wrapped-legacy.pth', 'parts.pth', 'numpy-protocol-2.pkl']) {
      const whole = new Uint8Array(await fixture(name));
      const parse = name.endsWith('.pkl') ? parsePickle : parsePytorch;
      for (let at = 0; at < whole.length; at++) {
        for (const flip of [0x01, 0x80]) {
          const changed = whole.slice();
          changed[at] = changed[at]! ^ flip;
          try {
            parse(changed);
          } catch (error) {
            expect(error).toHaveProperty('name', 'NatsError');
          }
        }
      }
    }
  });

  it('tensors outside their storage', () => {
    for (const make of [zipOf, legacyOf]) {
      malformedBy(() => parsePytorch(make({ shape: [3, 2] })), /inside its storage/);
      malformedBy(() => parsePytorch(make({ offset: 1 })), /inside its storage/);
      malformedBy(() => parsePytorch(make({ strides: [3, 1] })), /inside its storage/);
      malformedBy(() => parsePytorch(make({ strides: [-1, 1] })), /non-negative/);
      malformedBy(() => parsePytorch(make({ offset: -1 })), /non-negative/);
      malformedBy(() => parsePytorch(make({ shape: [-2, 2] })), /non-negative/);
      malformedBy(() => parsePytorch(make({ strides: [1] })), /as many strides/);
      malformedBy(
        () => parsePytorch(make({ shape: [2, 2] as number[], strides: [2 ** 30, 2 ** 30] })),
        /inside its storage/,
      );
    }
  });

  it('storages that are not as large as they say, or are not there', () => {
    malformedBy(() => parsePytorch(zipOf({ count: 5 })), /the bytes that it counts/);
    malformedBy(() => parsePytorch(zipOf({ key: '../../etc/passwd' })), /an entry for each storage/);
    malformedBy(() => parsePytorch(legacyOf({ count: 5 })), /elements that it counts/);
    malformedBy(() => parsePytorch(legacyOf({}, floats(1, 2, 3, 4), 2 ** 40)), /elements that it counts/);
    malformedBy(() => parsePytorch(legacyOf({ key: '1' })), /occurs in the saved object/);
  });

  it('storage keys of a legacy file: twice, or none', () => {
    const saved = pickled(p.dictOf(p.text('x'), tensorPickle({ ...plain, legacy: true })));
    const storage = { key: '0', count: 4, data: floats(1, 2, 3, 4) };
    malformedBy(() => parsePytorch(makeLegacy(saved, [storage, storage])), /"0" twice/);
    malformedBy(() => parsePytorch(makeLegacy(saved, [])), /among the keys/);
    malformedBy(() => parsePytorch(bytes(legacyHead(), saved, pickled(p.none))), /keys are a list/);
  });

  it('one storage of two types', () => {
    const half = tensorPickle({ ...plain, storage: 'HalfStorage', legacy: true });
    const saved = pickled(p.dictOf(p.text('x'), tensorPickle({ ...plain, legacy: true }), p.text('y'), half));
    malformedBy(
      () => parsePytorch(makeLegacy(saved, [{ key: '0', count: 4, data: floats(1, 2, 3, 4) }])),
      /one element type/,
    );
  });

  it('a few bytes that claim much memory by stride 0', () => {
    const huge = { shape: [2 ** 20, 2 ** 10], strides: [0, 0] };
    malformedBy(() => parsePytorch(zipOf({ shape: [2 ** 30], strides: [0] })), /maxExpansion/);
    malformedBy(() => parsePytorch(zipOf(huge)), /maxExpansion/);
    const many = Array.from({ length: 500 }, (_, i) => [
      p.text(`x${i}`),
      tensorPickle({ ...plain, shape: [2 ** 20], strides: [0] }),
    ]).flat();
    const file = makeTorchZip(pickled(p.dictOf(...many)), [{ key: '0', data: floats(1, 2, 3, 4) }]);
    malformedBy(() => parsePytorch(file), /maxExpansion/);
  });

  it('no tensors, other root values, what is not dense', () => {
    const file = (...parts: Uint8Array[]) => makeTorchZip(pickled(...parts), []);
    malformedBy(() => parsePytorch(file(p.emptyDict)), /dict of tensors/);
    malformedBy(() => parsePytorch(file(p.int(3))), /dict of tensors/);
    malformedBy(() => parsePytorch(file(p.dictOf(p.text('a'), p.int(1)))), /keys "a"/);
    const rebuilt = (name: string) => refusal(() => parsePytorch(file(p.global('torch._utils', name)))).message;
    expect(rebuilt('_rebuild_sparse_tensor')).toMatch(/sparse tensor.*to_dense/);
    expect(rebuilt('_rebuild_qtensor')).toMatch(/quantized tensor.*before it was quantized/);
    const complex = zipOf({ storage: 'ComplexFloatStorage' });
    expect(refusal(() => parsePytorch(complex)).message).toMatch(/ComplexFloatStorage/);
    const storage = bytes(p.tupleOf(p.text('module'), p.text('x')), p.persistent);
    malformedBy(() => parsePytorch(file(storage)), /received "module".*is a storage/);
  });

  it('a state dict that contains itself, or is nested deeply', () => {
    const cyclic = bytes(p.emptyDict, p.put(0), p.text('state_dict'), p.get(0), p.setItem);
    malformedBy(() => parsePytorch(makeTorchZip(pickled(cyclic), [])), /contains itself/);
    let deep = tensorPickle(plain);
    for (let i = 0; i < 150; i++) deep = bytes(p.emptyDict, p.text('a'), deep, p.setItem);
    const file = makeTorchZip(pickled(deep), [{ key: '0', data: floats(1, 2, 3, 4) }]);
    malformedBy(() => parsePytorch(file), /maxPickleDepth/);
  });

  it('a large dict reached by many paths', () => {
    const numbers = Array.from({ length: 300 }, (_, i) => [p.text(`n${i}`), p.none]).flat();
    const large = bytes(p.dictOf(p.text('x'), tensorPickle(plain), ...numbers), p.put(0));
    const paths = Array.from({ length: 100 }, (_, i) => [p.text(`p${i}`), p.get(0)]).flat();
    const file = makeTorchZip(pickled(large, p.dictOf(...paths)), [{ key: '0', data: floats(1, 2, 3, 4) }]);
    malformedBy(() => parsePytorch(file, { limits: { maxPickleOps: 5000 } }), /bounded number of entries/);
    expect(parsePytorch(file).tensors.size).toBe(100);
  });

  it('exponentially many names from shared dicts', () => {
    let shared = bytes(p.emptyDict, p.text('x'), tensorPickle(plain), p.setItem, p.put(0));
    for (let level = 0; level < 40; level++) {
      const twice = [p.text('a'), p.get(level), p.setItem, p.text('b'), p.get(level), p.setItem];
      shared = bytes(shared, bytes('0'), p.emptyDict, ...twice, p.put(level + 1));
    }
    const file = makeTorchZip(pickled(shared), [{ key: '0', data: floats(1, 2, 3, 4) }]);
    malformedBy(() => parsePytorch(file), /maxTensors|maxPickleOps/);
  });

  it('wrong magic and versions', () => {
    malformedBy(() => parsePytorch(bytes('not a file')), /ends with its directory/);
    malformedBy(() => parsePytorch(bytes(legacyHead().subarray(0, 15), pickled(p.int(1002)))), /protocol is 1001/);
    malformedBy(() => parsePickle(pickled(p.int(1))), /dict of tensors/);
    const bigEndian = makeZip([
      { name: 'a/data.pkl', data: pickled(p.emptyDict) },
      { name: 'a/byteorder', data: bytes('big') },
    ]);
    expect(refusal(() => parsePytorch(bigEndian)).message).toMatch(/little-endian/);
    const script = makeZip([
      { name: 'a/data.pkl', data: pickled(p.emptyDict) },
      { name: 'a/constants.pkl', data: bytes('') },
    ]);
    expect(refusal(() => parsePytorch(script)).message).toMatch(/TorchScript/);
    const several = makeZip([
      { name: 'a/data.pkl', data: pickled(p.emptyDict) },
      { name: 'b/data.pkl', data: pickled(p.emptyDict) },
    ]);
    malformedBy(() => parsePytorch(several), /one data\.pkl/);
  });

  const arrayOf = (shape: number, content: Uint8Array, dtype = 'f4') =>
    pickled(
      p.dictOf(
        p.text('x'),
        bytes(
          p.global('numpy.core.multiarray', '_reconstruct'),
          p.emptyTuple,
          p.reduce,
          p.tupleOf(
            p.int(1),
            p.tupleOf(p.int(shape)),
            bytes(p.global('numpy', 'dtype'), p.tupleOf(p.text(dtype)), p.reduce),
            bytes([0x89]),
            content,
          ),
          p.build,
        ),
      ),
    );

  it('a large array of protocol 2, whose bytes are a text (PaddlePaddle, Caffe2, pickle.dump of Python 3)', () => {
    const data = Float32Array.from({ length: 400_000 }, (_, i) => Math.sin(i));
    const text = Buffer.from(data.buffer).toString('latin1');
    const content = bytes(p.global('_codecs', 'encode'), p.tupleOf(p.text(text), p.text('latin1')), p.reduce);
    expect(parsePickle(arrayOf(data.length, content)).tensors.get('x')!.data).toEqual(data);
  });

  it('numpy arrays that lie about their size, or have no numbers', () => {
    const array = (shape: number, data: Uint8Array, dtype?: string) =>
      arrayOf(shape, bytes('C', [data.length], data), dtype);
    expect([...parsePickle(array(2, floats(1, 2))).tensors.get('x')!.data]).toEqual([1, 2]);
    malformedBy(() => parsePickle(array(3, floats(1, 2))), /as many bytes/);
    expect(refusal(() => parsePickle(array(1, floats(1), 'O'))).code).toBe('unsupported');
    expect(refusal(() => parsePickle(array(1, floats(1), '>f4'))).code).toBe('unsupported');
    const empty = bytes(p.global('numpy.core.multiarray', '_reconstruct'), p.emptyTuple, p.reduce);
    malformedBy(() => parsePickle(pickled(p.dictOf(p.text('x'), empty))), /has a state/);
    malformedBy(() => parsePickle(pickled(p.dictOf(p.text('x'), tensorPickle(plain)))), /data inside/);
  });
});
