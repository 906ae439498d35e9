import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NatsError, type TensorData } from '@nats/graph';
import { describe, expect, it } from 'vitest';
import { readWeights } from './read-weights.js';
import type { Weights } from './weights.js';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

interface Expected {
  readonly tensors: Record<string, { dtype: string; shape: number[]; values: number[] }>;
  readonly metadata: Record<string, string>;
}

const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as Record<string, Expected>;

const FORMATS: Record<string, Weights['format']> = { onnx: 'onnx', npy: 'npy', npz: 'npz', pkl: 'pickle' };

function formatOf(file: string): Weights['format'] {
  const extension = file.replace(/^.*\./, '');
  return FORMATS[extension] ?? (file.includes('legacy') ? 'pytorch-legacy' : 'pytorch-zip');
}

describe('files written by torch, numpy and onnx', () => {
  for (const [file, { tensors, metadata }] of Object.entries(expected)) {
    it(`${file}: names, order, shapes, types and values`, async () => {
      const weights = await readWeights(join(fixtures, file));
      expect(weights.format).toBe(formatOf(file));
      expect([...weights.tensors.keys()]).toEqual(Object.keys(tensors));
      for (const [name, want] of Object.entries(tensors)) {
        const got = weights.tensors.get(name) as TensorData;
        expect(weights.storedDtypes.get(name), name).toBe(want.dtype);
        expect(got.shape, name).toEqual(want.shape);
        expect([...got.data], name).toEqual(want.values);
      }
      expect(weights.metadata).toMatchObject(metadata);
    });
  }

  it('floats are float32, integers int32, uint8 and bool stay', async () => {
    const { tensors } = await readWeights(join(fixtures, 'dtypes-zip.pth'));
    const dtypes = Object.fromEntries([...tensors].map(([name, tensor]) => [name, tensor.dtype]));
    expect(dtypes).toMatchObject({ half: 'float32', bfloat: 'float32', double: 'float32', long: 'int32' });
    expect(dtypes).toMatchObject({ short: 'int32', char: 'int32', byte: 'uint8', bool: 'bool' });
    expect(tensors.get('long')!.data).toBeInstanceOf(Int32Array);
    expect(tensors.get('half')!.data).toBeInstanceOf(Float32Array);
  });

  it('tensors of one storage do not share memory', async () => {
    const { tensors } = await readWeights(join(fixtures, 'dtypes-legacy.pth'));
    const before = tensors.get('shared')!.data[0];
    tensors.get('kernel')!.data[0] = 99;
    expect(tensors.get('shared')!.data[0]).toBe(before);
  });

  it('nothing is left out: every fixture that is a weight file is expected or refused', async () => {
    const refused = ['command.pth', 'whole-module.pth', 'too-large.pth'];
    const others = ['expected.json', 'torchvision-shapes.json', 'external.bin'];
    expect((await readdir(fixtures)).sort()).toEqual([...Object.keys(expected), ...refused, ...others].sort());
  });
});

describe('what is refused', () => {
  const reject = async (file: string) => {
    const error = await readWeights(join(fixtures, file)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NatsError);
    return error as NatsError;
  };

  it('a pickle that names os.system', async () => {
    const error = await reject('command.pth');
    expect(error.code).toBe('malformed');
    expect(error.message).toMatch(/posix\.system/);
    expect(error.details.where).toMatch(/command\.pth, .*data\.pkl, byte \d+/);
  });

  it('a whole module, with the advice to save a state dict', async () => {
    expect((await reject('whole-module.pth')).message).toMatch(/torch\.nn\.modules.*state_dict/);
  });

  it('an integer that int32 does not hold', async () => {
    const error = await reject('too-large.pth');
    expect(error.code).toBe('dtype');
    expect(error.message).toMatch(/2147483648 at element 0 of "counter"/);
  });
});

describe('what is no file', () => {
  it.skipIf(process.platform === 'win32')(
    'is refused: a named pipe, without waiting for who writes into it',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'nats-pipe-'));
      const pipe = join(folder, 'weights.pth');
      execFileSync('mkfifo', [pipe]);
      await expect(readWeights(pipe)).rejects.toThrow(/a named pipe/);
      await expect(readWeights('/dev/zero')).rejects.toThrow(/a device/);
      await rm(folder, { recursive: true });
    },
  );
});

describe('options', () => {
  it('select reads another model of a checkpoint', async () => {
    const path = join(fixtures, 'two-models.pth');
    expect((await readWeights(path, { select: 'model_ema' })).tensors.get('a')!.data[0]).toBe(2);
    await expect(readWeights(path, { select: 'teacher' })).rejects.toThrow(/model, model_ema.*"teacher"/);
  });

  it('caps can be lowered', async () => {
    const read = (limits: object) => readWeights(join(fixtures, 'dtypes-zip.pth'), { limits });
    await expect(read({ maxTensors: 3 })).rejects.toThrow(/maxTensors/);
    await expect(read({ maxFileBytes: 100 })).rejects.toThrow(/maxFileBytes/);
    await expect(read({ maxDecodedBytes: 100 })).rejects.toThrow(/maxDecodedBytes/);
    await expect(read({ maxPickleOps: 10 })).rejects.toThrow(/maxPickleOps/);
    await expect(read({ maxRank: 1 })).rejects.toThrow(/maxRank/);
  });
});

describe('the file system', () => {
  it('IO errors pass through', async () => {
    await expect(readWeights(join(fixtures, 'none.pth'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readWeights(fixtures)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('the format is told by content, whatever the name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nats-transfer-'));
    try {
      await writeFile(join(folder, 'model.onnx'), await readFile(join(fixtures, 'nested.pth')));
      expect((await readWeights(join(folder, 'model.onnx'))).format).toBe('pytorch-zip');
      await writeFile(join(folder, 'page.pth'), '<!DOCTYPE html><html></html>');
      await expect(readWeights(join(folder, 'page.pth'))).rejects.toThrow(/a web page/);
      await writeFile(join(folder, 'pointer.pth'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n');
      await expect(readWeights(join(folder, 'pointer.pth'))).rejects.toThrow(/Git LFS pointer/);
      await writeFile(join(folder, 'empty.pth'), '');
      await expect(readWeights(join(folder, 'empty.pth'))).rejects.toThrow(/an empty file/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('external data outside the folder of a model is not read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nats-transfer-'));
    try {
      const model = await readFile(join(fixtures, 'external.onnx'));
      const text = model.toString('latin1');
      for (const location of ['/etc/passwd!', '../up.bin!!!', 'a/../../b.bin', 'c:\\file.bin!', '~/secret.bin']) {
        const path = join(folder, 'model.onnx');
        const replaced = text.replace('external.bin', location.slice(0, 12).padEnd(12, '!'));
        await writeFile(path, Buffer.from(replaced, 'latin1'));
        await expect(readWeights(path), location).rejects.toThrow(/companion file lies in the folder/);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
