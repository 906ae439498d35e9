import { deflateSync } from 'fflate';
import { bytes, floats, u64 } from './bytes.js';
import { p, pickled, tensorPickle } from './pickle.js';
import { makeTorchZip } from './pth.js';
import { joinAll, makeZip } from './zip.js';

/** Files that ask for gigabytes, or are millions of small things. Each is a few megabytes at most. */
export const HOSTILE: Record<string, () => Uint8Array> = {
  'safetensors: a header of 2^62 bytes': () => bytes(u64(2n ** 62n), '{}'),
  'safetensors: a tensor of 2^40 elements': () => {
    const header = '{"x":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}';
    return bytes(u64(header.length), header);
  },
  'safetensors: a million empty arrays in the header': () => {
    const header = `{"x":[${'[],'.repeat(1_000_000)}[]]}`;
    return bytes(u64(header.length), header);
  },
  'pth: 4 GiB by stride 0': () =>
    makeTorchZip(
      pickled(p.dictOf(p.text('x'), tensorPickle({ key: '0', count: 1, shape: [2 ** 15, 2 ** 15], strides: [0, 0] }))),
      [{ key: '0', data: floats(1) }],
    ),
  'pth: four million empty lists': () => pickled(new Uint8Array(4_000_000).fill(0x5d)),
  'pth: a million memo entries of nested tuples': () =>
    pickled(
      p.none,
      new Uint8Array(2_000_000).map((_, index) => (index % 2 === 0 ? 0x85 : 0x94)),
    ),
  'pth: one megabyte copied by every instruction': () => {
    const text = p.text('x'.repeat(2 ** 20));
    const call = bytes(p.get(0), p.get(1), p.reduce);
    // A gigabyte if it were done: enough to fail this test, too little to harm the machine.
    const calls = joinAll(Array<Uint8Array>(1000).fill(call));
    return joinAll([
      pickled(p.global('_codecs', 'encode'), p.put(0), text, p.text('latin1'), p.tuple2, p.put(1)).subarray(0, -1),
      calls,
      p.stop,
    ]);
  },
  'npz: 2 GiB of zeros in 2 MB': () => {
    const zeros = deflateSync(new Uint8Array(2 ** 24));
    const claim = { method: 8, size: 2 ** 31, crc: 0 };
    return makeZip([{ name: 'x.npy', data: joinAll(Array<Uint8Array>(128).fill(zeros)), claim }]);
  },
  'onnx: 600 000 tensors without elements': () => {
    const tensor = [0x2a, 4, 0x08, 0, 0x10, 1];
    const graph = new Uint8Array(3_600_000).map((_, index) => tensor[index % 6]!);
    return bytes([0x08, 7, 0x3a, 0x80, 0xdd, 0xdb, 0x01], graph);
  },
  'onnx: two million empty nodes': () => {
    const graph = new Uint8Array(4_000_000).map((_, index) => (index % 2 === 0 ? 0x0a : 0));
    return joinAll([bytes([0x08, 7, 0x3a, 0x80, 0x92, 0xf4, 0x01]), graph, bytes([0xff])]);
  },
};
