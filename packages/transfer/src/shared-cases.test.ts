import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { NatsError } from '@nats/graph';
import { afterAll, describe, expect, it } from 'vitest';
import { resnet20 } from '../test/helpers/cifar-resnet.js';
import { sharedFolder } from '../test/helpers/shared.js';
import { mapDetectorWeights } from './mapping/map-detector-weights.js';
import { readWeights } from './read-weights.js';

// Checkpoints as people's tools write them, and hostile files, from the folder that NATS_SHARED names. What is generated
// there (by Python with numpy) is generated into a temporary folder; without numpy, what is committed is read.
const cases = sharedFolder('cases');
const folder = mkdtempSync(join(tmpdir(), 'nats-cases-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PREFIX = 'backbone.body.';
const network = resnet20(PREFIX, false);

/** Everything that does not load says what is wrong; these are the ones that must not load. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'empty.pth': /empty file/,
  'expanded.pth': /"drop":\["\^expanded\$"\]/,
  'gan.pth': /"generator\.".*"drop":\["\^discriminator/,
  'gz.pth': /gzip/,
  'html.pth': /web page/,
  'json.safetensors': /weightsManifest/,
  'lfs.pth': /Git LFS/,
  'lfs.safetensors': /Git LFS/,
  'meta-nonstring.safetensors': /metadata/,
  'missing-layer3.pth': /"optional":\["\^layer3/,
  'nan.pth': /NaN/,
  'tensor.pth': /a tensor/,
  'text.pth': /"Not Found"/,
  'torchscript.pt': /TorchScript/,
  'trailing.safetensors': /belong to no tensor/,
  'trunc.pth': /truncated/,
  'trunc.safetensors': /truncated/,
  'xmlerr.pth': /web page/,
  'zero-element.pth': /"drop"/,
  'zero.safetensors': /"drop"/,
  'zipped.pth.zip': /unpack/,
};

/** Runs the generators of a case in a copy of it. @returns where its files are */
async function generated(): Promise<string> {
  const source = join(cases!, '12-checkpoints');
  const copy = join(folder, 'cases', '12-checkpoints');
  mkdirSync(join(folder, 'cases'));
  cpSync(source, copy, { recursive: true });
  spawnSync('chmod', ['-R', 'u+w', copy]);
  symlinkSync(join(sharedFolder()!, 'data'), join(folder, 'data'));
  // The generators ask `nats inspect weights` for names and shapes.
  const { tensors } = await readWeights(join(sharedFolder()!, 'data', 'cifar-resnet', 'resnet20-12fca82f.th'));
  const rows = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  writeFileSync(join(folder, 'answer.json'), JSON.stringify({ tensors: rows }));
  writeFileSync(join(folder, 'nats'), `#!/bin/sh\ncat '${join(folder, 'answer.json')}'\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, PYTHONDONTWRITEBYTECODE: '1' };
  for (const script of ['gen.py', 'gen2.py']) {
    if (existsSync(join(copy, script))) spawnSync('python3', [script], { cwd: copy, env });
  }
  return join(copy, 'out');
}

describe.skipIf(!cases || !existsSync(cases))(`cases${cases ? '' : ' (NATS_SHARED is not set)'}`, () => {
  it('checkpoints load, or say what to put into the config', async () => {
    const out = await generated();
    const outcomes: string[] = [];
    const names = readdirSync(out).sort();
    console.log(`${names.length} checkpoints`);
    for (const name of names) {
      const message = await outcome(join(out, name));
      const wanted = REFUSED[name];
      if (wanted === undefined ? message !== undefined : !wanted.test(message ?? '')) {
        outcomes.push(`${name}: ${message ?? 'loads'}`);
      }
      // Messages have the file's names.
      if (message?.includes(PREFIX)) outcomes.push(`${name}: ${message}`);
    }
    expect(outcomes).toEqual([]);
  });

  it('hostile files are refused as what they are', async () => {
    for (const name of readdirSync(join(cases!, 'hostile')).filter((file) => file.endsWith('.npy'))) {
      await expect(readWeights(join(cases!, 'hostile', name)), name).rejects.toThrow(NatsError);
    }
  });
});

/** @returns why a file does not load; undefined if it does */
async function outcome(path: string): Promise<string | undefined> {
  try {
    const { tensors } = mapDetectorWeights(await readWeights(path), network);
    return tensors.size === network.size ? undefined : `${tensors.size} tensors`;
  } catch (error) {
    expect(error).toBeInstanceOf(NatsError);
    return (error as Error).message;
  }
}
