import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, importedPackages, installsOf, type Unit, unitsOf } from './blocks.js';
import { PAGES } from './pages.js';
import { blocksDirectory, moduleFile, ROOT, runModule, runShell, typeErrors } from './run-blocks.js';

// Every block of TypeScript and of shell on these pages is checked by strict TypeScript and run as it stands, in a folder with
// the files that the page names. STEPS shortens trainings; commands get settings that make them small.
const STEPS = { STEPS: '2', NATS_OFFLINE: '1' };
const directory = blocksDirectory();

const pages = Object.entries(PAGES).map(([path, page]) => {
  const blocks = blocksOf(readFileSync(join(ROOT, path), 'utf8'));
  return { path, page, blocks, units: unitsOf(blocks), folder: join(directory, path.replaceAll('/', '-')) };
});
const modules = pages.flatMap(({ folder, units }) =>
  units.filter(({ kind }) => kind === 'ts').map((unit) => ({ file: moduleFile(folder, unit), unit })),
);

beforeAll(async () => {
  for (const { page, folder } of pages) {
    mkdirSync(folder, { recursive: true });
    await page.files?.(folder);
  }
  for (const { file, unit } of modules) writeFileSync(file, unit.code);
});

it('are all READMEs, and the pages that teach', () => {
  const readmes = ['packages', 'apps'].flatMap((parent) =>
    readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}/README.md`),
  );
  const teaching = ['README.md', 'docs/quick-start-cli.md', 'docs/quick-start-library.md', 'docs/walkthrough.md'];
  const expected = [...readmes.filter((file) => existsSync(join(ROOT, file))), ...teaching];
  expect(Object.keys(PAGES).sort()).toEqual(expected.sort());
});

it('have no type errors', () => {
  expect(typeErrors(modules.map(({ file }) => file))).toEqual([]);
});

describe.each(pages)('$path', ({ page, blocks, units, folder }) => {
  it('has as many blocks as are expected to print something', () => {
    expect(units.map(({ line, code }) => ({ line, begins: code.split('\n')[0] }))).toHaveLength(page.prints.length);
  });

  it('installs above a block what the block imports, without needless downloads', () => {
    const installed = new Set<string>();
    for (const { language, code, line } of blocks) {
      if (language === 'sh') {
        for (const { packages, skipsDownload } of installsOf(code)) {
          expect(skipsDownload, `ONNXRUNTIME_NODE_INSTALL=skip in line ${line}`).toBe(
            packages.some(needsOnnxruntimeNode),
          );
          for (const name of packages) installed.add(name);
        }
      }
      if (/'@nats\/engine(\/onnxruntime)?'/.test(code))
        expect([...installed], `line ${line}`).toContain('onnxruntime-node');
      if (language === 'ts')
        expect([...installed], `line ${line}`).toEqual(expect.arrayContaining(importedPackages(code)));
    }
    for (const name of installed) expect(packageManifest(name), name).toBeDefined();
  });

  const runs = units.map((unit, i) => [unit.line, unit, page.prints[i]!] as const);
  it.skipIf(page.needs?.() === false).each(runs)('line %i', async (_, unit, prints) => {
    expect(await runUnit(unit, folder, page.settings ?? [], page.env ?? {})).toMatch(prints);
  });

  if (page.leaves)
    it('leaves the files that it speaks of', () => {
      expect(page.leaves?.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
    });
});

function runUnit(
  unit: Unit,
  folder: string,
  settings: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  if (unit.kind === 'sh') return runShell(unit.code, folder, settings);
  return runModule(moduleFile(folder, unit), folder, { ...STEPS, NATS_CACHE: join(folder, '.cache'), ...env });
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

function packageManifest(name: string): Manifest | undefined {
  const file = name === '@nats/cli' ? join(ROOT, 'apps/cli/package.json') : manifestPath(name);
  return file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'));
}

function manifestPath(name: string): string | undefined {
  const places = createRequire(join(ROOT, 'packages/engine/package.json')).resolve.paths(name) ?? [];
  return places.map((place) => join(place, name, 'package.json')).find((file) => existsSync(file));
}

/** Whether a package brings onnxruntime-node, whose install script downloads CUDA libraries. */
function needsOnnxruntimeNode(name: string): boolean {
  if (name === 'onnxruntime-node') return true;
  if (!name.startsWith('@nats/')) return false;
  return Object.keys(packageManifest(name)?.dependencies ?? {}).some(needsOnnxruntimeNode);
}
