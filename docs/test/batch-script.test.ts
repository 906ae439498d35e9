import { spawn, spawnSync } from 'node:child_process';
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
  // As Slurm, which takes the number of an array's last element for the whole array.
  standIn('squeue', 'case "$SLURM_ARRAY_JOB_ID $*" in "7 "*--jobs=7" "*) echo PENDING;; esac\necho "$STATE"');
  standIn('scontrol', `echo "$@" >> ${at('requeued')}`);
  const [, written] = /```bash\n(#!\/bin\/bash\n[\s\S]*?)```/.exec(
    readFileSync(join(ROOT, 'docs/clusters.md'), 'utf8'),
  )!;
  writeFileSync(at('written.sh'), written!);
  standIn('launch', "trap 'exit 75' USR2; echo begun; while :; do sleep 0.05; done");
  const config = { data: { format: 'mnist', train: 20, val: 8 }, backbone: { name: 'demo-resnet' } };
  const variants = { searched: { steps: ['search'] } };
  writeFileSync(at('study.json'), JSON.stringify({ config, variants }));
  writeFileSync(at('launched.json'), JSON.stringify({ config, variants, slurm: { launch: at('bin', 'launch') } }));
  const options = { command: [at('bin', 'srun')] as const, retry: false, dry: true };
  for (const [name, script] of Object.entries({ study: 'generated.sh', launched: 'launched.sh' })) {
    const [array] = await submitSweep(await loadSweep(at(`${name}.json`)), options);
    writeFileSync(at(script), readFileSync(array!.script));
  }
});

/** Of the last element of an array. */
const ELEMENT = { SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '0' };
const environment = (more: Readonly<Record<string, string>>) => ({
  ...{
    PATH: `${at('bin')}:${process.env.PATH}`,
    SLURM_JOB_ID: '7',
    SLURM_ARRAY_TASK_ID: '0',
    SLURM_CPUS_PER_TASK: '1',
  },
  ...more,
});

test('told to save, a batch script tells its launcher by a signal that this hands on', async () => {
  rmSync(at('requeued'), { force: true });
  const child = spawn('bash', [at('launched.sh')], { env: environment({ ...ELEMENT, STATE: 'RUNNING' }) });
  child.stdout.once('data', () => child.kill('SIGTERM'));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(75);
  expect(readFileSync(at('requeued'), 'utf8')).toBe('requeue 7_0\n');
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
      env: environment({ ...(script === 'generated.sh' && ELEMENT), CODE: String(code), STATE: state }),
    });
    expect([status, stderr], script).toEqual([code, '']);
    expect(existsSync(at('requeued')) && readFileSync(at('requeued'), 'utf8'), script).toEqual(
      requeued && (script === 'generated.sh' ? 'requeue 7_0\n' : 'requeue 7\n'),
    );
  }
});
