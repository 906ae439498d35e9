import { expect, test } from 'vitest';
import { adapterName } from './adapter-name.js';

const list = (...names: readonly string[]) =>
  names.map((name, i) => `INFO | DRIVER:               [${i}] ${name}  \n`).join('');
const used =
  'DRIVER:                  Using "SwiftShader Device (Subzero)" with driver: "/usr/lib/libvk_swiftshader.so"\n';

test('the device that is used', () => {
  expect(adapterName(list('NVIDIA H100', 'SwiftShader Device (Subzero)') + used)).toBe('SwiftShader Device (Subzero)');
});

test('the only one there is, where the line that names it is broken', () => {
  const broken = 'DRIVER:                  Using "SwiftShaINFO: der Device (Subzero)"\n';
  const listed = list('SwiftShader Device (Subzero)');
  expect(adapterName(listed + listed + broken)).toBe('SwiftShader Device (Subzero)');
});

test('none, where nothing tells which of several', () => {
  expect(adapterName(list('NVIDIA H100', 'llvmpipe (LLVM 15, 256 bits)'))).toBeUndefined();
  expect(adapterName('')).toBeUndefined();
});
