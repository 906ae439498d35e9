// Installs and builds what a fresh clone lacks. Uses Node alone, so that it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// onnxruntime-node's install script downloads CUDA libraries, which a CPU does not need and a closed network does not give.
const env = { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env, TURBO_TELEMETRY_DISABLED: '1' };
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32', env });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node 20.19 or newer is needed; this is Node ${process.versions.node}.`);
  process.exit(1);
}

const lock = join(root, 'package-lock.json');
const installed = join(root, 'node_modules', '.package-lock.json');
const upToDate = existsSync(installed) && (!existsSync(lock) || statSync(installed).mtimeMs >= statSync(lock).mtimeMs);
if (!upToDate) {
  console.log('Installing dependencies (npm ci) …');
  run(npm, [existsSync(lock) ? 'ci' : 'install', '--no-audit', '--no-fund', '--loglevel=error']);
}
run(process.execPath, [
  join(root, 'node_modules', 'turbo', 'bin', 'turbo'),
  'run',
  'build',
  '--output-logs=errors-only',
  '--log-order=grouped',
]);
