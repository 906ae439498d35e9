import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSweep, submitSweep } from '@nats/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from './run-blocks.js';

// The batch script of docs/clusters.md and the one of `nats sweep --slurm` under stand-ins of Slurm's commands: what npm run
// bench -- slurm shows on a real one, for every way to end.
const folder = mkdtempSync(join(tmpdir(), 'nats-batch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...path: string[]) => join(folder, ...path);

/** A command that does as a variable of the environment says. */
function standIn(name: string, body: string): void {
  writeFileSync(at('bin', name), `#!/bin/sh\n${body}\n`);
  chmodSync(at('bin', name), 0o755);
}

beforeAll(async () => {
  mkdirSync(at('bin'));
  standIn('srun', 'exit "$CODE"');
  standIn('squeue', 'echo "$STATE"');
  standIn('scontrol', `echo "$@" >> ${at('requeued')}`);
  const [, written] = /```bash\n(#!\/bin\/bash\n[\s\S]*?)```/.exec(
    readFileSync(join(ROOT, 'docs/clusters.md'), 'utf8'),
  )!;
  writeFileSync(at('written.sh'), written!);
  const config = { data: { format: 'mnist', train: 20, val: 8 }, backbone: { name: 'demo-resnet' } };
  writeFileSync(at('study.json'), JSON.stringify({ config, variants: { searched: { steps: ['search'] } } }));
  const options = { command: [at('bin', 'srun')] as const, retry: false, dry: true };
  const [array] = await submitSweep(await loadSweep(at('study.json')), options);
  writeFileSync(at('generated.sh'), readFileSync(array!.script));
});

test.each([
  ['saved before its time limit', 75, 'RUNNING', true],
  ['cancelled: it saves, too', 75, 'COMPLETING', false],
  ['done', 0, 'RUNNING', false],
  ['failed', 1, 'RUNNING', false],
] as const)('a batch script requeues itself after one end only; %s', (_, code, state, requeued) => {
  for (const script of ['written.sh', 'generated.sh']) {
    rmSync(at('requeued'), { force: true });
    const { status, stderr } = spawnSync('bash', [at(script)], {
      encoding: 'utf8',
      env: {
        PATH: `${at('bin')}:${process.env.PATH}`,
        ...{ CODE: String(code), STATE: state, SLURM_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '0', SLURM_CPUS_PER_TASK: '1' },
      },
    });
    expect([status, stderr], script).toEqual([code, '']);
    expect(existsSync(at('requeued')) && readFileSync(at('requeued'), 'utf8'), script).toEqual(
      requeued && 'requeue 7\n',
    );
  }
});
