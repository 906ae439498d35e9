import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NATS, runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const shared = process.env.NATS_SHARED;
const source = shared && join(shared, 'cases', '12-checkpoints');
/** Most files are generated, by Python with numpy. */
const hasNumpy = source !== undefined && spawnSync('python3', ['-c', 'import numpy']).status === 0;

const folder = mkdtempSync(join(tmpdir(), 'nats-checkpoints-'));
const out = join(folder, 'cases', '12-checkpoints', 'out');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let runs = 0;
const train = (file: string, ...args: string[]) =>
  runNatsIn(
    folder,
    ...['train', '--out', `run-${runs++}`, '--weights', join(out, file), '--steps', '1', '--batch-size', '1'],
    ...['--no-evaluate', ...args],
  );

describe.skipIf(!source)('12: checkpoints, by the command (skipped without NATS_SHARED)', () => {
  beforeAll(async () => {
    const copy = join(folder, 'cases', '12-checkpoints');
    mkdirSync(join(folder, 'cases'));
    cpSync(source!, copy, { recursive: true });
    spawnSync('chmod', ['-R', 'u+w', copy]);
    symlinkSync(join(shared!, 'data'), join(folder, 'data'));
    writeFileSync(join(folder, 'nats'), `#!/bin/sh\nexec '${process.execPath}' '${NATS}' "$@"\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, PYTHONDONTWRITEBYTECODE: '1' };
    for (const script of ['gen.py', 'gen2.py'])
      if (hasNumpy && existsSync(join(copy, script))) spawnSync('python3', [script], { cwd: copy, env });
    const config = tinyConfig(await writeTinyData(join(folder, 'tiny'), 'coco'), {
      backbone: { name: 'resnet20' },
      detector: { kind: 'fcos', inputSize: [64, 64] },
    });
    writeFileSync(join(folder, 'nats.config.json'), JSON.stringify(config));
  });

  test.each([
    ['lfs.pth', /Git LFS pointer/],
    ['html.pth', /a web page/],
    ['xmlerr.pth', /a web page/],
    ['empty.pth', /an empty file/],
    ['text.pth', /"Not Found"/],
    ['gz.pth', /gzip; .*unpack|gzip.*unpack/],
  ])('%s is refused before anything is trained', (file, message) => {
    const { code, stderr } = train(file);
    expect(stderr).toMatch(message);
    expect(stderr).toContain(file);
    expect(stderr).not.toMatch(/step 1|^\s+at /m);
    expect(code).toBe(1);
  });

  describe.skipIf(!hasNumpy)('generated ones (skipped without Python and numpy)', () => {
    test.each([
      'plain.pth',
      'moco-full.pth',
      'dino.pth',
      'lightning-model-backbone.ckpt',
      'lightning-compiled.ckpt',
      'averagedmodel-swa.pth',
      'timm-ema.pth',
      'mmengine.pth',
      'yacs-cfg.pth',
      'tv-detector.pth',
      'unknown-prefix.pth',
      'hf-transformers.safetensors',
    ])('%s trains', (file) => {
      const { code, stderr } = train(file);
      expect(stderr).toMatch(/Weights of .*loaded/);
      expect(code, stderr).toBe(0);
    });

    test('weights with NaN are refused', () => {
      const { code, stderr } = train('nan.pth');
      expect(stderr).toMatch(/NaN or infinity in 1 of .*"conv1\.weight"/);
      expect(code).toBe(1);
    });

    test.each(['gan.pth', 'missing-layer3.pth', 'zero-element.pth'])(
      '%s says what the config needs, in the file’s names',
      (file) => {
        const { code, stderr } = train(file);
        expect(code).toBe(1);
        expect(stderr).not.toContain('backbone.body.');
        const { weights } = JSON.parse(`{${/in the config(?:, such as|:) ("weights": \{.*\})/.exec(stderr)![1]}}`);
        const again = train(file, '--set', `weights.rules=${JSON.stringify(weights.rules)}`);
        expect(again.code, again.stderr).toBe(0);
      },
    );
  });
});
