import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { NatsError } from '@nats/graph';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../test/helpers/bytes.js';
import { makeZip } from '../test/helpers/zip.js';
import { detectFormat } from './detect-format.js';
import { parseWeights } from './parse-weights.js';

describe('the entry without a file system', () => {
  it('imports no module of Node, directly or not', async () => {
    const seen = new Set<string>();
    const external = new Set<string>();
    const visit = async (url: URL): Promise<void> => {
      if (seen.has(url.href)) return;
      seen.add(url.href);
      const text = await readFile(url, 'utf8');
      expect(text, url.href).not.toMatch(/\b(?:Buffer|process)\./);
      for (const [, specifier] of text.matchAll(/from '([^']+)'/g)) {
        if (specifier!.startsWith('.')) await visit(new URL(specifier!.replace(/\.js$/, '.ts'), url));
        else external.add(specifier!);
      }
    };
    await visit(new URL('./parse.ts', import.meta.url));
    expect(seen.size).toBeGreaterThan(30);
    expect([...external].sort()).toEqual(['@nats/graph', 'fastest-levenshtein', 'fflate', 're2js']);
  });
});

describe('detection by content', () => {
  const fixture = (name: string) => readFile(fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)));

  it('every format by its first bytes', async () => {
    const cases = {
      'parts.pth': 'pytorch-zip',
      'dtypes-legacy.pth': 'pytorch-legacy',
      'numpy-protocol-2.pkl': 'pickle',
      'numpy-protocol-5.pkl': 'pickle',
      'initializers.onnx': 'onnx',
      'c-order.npy': 'npy',
      'deflated.npz': 'npz',
      'expected.json': 'tfjs',
    };
    for (const [name, format] of Object.entries(cases)) expect(detectFormat(await fixture(name)), name).toBe(format);
  });

  it('known content that is not read is named, with what to do', () => {
    const refused = (content: Uint8Array) => {
      try {
        return detectFormat(content);
      } catch (error) {
        expect(error).toBeInstanceOf(NatsError);
        return (error as NatsError).message;
      }
    };
    expect(refused(bytes('\x89HDF\r\n\x1a\n'))).toMatch(/HDF5/);
    expect(refused(bytes('\x1f\x8b\x08'))).toMatch(/gzip/);
    expect(refused(bytes('GGUF', [3, 0, 0, 0]))).toMatch(/GGUF/);
    expect(refused(bytes(Array<number>(257).fill(0x61), 'ustar', Array<number>(200).fill(0)))).toMatch(/tar/);
    expect(refused(bytes("7z\xbc\xaf'\x1c"))).toMatch(/7z.*unpack/);
    expect(refused(bytes('\x1c\0\0\0TFL3'))).toMatch(/TensorFlow Lite/);
    expect(refused(bytes('ftrt\0\0'))).toMatch(/TensorRT/);
    expect(refused(bytes('\x81\xa6params\x80'))).toMatch(/msgpack/);
    expect(refused(bytes('\0\0\0\0\x02\0\0\0\x05\0\0\0'))).toMatch(/Darknet/);
    expect(refused(bytes('[net]\nbatch=1'))).toMatch(/Darknet/);
    expect(refused(makeZip([{ name: 'x/archive_format', data: bytes('pt2') }]))).toMatch(/torch\.export.*state_dict/);
    expect(refused(makeZip([{ name: 'model.weights.h5', data: bytes('x') }]))).toMatch(/Keras.*convert/);
    expect(refused(makeZip([{ name: 'config.json', data: bytes('{}') }]))).toMatch(/config\.json/);
    expect(refused(bytes('PK\x03\x04'))).toMatch(/truncated/);
    expect(refused(bytes('hello, world'))).toMatch(/hello, world/);
    expect(refused(new Uint8Array(0))).toMatch(/empty/);
    expect(() => parseWeights(bytes('{"weightsManifest":[]}'))).toThrow(/parseTfjs/);
  });

  it('property: any bytes, with any magic before them, give a typed error', () => {
    const magics = [
      '',
      'PK\x03\x04',
      '\x93NUMPY\x01\x00',
      '\x80\x02',
      '\x80\x04',
      '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.',
      '\x08\x07\x3a',
      '{',
    ];
    const start = fc.constantFrom(...magics, '\x20\0\0\0\0\0\0\0{');
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (magic, rest) => {
        try {
          parseWeights(bytes(magic, rest));
        } catch (error) {
          expect(error).toBeInstanceOf(NatsError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
