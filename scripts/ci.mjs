// What CI runs: the tests as `npm test` runs them, then types, lint, package layers, package shapes and the documentation site.
// Ends with `N passed, N failed`, counted from the test runner's own report; each of the other checks counts as one.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianPackages } from './debian-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'nats-ci-'));
const report = join(scratch, 'tests.json');
const windows = process.platform === 'win32';
// Data and cases beside the repository, which some tests take further examples from where they are.
const shared = process.env.NATS_SHARED ?? join(root, '..', 'shared');
const env = { ...process.env, ...(existsSync(shared) && { NATS_SHARED: shared }) };

function step(title, args) {
  const started = Date.now();
  console.log(`\n== ${title}`);
  const { status, error } = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: windows,
    env,
  });
  if (error) console.error(error.message);
  console.log(`== ${title}: ${status === 0 ? 'ok' : 'FAILED'} (${Math.round((Date.now() - started) / 1000)} s)`);
  return status === 0;
}

installDebianPackages();
let passed = 0;
let failed = 0;
let skipped = 0;
const testsOk = step('tests', ['test', '--', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
try {
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  passed += counts.numPassedTests;
  failed += counts.numFailedTests;
  skipped += counts.numPendingTests + counts.numTodoTests;
  // A suite that fails to load fails no test of its own.
  const brokenSuites = counts.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  );
  failed += brokenSuites.length;
  if (!testsOk && failed === 0) failed++;
} catch (error) {
  console.error(`no test report: ${error.message}`);
  failed++;
}
for (const [title, args] of [
  ['types', ['run', 'typecheck']],
  ['lint and format', ['run', 'lint']],
  ['package layers', ['run', 'check:layers']],
  ['unused exports', ['run', 'check:unused']],
  ['public API', ['run', 'check:api']],
  ['package shapes', ['run', 'check:packages']],
  ['documents', ['run', 'docs']],
]) {
  if (step(title, args)) passed++;
  else failed++;
}
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
