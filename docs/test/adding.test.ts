import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './run-blocks.js';

const FOLDER = 'docs/adding';
/** What these pages are about, one each. */
const KINDS = ['op', 'lowering', 'backbone', 'detector', 'dataset-format', 'weight-format', 'engine', 'relaxation'];

/** Paths of the repository that a page names as code: `packages/graph/src/ops`. */
function pathsIn(page: string): string[] {
  return [...page.matchAll(/`((?:packages|apps|docs|tools|examples|scripts|bench)\/[^`\s]+)`/g)].map(
    ([, path]) => path!,
  );
}

describe('guides to adding', () => {
  it('there is one for each kind of thing', () => {
    expect(readdirSync(join(ROOT, FOLDER)).sort()).toEqual(KINDS.map((kind) => `${kind}.md`).sort());
  });

  it.each(KINDS)('%s: every file and folder that it names exists', (kind) => {
    const paths = pathsIn(readFileSync(join(ROOT, FOLDER, `${kind}.md`), 'utf8'));
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it.each(KINDS)('%s: names what to do, how to test it, and a walk along what is there', (kind) => {
    const page = readFileSync(join(ROOT, FOLDER, `${kind}.md`), 'utf8');
    expect(page).toMatch(/^# .+\n\nQuestion: /);
    expect(page).toMatch(/\| step \| where \|/);
    expect(page).toMatch(/\n## A walk: /);
    expect(page).toMatch(/\.test\.ts`|conformance/);
  });
});
