import { describe, expect, it } from 'vitest';
import { bytes, floats, u16, u32 } from '../test/helpers/bytes.js';
import { malformedBy, refusal } from '../test/helpers/errors.js';
import { makeZip } from '../test/helpers/zip.js';
import { parseNpy, parseNpz } from './npy.js';

const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n";

function npy(header = HEADER, data = floats(1, 2, 3, 4), version = 1): Uint8Array {
  const length = version === 1 ? u16(header.length) : u32(header.length);
  return bytes('\x93NUMPY', [version, 0], length, header, data);
}

describe('npy', () => {
  it('all versions, either order, named after the file', () => {
    for (const version of [1, 2, 3]) {
      expect([...parseNpy(npy(HEADER, floats(1, 2, 3, 4), version)).tensors.values()][0]!.data).toEqual(
        Float32Array.of(1, 2, 3, 4),
      );
    }
    const fortran = parseNpy(npy(HEADER.replace('False', 'True')), { name: 'a/b.c.npy' });
    expect([...fortran.tensors.get('b.c')!.data]).toEqual([1, 3, 2, 4]);
  });

  it('truncated anywhere', () => {
    const whole = npy();
    for (let length = 0; length < whole.length; length++) {
      malformedBy(() => parseNpy(whole.subarray(0, length)), /inside the file|as many bytes/);
    }
  });

  it('headers take time linear in their length, whatever they hold', () => {
    for (const shape of ['1'.repeat(4000), '1'.repeat(60), '1 '.repeat(1000), '1,'.repeat(1000), 'L'.repeat(1000)]) {
      // An expression that may split digits in many ways would be busy for ages.
      refusal(() => parseNpy(npy(HEADER.replace('(2, 2)', `(${shape}x)`))));
      refusal(() => parseNpy(npy(HEADER.replace('(2, 2), }', `(${shape}), }!`))));
    }
  });

  it('shapes as Python writes them, and no others', () => {
    const shapeOf = (tuple: string, count: number) =>
      [...parseNpy(npy(HEADER.replace('(2, 2)', tuple), floats(...Array(count).keys()))).tensors.values()][0]!.shape;
    expect(shapeOf('()', 1)).toEqual([]);
    expect(shapeOf('(3,)', 3)).toEqual([3]);
    expect(shapeOf('(2L, 2L)', 4)).toEqual([2, 2]);
    expect(shapeOf('( 2 ,2,)', 4)).toEqual([2, 2]);
    for (const tuple of ['(,)', '(2,,2)', '(2 2)', '(LL,)', '(2L2,)']) {
      malformedBy(() => parseNpy(npy(HEADER.replace('(2, 2)', tuple))), /header names/);
    }
  });

  it('headers that lie or run code in other readers', () => {
    malformedBy(() => parseNpy(npy(HEADER.replace('(2, 2)', '(9, 9)'))), /as many bytes/);
    malformedBy(() => parseNpy(npy(HEADER.replace('(2, 2)', '(99999999999, 99999999999)'))), /countable/);
    malformedBy(() => parseNpy(npy(HEADER.replace('(2, 2)', '(-2, -2)'))), /header names/);
    malformedBy(() => parseNpy(npy("__import__('os').system('true')")), /header names/);
    malformedBy(() => parseNpy(npy(HEADER.replace("'<f4'", "[('a', '<f4')]"))), /header names/);
    malformedBy(() => parseNpy(bytes('\x93NUMPY', [9, 0], u16(2), '{}')), /version/);
    malformedBy(() => parseNpy(bytes('\x93NUMPX', [1, 0], u16(2), '{}')), /begins with/);
    malformedBy(() => parseNpy(bytes('\x93NUMPY', [2, 0], u32(0xffffffff), '{}')), /maxHeaderBytes/);
    expect(refusal(() => parseNpy(npy(HEADER.replace('<f4', '|O')))).code).toBe('unsupported');
    expect(refusal(() => parseNpy(npy(HEADER.replace('<f4', '>f4')))).code).toBe('unsupported');
  });
});

describe('npz', () => {
  it('names the array at fault', () => {
    const archive = makeZip([
      { name: 'good.npy', data: npy() },
      { name: 'bad.npy', data: npy(HEADER, floats(1)) },
    ]);
    expect(malformedBy(() => parseNpz(archive), /as many bytes/).details.where).toMatch(/bad\.npy/);
  });
});
