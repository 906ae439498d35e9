// What CI runs: the tests as `npm test` runs them, then types, lint, package layers, package shapes and the documentation site.
// Ends with `N passed, N failed`, counted from the test runner's own report; each of the other checks counts as one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianPackages } from './debian-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'nats-ci-'));
const report = join(scratch, 'tests.json');
const windows = process.platform === 'win32';
// Data and cases beside the repository, which some tests take further examples from where they are.
const shared = process.env.NATS_SHARED ?? join(root, '..', 'shared');
const env = { ...process.env, ...(existsSync(shared) && { NATS_SHARED: shared }) };

const seconds = (since) => Math.round((Date.now() - since) / 1000);
const verdict = (title, ok, started) => `== ${title}: ${ok ? 'ok' : 'FAILED'} (${seconds(started)} s)`;

function runTests() {
  const started = Date.now();
  console.log('\n== tests');
  const args = ['test', '--', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status, error } = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: windows,
    env,
  });
  if (error) console.error(error.message);
  console.log(verdict('tests', status === 0, started));
  return status === 0;
}

/** What to look at when CI gets slow. */
function tellSlowest(suites) {
  const slowest = suites
    .map(({ name, startTime, endTime }) => ({ file: relative(root, name), took: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.took - a.took)
    .slice(0, 20);
  console.log('\nslowest files of tests, in seconds:');
  for (const { file, took } of slowest) console.log(`${took.toFixed(0).padStart(5)} ${file}`);
}

/** Runs a script of package.json and shows what it printed once it has ended: others run beside it. */
async function check(title, script) {
  const started = Date.now();
  const child = spawn('npm', ['run', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: windows, env });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => output.push(bytes));
  const ok = await new Promise((resolve) => {
    child.on('error', (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      resolve(false);
    });
    child.on('close', (code) => resolve(code === 0));
  });
  console.log(`\n== ${title}\n${Buffer.concat(output)}${verdict(title, ok, started)}`);
  return ok;
}

installDebianPackages();
let passed = 0;
let failed = 0;
let skipped = 0;
const testsOk = runTests();
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
  tellSlowest(counts.testResults);
} catch (error) {
  console.error(`no test report: ${error.message}`);
  failed++;
}
// The longest first. The tests have built what they need.
const waiting = [
  ['package shapes', 'check:packages'],
  ['documents', 'docs'],
  ['types', 'typecheck'],
  ['public API', 'check:api'],
  ['unused exports', 'check:unused'],
  ['lint and format', 'lint'],
  ['package layers', 'check:layers'],
];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (await check(...next)) passed++;
      else failed++;
    }
  }),
);
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
