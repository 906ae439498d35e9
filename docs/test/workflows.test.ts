import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateWorkflow } from '@action-validator/core';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/publishing.mjs';

// No workflow has been run: here is what can be held without GitHub.
const folder = join(ROOT, '.github/workflows');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

describe.each(readdirSync(folder))('%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');

  it('is a workflow by the schema of SchemaStore', () => {
    expect(validateWorkflow(text).errors).toEqual([]);
  });

  it('runs scripts that there are', () => {
    const used = [...text.matchAll(/npm (?:run )?([\w:]+)$/gm)].map(([, script]) => script!).filter((s) => s !== 'ci');
    expect(used.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('takes actions of a version', () => {
    const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action!);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@v\d+$/);
  });
});

it('the schema tells what is wrong', () => {
  expect(validateWorkflow('on: push\njobs:\n  a:\n    run: ls\n').errors).not.toEqual([]);
});
