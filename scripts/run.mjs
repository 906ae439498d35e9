// Runs a tool of node_modules/.bin with the sources of the packages instead of their builds.
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [tool, ...args] = process.argv.slice(2);
const extra = tool === 'tsx' ? ['--conditions=@nats/source'] : [];
// A terminal sends Ctrl-C to the tool as well: it decides how to end, and this process waits for it.
process.on('SIGINT', () => {});
const result = spawnSync(tool, [...extra, ...args], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` },
});
if (result.error) throw result.error;
if (result.signal) {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, result.signal);
}
process.exit(result.status ?? 1);
