import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { formatWithOptions } from 'node:util';
import ts from 'typescript';
import { afterAll, vi } from 'vitest';
import buildCommand from '../../apps/cli/test/build-command.js';
import { NATS } from '../../apps/cli/test/run-nats.js';
import type { Unit } from './blocks.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A folder for the files of all pages, which lives as long as the test file. It lies in the repository, so that packages are found. */
export function blocksDirectory(): string {
  mkdirSync(join(ROOT, 'runs'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'runs', 'blocks-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Where a unit of TypeScript is written. */
export const moduleFile = (folder: string, { line }: Unit) => join(folder, `line-${line}.ts`);

/** What strict TypeScript says about these files; `NodeNext`, with the packages' sources. */
export function typeErrors(files: readonly string[]): string[] {
  const base = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent({ ...base, files: [], include: [] }, ts.sys, ROOT);
  const program = ts.createProgram({ rootNames: [...files], options });
  return files.flatMap((file) => {
    const source = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) => {
        const { line } = source.getLineAndCharacterOfPosition(start);
        return `${file}: ${source.text.split('\n')[line]!.trim()}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      },
    );
  });
}

/** Runs a module in this process, in a working directory of its own. @returns what it printed */
export async function runModule(file: string, folder: string, env: Readonly<Record<string, string>>): Promise<string> {
  const [before, listeners] = [process.cwd(), process.listeners('SIGINT')];
  const lines: string[] = [];
  const print = (...values: readonly unknown[]) => {
    lines.push(`${formatWithOptions({ colors: false }, ...values)}\n`);
  };
  const spies = (['log', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name).mockImplementation(print));
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  process.chdir(folder);
  try {
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    if (process.exitCode) throw new Error(`exit code ${process.exitCode}`);
  } finally {
    process.chdir(before);
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
    for (const listener of process.listeners('SIGINT')) {
      if (!listeners.includes(listener)) process.off('SIGINT', listener);
    }
  }
  return lines.join('');
}

/**
 * Runs commands by a shell that ends at the first failure. `nats` is the built command, with `settings` after the flags of
 * the block where a command has `--set`; `npm` only looks as if it installed.
 * @returns what was printed
 */
export async function runShell(code: string, folder: string, settings: readonly string[]): Promise<string> {
  if (/^nats /m.test(code)) buildOnce();
  const bin = join(folder, '.bin');
  const sets = settings.map((setting) => `--set '${setting}'`).join(' ');
  executable(
    join(bin, 'nats'),
    `case "$1" in pretrain|search|train) set -- "$@" ${sets};; esac
exec '${process.execPath}' '${NATS}' "$@"`,
  );
  executable(join(bin, 'npm'), `[ "$1" = install ] || { echo "npm $1 is not run here" >&2; exit 1; }`);
  const child = spawn('sh', ['-e', '-c', code], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      NATS_OFFLINE: '1',
      NATS_CACHE: join(folder, '.cache'),
    },
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => output.push(part));
  child.stderr.on('data', (part: Buffer) => output.push(part));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const text = Buffer.concat(output).toString();
  if (status !== 0) throw new Error(`exit code ${status}\n${text}`);
  return text;
}

let built = false;

function buildOnce(): void {
  if (!built) buildCommand();
  built = true;
}

function executable(path: string, script: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
