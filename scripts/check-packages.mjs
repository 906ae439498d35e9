// Are the packages fit to publish? publint on the built packages, and the types of every entry as users see them (attw). What
// someone gets who installs them: check-consumers.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let problems = 0;
for (const group of ['packages', 'apps']) {
  for (const name of existsSync(join(root, group)) ? readdirSync(join(root, group)) : []) {
    const folder = join(root, group, name);
    if (!existsSync(join(folder, 'package.json'))) continue;
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (manifest.private) continue;
    const { messages } = await publint({ pkgDir: folder, level: 'warning', strict: true, pack: false });
    for (const message of messages) {
      problems++;
      console.error(`${manifest.name}: ${formatMessage(message, manifest)}`);
    }
    if (!manifest.exports) continue;
    const attw = spawnSync(
      'attw',
      ['--pack', folder, '--profile', 'esm-only', '--format', 'ascii', '--no-color', '--quiet'],
      {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` },
      },
    );
    if (attw.status !== 0) {
      problems++;
      console.error(`${manifest.name}: types do not resolve for all users\n${attw.stdout}${attw.stderr}`);
    }
  }
}
console.log(problems === 0 ? 'packages are fit to publish' : `${problems} problems`);
process.exit(problems === 0 ? 0 : 1);
