import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import type { TensorData } from '../tensor-data.js';
import { type CompareOptions, compareGolden, type GoldenFixture, goldenFailures, goldenReport } from './golden.js';

/** Compares with a case of a fixture, prints a line per family, and expects every tensor within its bound. */
export function expectGolden(
  title: string,
  fixture: GoldenFixture,
  caseName: string,
  actual: ReadonlyMap<string, TensorData>,
  options: CompareOptions = {},
): void {
  const results = compareGolden(fixture.cases[caseName]!, actual, options);
  console.log(goldenReport(title, results));
  expect(goldenFailures(results)).toEqual([]);
}

const PREFIX = join(tmpdir(), 'nats-test-');

/** A directory with these files, by relative path, that lives as long as the running test. */
export async function temporaryDirectory(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const directory = await mkdtemp(PREFIX);
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

/** An empty directory for all tests of a file or `describe` block, at whose top level it is called. */
export function sharedDirectory(): string {
  const directory = mkdtempSync(PREFIX);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
