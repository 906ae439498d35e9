import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { isLock, isLocked, lockRun, RunInUse } from './lock-run.js';
import { startTimeOf, UNKNOWN } from './process-start-time.js';

const root = mkdtempSync(join(tmpdir(), 'nats-lock-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = () => mkdtempSync(join(root, 'run-'));

const host = encodeURIComponent(hostname());
/** As if a process had taken the directory an hour ago. */
function taken(run: string, name: string): void {
  writeFileSync(join(run, name), '');
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(join(run, name), hourAgo, hourAgo);
}

test('may be taken again by who has it, and is seen as a lock', async () => {
  const run = folder();
  await lockRun(run);
  await lockRun(run);
  const names = readdirSync(run);
  expect(names).toHaveLength(1);
  expect(isLock(names[0]!)).toBe(true);
  expect(names[0]).toContain(`-${process.pid}-`);
  for (const name of ['run.json', '.run.json.1.tmp', '.lock', '.lock-1']) expect(isLock(name)).toBe(false);
});

test('a process that lives is named, with its machine and since when; nothing of its is touched', async () => {
  const run = folder();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    const name = `.lock-${other.pid}-${startTimeOf(other.pid!)}-${host}`;
    taken(run, name);
    await expect(lockRun(run)).rejects.toThrow(
      new RegExp(
        `is in use: process ${other.pid} on ${hostname()} works there since \\d{4}-.*choose another directory`,
      ),
    );
    expect(readdirSync(run)).toEqual([name]);
  } finally {
    other.kill('SIGKILL');
  }
});

test('what a process left that is gone is taken over, also where another has its number now', async () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  expect(startTimeOf(gone)).toBeUndefined();
  const run = folder();
  taken(run, `.lock-${gone}-77-${host}`);
  if (startTimeOf(process.pid) !== UNKNOWN) taken(run, `.lock-${process.pid}-1-${host}`);
  await lockRun(run);
  expect(readdirSync(run)).toHaveLength(1);
});

test('of a process on another machine nothing is known: it counts, and the message says what to remove', async () => {
  const run = folder();
  taken(run, '.lock-1-2-far%20away');
  await expect(lockRun(run)).rejects.toThrow(
    /process 1 on far away .*if that is not so any more, remove .*\.lock-1-2-/,
  );
  expect(readdirSync(run)).toEqual(['.lock-1-2-far%20away']);
});

test('of a job that Slurm has started again, what it left on another machine is taken over; another job counts', async () => {
  const run = folder();
  taken(run, '.lock-1-2-far%20away+7.0');
  vi.stubEnv('SLURM_JOB_ID', '8');
  await expect(lockRun(run)).rejects.toThrow(RunInUse);
  expect(await isLocked(run)).toBe(true);
  vi.stubEnv('SLURM_JOB_ID', '7');
  await expect(lockRun(run)).rejects.toThrow(RunInUse);
  vi.stubEnv('SLURM_RESTART_COUNT', '1');
  expect(await isLocked(run)).toBe(false);
  await lockRun(run);
  expect(readdirSync(run)).toEqual([expect.stringMatching(/\+7\.1$/)]);
  vi.unstubAllEnvs();
});

test('of several that begin at once at most one goes on, and none is left out for long', async () => {
  const run = folder();
  const source = `
    const { lockRun } = await import(${JSON.stringify(new URL('./lock-run.ts', import.meta.url).href)});
    await new Promise((resolve) => setTimeout(resolve, Number(process.argv[1]) - Date.now()));
    try { await lockRun(${JSON.stringify(run)}); process.stdout.write('has it'); }
    catch (error) { process.stdout.write(error.message); }
    // Until all have tried.
    await new Promise((resolve) => process.stdin.once('data', resolve));
    process.exit();`;
  const start = String(Date.now() + 1500);
  const args = ['--import', 'tsx', '--input-type=module', '-e', source, start];
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const said = await Promise.all(
    children.map(
      (child) => new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text)))),
    ),
  );
  for (const text of said) expect(text).toMatch(/^has it$|is in use/);
  expect(said.filter((text) => text === 'has it').length).toBeLessThanOrEqual(1);
  const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children) child.stdin.end('go\n');
  await Promise.all(ended);
  expect(readdirSync(run)).toEqual([]);
  await lockRun(run);
});
