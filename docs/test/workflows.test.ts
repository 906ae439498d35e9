import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/publishing.mjs';

// No workflow has been run: here is what can be held without GitHub.
const folder = join(ROOT, '.github/workflows');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

describe.each(readdirSync(folder))('%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');

  it("is a workflow by GitHub's own parser and schema", async () => {
    expect(await problemsOf(text)).toEqual([]);
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

it.each([
  ['a key that there is not', 'on: push\njobs:\n  a:\n    run: ls\n', /run/],
  ['a job that is needed and not there', job('    needs: b\n', 'ls'), /at least one job with no dependencies/],
  ['an expression of nothing', job('', `echo $\{{ secret.X }}`), /secret/],
])('the parser tells of %s', async (_, text, words) => {
  expect((await problemsOf(text)).join('\n')).toMatch(words);
});

function job(settings: string, run: string): string {
  return `on: push\njobs:\n  a:\n${settings}    runs-on: ubuntu-latest\n    steps:\n      - run: ${run}\n`;
}

/** What GitHub's parser (@actions/workflow-parser) finds wrong: by the schema, and by what jobs and expressions name. */
async function problemsOf(content: string): Promise<string[]> {
  const { context, value } = parseWorkflow({ name: 'workflow.yml', content }, new NoOperationTraceWriter());
  const { errors = [] } = value ? await convertWorkflowTemplate(context, value) : {};
  return [
    ...new Set(
      [...context.errors.getErrors(), ...errors].map((error) =>
        'message' in error ? error.message : (error as { Message: string }).Message,
      ),
    ),
  ];
}
