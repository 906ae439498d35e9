// No package imports what the design's table does not allow (docs/adr/0003-package-layers.md). Reads every import of
// every source file; test files may also use @nats/engine and the examples' own packages. Inside a package, sibling
// folders (rooms) do not import each other in a circle. What stands beside the packages (bench, examples, …) takes them
// by name. Uses Node alone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALLOWED } from './layers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages that must stay free of Node, so that they run in a browser. */
const BROWSER = ['packages/graph', 'packages/export', 'packages/space', 'packages/search'];
/** Entries of theirs that only tests use. */
const FOR_TESTS = ['packages/graph/src/testing/vitest.ts'];
/** Packages whose main entry reads files, and the entry that does not (docs/adr/0005-files-are-passed-in.md). */
const WITHOUT_FILES = { '@nats/train': '@nats/train/core', '@nats/transfer': '@nats/transfer/parse' };
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;

/** Areas beside the packages; all but examples may also use the helpers of tests. */
const BESIDE = { bench: true, examples: false, tools: true, 'docs/test': true };
/** What is known and not repaired yet. */
const KNOWN = new Set([
  'bench/evidence/protocol.ts: apps/cli/src/demo/protocol.js',
  'bench/evidence/task.ts: apps/cli/src/demo/protocol.js',
  'packages/pipeline/src: config -> detectors -> config',
]);

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

for (const folder of Object.keys(ALLOWED)) checkRooms(join(root, folder, 'src'));
for (const [area, testHelpers] of Object.entries(BESIDE)) {
  if (!existsSync(join(root, area))) continue;
  for (const file of filesBelow(join(root, area))) {
    for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
      const [where, target] = [relative(root, file), relative(root, join(dirname(file), specifier))];
      if (!/^(packages|apps)\//.test(target) || KNOWN.has(`${where}: ${target}`)) continue;
      if (testHelpers && /^(packages|apps)\/[^/]+\/test\//.test(target)) continue;
      problems.push(`${where}: ${specifier} is inside a package; import the package by name`);
    }
  }
}

/** Finds circles between the folders of one folder, at every depth: which of them import which. */
function checkRooms(source) {
  if (!existsSync(source)) return;
  /** By room: the rooms beside it that it imports, and where. */
  const imports = new Map();
  for (const file of filesBelow(source).filter((name) => !/\.test(-d)?\.ts$/.test(name))) {
    for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
      const [from, to] = [file, join(dirname(file), specifier)].map((path) => relative(source, path).split('/'));
      const depth = from.findIndex((part, i) => part !== to[i]);
      if (depth < 0 || from.length <= depth + 1 || to.length <= depth + 1) continue;
      const [room, other] = [from, to].map((parts) => join(source, ...parts.slice(0, depth + 1)));
      if (!imports.has(room)) imports.set(room, new Map());
      imports.get(room).set(other, relative(root, file));
    }
  }
  for (const room of imports.keys()) {
    const circle = circleOf(room, imports);
    const names = circle?.map((path) => relative(source, path)).join(' -> ');
    if (circle && !KNOWN.has(`${relative(root, source)}: ${names}`))
      problems.push(`${imports.get(room).get(circle[1])}: rooms import each other: ${names}`);
  }
}

/** The shortest way from a room back to itself, if there is one and the room is the first of it by name. */
function circleOf(room, imports) {
  const open = [[room]];
  const seen = new Set();
  while (open.length > 0) {
    const path = open.shift();
    for (const next of imports.get(path.at(-1))?.keys() ?? []) {
      if (next === room) return path.every((other) => other >= room) ? [...path, room] : undefined;
      if (!seen.has(next)) open.push([...path, next]);
      seen.add(next);
    }
  }
  return undefined;
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
console.log(
  problems.length === 0 ? 'package layers hold: 0 breaches' : `${problems.length} imports break the package layers`,
);
process.exit(problems.length === 0 ? 0 : 1);
