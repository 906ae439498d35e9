// Debian packages that some tests need: a browser with a software GPU, and the two families of MPI. CI installs those that
// the machine lacks, so that it skips nothing; elsewhere such tests say why they are skipped.
import { spawnSync } from 'node:child_process';

/** Package, and a command that it brings. */
const PACKAGES = [
  ['chromium', 'chromium'],
  ['openmpi-bin', 'mpirun.openmpi'],
  ['libopenmpi-dev', 'mpicc.openmpi'],
  ['mpich', 'mpirun.mpich'],
];

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** Installs what is missing where that can be done: on Debian, as root. Says what failed; the tests then say what they miss. */
export function installDebianPackages() {
  const missing = PACKAGES.filter(([, command]) => !has(command)).map(([name]) => name);
  if (missing.length === 0 || process.getuid?.() !== 0 || !has('apt-get')) return;
  console.log(`\n== Debian packages for tests: ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...missing]]) {
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], { encoding: 'utf8', env });
    if (status !== 0) console.error(`apt-get ${args[0]} failed: ${stderr}`);
  }
}
