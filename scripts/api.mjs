// API reports: every public name of every entry of every package, in packages/*/api/*.api.md (API Extractor).
// `npm run api` writes them. With --check it says which differ from the code, which public names have no docstring, and
// which nothing uses: no other package, example, bench or document, nor the signature of another public name. It exits
// with 1 if there is any. Needs built packages.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');
const scratch = mkdtempSync(join(tmpdir(), 'nats-api-'));
const problems = [];
const quiet = { default: { logLevel: 'none' } };

/** The report of one entry of a package, as text. */
function reportOf(folder, entry) {
  const name = 'entry.api.md';
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, entry),
      compiler: { tsconfigFilePath: join(folder, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: scratch,
        reportTempFolder: join(scratch, 'temporary'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        extractorMessageReporting: { ...quiet, 'ae-forgotten-export': { logLevel: 'none' } },
        compilerMessageReporting: quiet,
        tsdocMessageReporting: quiet,
      },
    },
    configObjectFullPath: join(folder, 'api-extractor.json'),
    packageJsonFullPath: join(folder, 'package.json'),
  });
  rmSync(join(scratch, name), { force: true });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
    },
  });
  return readFileSync(join(scratch, name), 'utf8');
}

/** Public names of a report that have no docstring. Members of interfaces are left to judgement. */
function undocumented(report) {
  return [...report.matchAll(/^\/\/ @public \(undocumented\)\nexport (?:declare )?(?:abstract )?\w+ (\w+)/gm)].map(
    ([, name]) => name,
  );
}

function publicNames(report) {
  return [
    ...report.matchAll(
      /^export (?:declare )?(?:abstract )?(?:function|const|let|class|interface|type|enum|namespace) (\w+)/gm,
    ),
  ].map(([, name]) => name);
}

/** Names that stand in the declaration of another public name: parts of its signature. */
function namesInSignatures(report) {
  const found = new Set();
  for (const declaration of report.split(/^\/\/ @public.*\n/m).slice(1)) {
    const words = declaration.match(/\w+/g) ?? [];
    const [own] = publicNames(declaration);
    for (const word of words) if (word !== own) found.add(word);
  }
  return found;
}

/** Everything in which a public name can be used, but for its own package's sources. */
function textsOutside(folder) {
  const texts = [];
  for (const area of ['packages', 'apps', 'bench', 'examples', 'docs', 'scripts', 'tools', 'README.md']) {
    const files = area.endsWith('.md') ? [''] : readdirSync(join(root, area), { recursive: true });
    for (const file of files) {
      const path = join(root, area, file);
      const isSource = /\.(ts|mts|mjs)$/.test(path) && !/\.d\.ts$/.test(path);
      if (!isSource && !path.endsWith('.md')) continue;
      if (/node_modules|[\\/]dist[\\/]|[\\/]docs[\\/]api[\\/]|\.api\.md$|CHANGELOG/.test(path)) continue;
      if (isSource && path.startsWith(join(folder, 'src'))) continue;
      texts.push(readFileSync(path, 'utf8'));
    }
  }
  return new Set(texts.join('\n').match(/\w+/g));
}

let total = 0;
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name);
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const used = textsOutside(folder);
  const names = new Set();
  mkdirSync(join(folder, 'api'), { recursive: true });
  for (const [key, entry] of Object.entries(exports)) {
    if (!entry.types) continue;
    const target = join(folder, 'api', `${key === '.' ? 'index' : basename(key)}.api.md`);
    const report = reportOf(folder, entry.types);
    if (!check) writeFileSync(target, report);
    else if (!existsSync(target) || readFileSync(target, 'utf8') !== report)
      problems.push(`${relative(root, target)} is not what the code exports; look at the difference after npm run api`);
    for (const missing of undocumented(report))
      problems.push(`@nats/${name}${key.slice(1)}: ${missing} has no docstring`);
    for (const exported of publicNames(report)) names.add(exported);
    for (const word of namesInSignatures(report)) used.add(word);
  }
  for (const exported of names)
    if (!used.has(exported))
      problems.push(`@nats/${name}: ${exported} is used by no other package and stands in no document`);
  console.log(`@nats/${name}: ${names.size} public names`);
  total += names.size;
}
rmSync(scratch, { recursive: true, force: true });
if (check) for (const problem of problems) console.error(problem);
console.log(`${total} public names, ${problems.length} problems`);
process.exit(check && problems.length > 0 ? 1 : 0);
