// Builds, makes the packages fit to be packed, publishes those whose version is new (changesets), and undoes what it wrote.
// The repository's address is that of the git remote `origin`: without one nothing is published.
import { spawnSync } from 'node:child_process';
import { prepareForNpm, ROOT, repositoryAddress } from './publishing.mjs';

const address = repositoryAddress();
if (!address) {
  console.error(
    'Received no git remote `origin` on the web, but packages say where they come from; set it: git remote add origin https://…',
  );
  process.exit(1);
}
const run = (tool, ...args) =>
  spawnSync(process.execPath, ['scripts/run.mjs', tool, ...args], { cwd: ROOT, stdio: 'inherit' }).status ?? 1;

let status = run('turbo', 'run', 'build');
if (status === 0) {
  const undo = prepareForNpm(ROOT, address);
  try {
    status = run('changeset', 'publish');
  } finally {
    undo();
  }
}
process.exit(status);
