// No package imports what the design's table does not allow (docs/adr/0003-package-layers.md). Reads every import of
// every source file; test files may also use @nats/engine and the examples' own packages. Uses Node alone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const ALLOWED = {
  'packages/graph': [],
  'packages/export': ['graph'],
  'packages/space': ['graph'],
  'packages/transfer': ['graph'],
  'packages/engine': ['graph', 'export'],
  'packages/train': ['graph', 'transfer', 'space'],
  'packages/search': ['graph', 'space', 'train'],
  'packages/mpi': ['graph', 'train'],
  'packages/detect': ['graph', 'export', 'space', 'train'],
  'packages/report': ['graph', 'space', 'detect'],
  'packages/pipeline': ['graph', 'export', 'space', 'transfer', 'engine', 'train', 'search', 'detect', 'report'],
  'apps/cli': ['graph', 'export', 'space', 'transfer', 'engine', 'detect', 'report', 'pipeline', 'mpi'],
};
/** Packages that must stay free of Node, so that they run in a browser. */
const BROWSER = ['packages/graph', 'packages/export', 'packages/space', 'packages/search'];
/** Entries of theirs that only tests use. */
const FOR_TESTS = ['packages/graph/src/testing/vitest.ts'];
/** Packages whose main entry reads files, and the entry that does not (docs/adr/0005-files-are-passed-in.md). */
const WITHOUT_FILES = { '@nats/train': '@nats/train/core', '@nats/transfer': '@nats/transfer/parse' };
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;

const problems = [];
for (const [folder, allowed] of Object.entries(ALLOWED)) {
  const source = join(root, folder, 'src');
  if (!existsSync(source)) continue;
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
  for (const file of filesBelow(source)) {
    const isTest = /\.test(-d)?\.ts$/.test(file);
    for (const specifier of importsOf(file)) check(folder, allowed, declared, file, specifier, isTest);
  }
}

function check(folder, allowed, declared, file, specifier, isTest) {
  const where = relative(root, file);
  if (specifier.startsWith('.')) {
    const target = relative(join(root, folder), join(dirname(file), specifier));
    if (target.startsWith('..')) problems.push(`${where}: ${specifier} leaves its package; import the package by name`);
    return;
  }
  if (isTest) return;
  if (specifier.startsWith('node:')) {
    if (BROWSER.includes(folder) && !FOR_TESTS.includes(where))
      problems.push(`${where}: ${specifier} does not exist in a browser`);
    return;
  }
  if (BROWSER.includes(folder) && specifier in WITHOUT_FILES)
    problems.push(`${where}: ${specifier} needs Node's modules; import ${WITHOUT_FILES[specifier]}`);
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (name.startsWith('@nats/')) {
    const layer = name.slice('@nats/'.length);
    if (!allowed.includes(layer))
      problems.push(`${where}: ${folder} may not import ${name} (allowed: ${allowed.join(', ') || 'nothing'})`);
  }
  if (!(name in declared)) problems.push(`${where}: ${name} is not among the dependencies of ${folder}/package.json`);
}

function importsOf(file) {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3]);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => /\.tsx?$/.test(name));
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'package layers hold' : `${problems.length} imports break the package layers`);
process.exit(problems.length === 0 ? 0 : 1);
