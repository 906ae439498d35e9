import { expect, it } from 'vitest';
import { refusal } from '../../test/helpers/errors.js';
import { KNOWN_WEIGHTS, knownWeights } from './catalog.js';
import { isWeightName } from './is-weight-name.js';
import { parseWeightName } from './weight-name.js';

it.each([
  ['torchvision:resnet50', { kind: 'torchvision', known: { file: 'resnet50-11ad3fa6.pth' } }],
  ['torchvision:resnet50@IMAGENET1K_V1', { kind: 'torchvision', known: { file: 'resnet50-0676ba61.pth' } }],
  [
    'torchvision:fasterrcnn_resnet50_fpn',
    { kind: 'torchvision', known: { file: 'fasterrcnn_resnet50_fpn_coco-258fb6c6.pth', batchNormEpsilon: 0 } },
  ],
  [
    'timm:resnet50.a1_in1k',
    { kind: 'hub', repo: 'timm/resnet50.a1_in1k', file: 'model.safetensors', revision: 'main' },
  ],
  ['timm:some_other.model', { kind: 'hub', repo: 'timm/some_other.model', known: undefined }],
  ['hf:owner/repo', { kind: 'hub', repo: 'owner/repo', file: 'model.safetensors', revision: 'main' }],
  ['hf:owner/repo/a/b.bin@refs/pr/1', { kind: 'hub', file: 'a/b.bin', revision: 'refs/pr/1' }],
  ['hf:timm/resnet18.a1_in1k', { kind: 'hub', known: { name: 'timm:resnet18.a1_in1k' } }],
  ['https://example.org/a%20b.pth', { kind: 'url', sha256: undefined }],
  [`https://example.org/x#sha256=${'Ab'.repeat(32)}`, { kind: 'url', sha256: 'ab'.repeat(32) }],
])('%s', (text, expected) => {
  expect(isWeightName(text)).toBe(true);
  expect(parseWeightName(text)).toMatchObject(expected);
});

it.each([
  ['torchvision:resnet5', /nearest: torchvision:resnet50/],
  ['torchvision:../x', /known/],
  ['timm:../x', /known/],
  ['timm:', /known/],
  ['hf:owner', /hf:owner\/repo/],
  ['hf:owner/../x', /hf:owner\/repo/],
  ['hf:owner/repo/../../x', /hf:owner\/repo/],
  ['hf:owner/repo/.hidden', /hf:owner\/repo/],
  ['hf:owner/repo@a/../b', /hf:owner\/repo/],
  ['hf:owner/repo@', /hf:owner\/repo/],
  ['https://', /is a URL/],
  ['https://user:secret@example.org/x', /holds no password/],
  ['http://example.org/x', /over https, or with their hash/],
  ['https://example.org/x#sha256=12', /is a hash/],
  ['resnet50', /torchvision:NAME/],
])('%s is refused', (text, message) => {
  const error = refusal(() => parseWeightName(text));
  expect(error.code).toBe('name');
  expect(error.message).toMatch(message);
});

it('paths are no names', () => {
  for (const path of ['resnet50.pth', './hf', 'C:\\weights\\x.pth', '/a:b', 'runs/https']) {
    expect(isWeightName(path)).toBe(false);
  }
});

it('every known name is understood, has its digits in its file, and is known by its file', () => {
  expect(KNOWN_WEIGHTS.length).toBeGreaterThan(80);
  expect(new Set(KNOWN_WEIGHTS.map(({ name }) => name)).size).toBe(KNOWN_WEIGHTS.length);
  for (const known of KNOWN_WEIGHTS) {
    for (const name of [known.name, ...(known.alias ? [known.alias] : [])]) {
      expect(parseWeightName(name)).toMatchObject({ known });
    }
    if (known.sha256Prefix === undefined) continue;
    expect(known.file).toContain(`-${known.sha256Prefix}.pth`);
    expect(knownWeights(`/some/where/${known.file}`)).toBe(known);
  }
  expect(knownWeights('model.safetensors')).toBeUndefined();
});
