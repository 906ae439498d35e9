import { execFileSync } from 'node:child_process';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, getPriority, loadavg, totalmem } from 'node:os';
import { type BenchModule, type BenchResult, formatTable } from './lib/bench.js';
import { FIRST_SERVED } from './lib/summary.js';

/** `npm run bench -- NAME [--json FILE] [options of the benchmark]`: runs `bench/NAME.ts`. */
async function main(args: readonly string[]): Promise<void> {
  const names = await benchNames();
  const [name, ...rest] = args;
  if (name === undefined || !names.includes(name)) {
    console.error('usage: npm run bench -- NAME [--json FILE]');
    console.error(`there is no benchmark '${name ?? ''}'; there are: ${names.join(', ')}`);
    process.exitCode = 1;
    return;
  }
  const { file, others } = takeJson(rest);
  const module = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as BenchModule;
  const load = loadavg()[0]!;
  const result = await module.run(others);
  console.log(`\n${formatTable(result.rows)}\n`);
  for (const [key, value] of Object.entries(result.ratios)) console.log(`ratio ${key} ${value.toFixed(3)}`);
  // Libraries that spin while they wait (PyTorch's OpenMP) suffer far more from neighbors than those that sleep.
  if (load > 0.5 && getPriority() > FIRST_SERVED)
    console.log(`\nThe machine was busy before (load ${load.toFixed(1)}): times and their ratios say little.`);
  if (file !== undefined) await writeReport(file, result, { args, load });
}

/** Benchmarks are the modules beside this one. */
async function benchNames(): Promise<string[]> {
  const files = await readdir(new URL('.', import.meta.url));
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'main.ts')
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

function takeJson(args: readonly string[]): { file: string | undefined; others: string[] } {
  const at = args.indexOf('--json');
  if (at < 0) return { file: undefined, others: [...args] };
  const file = args[at + 1];
  if (file === undefined || file.startsWith('--')) throw new Error('--json takes the file to write');
  return { file, others: args.toSpliced(at, 2) };
}

interface Circumstances {
  readonly args: readonly string[];
  /** Average over the minute before. */
  readonly load: number;
}

async function writeReport(file: string, { name, ratios, samples, rows }: BenchResult, { args, load }: Circumstances) {
  const processors = cpus();
  const report = {
    name,
    machine: {
      platform: `${process.platform}-${process.arch}`,
      processor: processors[0]?.model ?? 'unknown',
      processors: processors.length,
      memoryBytes: totalmem(),
      loadBefore: load,
      niceness: getPriority(),
    },
    versions: { node: process.versions.node, 'onnxruntime-node': installedVersion('onnxruntime-node') },
    command: `npm run bench -- ${args.join(' ')}`,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    date: new Date().toISOString(),
    ratios,
    rows,
    samples,
  };
  await writeFile(`${file}.part`, `${JSON.stringify(report, null, 2)}\n`);
  await rename(`${file}.part`, file);
}

function installedVersion(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}

await main(process.argv.slice(2));
