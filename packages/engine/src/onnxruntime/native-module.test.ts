import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { nativeOnnxruntime, nativeOnnxruntimePath, onnxruntimeVersion } from './native-module.js';

it('says what to install, without the CUDA libraries where nobody wants them, and what runs without it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nats-native-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const search = () => nativeOnnxruntimePath([join(folder, 'package.json')]);
  expect(search).toThrow(expect.objectContaining({ code: 'provider' }));
  expect(search).toThrow(
    /no package onnxruntime-node[\s\S]*npm install onnxruntime-node[\s\S]*ONNXRUNTIME_NODE_INSTALL=skip[\s\S]*onnxruntime-web/,
  );
});

it('looks in one place after the other', () => {
  const here = nativeOnnxruntimePath();
  expect(nativeOnnxruntimePath([join(tmpdir(), 'package.json'), import.meta.url])).toBe(here);
});

it('is the module that an import gives', async () => {
  const imported = await import('onnxruntime-node');
  expect(nativeOnnxruntime().Tensor).toBe(imported.Tensor);
  expect(onnxruntimeVersion()).toBe(imported.env.versions.node);
});
