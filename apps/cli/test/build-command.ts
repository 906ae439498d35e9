import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Builds the command and the packages under it, those that are not fresh. */
export default function setup(): void {
  const root = join(import.meta.dirname, '..', '..', '..');
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  const args = [turbo, 'run', 'build', '--filter=@nats/cli...', '--output-logs=errors-only', '--log-order=grouped'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
  });
  if (status !== 0) throw new Error(`the command could not be built\n${stdout}${stderr}`);
}
