import { Worker } from 'node:worker_threads';
import { READERS } from './readers.js';
import { type Finding, noOutcomes, type Outcomes } from './run-inputs.js';
import { openTable } from './table.js';

const USAGE = `usage: npm run fuzz -- [READER ...] [--minutes N] [--inputs N] [--seed N] [--from N] [--out FILE] [--add]
readers: ${READERS.map(({ name }) => `'${name}'`).join(', ')}`;
/** Findings of a reader that are printed. */
const SHOWN = 5;
/** Milliseconds after which an input that is still being read counts as a hang. */
const HANG = 60_000;

/**
 * Reads changed files with every reader, a thread at a time, and says what came of it; exits with 1 for a finding. With
 * `--add`, inputs begin after those that `--out` has, and are added to them: the table grows over several runs.
 */
async function main(args: readonly string[]): Promise<void> {
  const number = (name: string, fallback: number) => {
    const at = args.indexOf(`--${name}`);
    const value = at < 0 ? fallback : Number(args[at + 1]);
    if (!Number.isFinite(value)) throw new Error(USAGE);
    return value;
  };
  const names = args.filter(
    (arg, i) => !arg.startsWith('--') && (!args[i - 1]?.startsWith('--') || args[i - 1] === '--add'),
  );
  const chosen = names.length === 0 ? READERS.map(({ name }) => name) : names;
  if (chosen.some((name) => !READERS.some((reader) => reader.name === name))) throw new Error(USAGE);
  const minutes = number('minutes', 0.1);
  const options = { seed: number('seed', 1), from: number('from', 0), inputs: number('inputs', 1e9) };
  const at = args.indexOf('--out');
  const out = at < 0 ? undefined : args[at + 1]!;
  const command = `npm run fuzz -- ${args.join(' ')}`;
  const table = openTable(out, { command, seed: options.seed, add: args.includes('--add') });
  const findings: Finding[] = [];
  for (const reader of chosen) {
    const from = options.from + table.inputs(reader);
    const outcomes = await fuzz(reader, { ...options, from, milliseconds: 60_000 * minutes }, (finding) => {
      findings.push(finding);
      if (findings.filter((other) => other.reader === reader).length > SHOWN) return;
      console.error(`${finding.reader}, input ${finding.input}: ${finding.outcome}, ${finding.message}`);
    });
    const { inputs, ok, typed, untyped, slow, large } = outcomes;
    console.log(
      `${reader}: ${inputs} inputs, ${ok} read, ${typed} refused, ${untyped} untyped, ${slow} slow, ${large} large`,
    );
    table.write(reader, outcomes);
  }
  if (findings.length > 0) process.exitCode = 1;
}

interface FuzzOptions {
  readonly seed: number;
  readonly from: number;
  readonly inputs: number;
  readonly milliseconds: number;
}

/** An input that hangs ends its thread; the next one goes on after it. */
async function fuzz(reader: string, options: FuzzOptions, onFinding: (finding: Finding) => void): Promise<Outcomes> {
  const total = noOutcomes();
  const until = options.from + options.inputs;
  let from = options.from;
  let { milliseconds } = options;
  while (from < until && milliseconds > 0) {
    const started = Date.now();
    const { outcomes, hung } = await runThread({ ...options, milliseconds, reader, from, until }, onFinding);
    milliseconds -= Date.now() - started;
    for (const key of Object.keys(total) as (keyof Outcomes)[]) total[key] += outcomes[key];
    if (hung === undefined) break;
    total.inputs += hung - from + 1;
    total.slow++;
    onFinding({ reader, input: hung, outcome: 'slow', message: `a hang of more than ${HANG} ms` });
    from = hung + 1;
  }
  return total;
}

type ThreadOptions = FuzzOptions & { readonly reader: string; readonly until: number };

function runThread(
  options: ThreadOptions,
  onFinding: (finding: Finding) => void,
): Promise<{ outcomes: Outcomes; hung?: number }> {
  const current = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  // Threads of Node 20 know nothing of the loader that their process was started with.
  const url = new URL('./worker.ts', import.meta.url).href;
  const code = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(url)})))`;
  const worker = new Worker(code, {
    eval: true,
    workerData: { ...options, current },
    execArgv: ['--conditions=@nats/source'],
  });
  return new Promise((resolve, reject) => {
    let [seen, since] = [-1, Date.now()];
    const watch = setInterval(() => {
      const input = Atomics.load(current, 0);
      // Loading is no reading.
      if (input !== seen || input < 0) [seen, since] = [input, Date.now()];
      if (Date.now() - since < HANG) return;
      clearInterval(watch);
      void worker.terminate().then(() => resolve({ outcomes: noOutcomes(), hung: input }));
    }, 500);
    worker.on('message', (message: { finding?: Finding; outcomes?: Outcomes }) => {
      if (message.finding) onFinding(message.finding);
      if (!message.outcomes) return;
      clearInterval(watch);
      resolve({ outcomes: message.outcomes });
    });
    worker.on('error', (error) => {
      clearInterval(watch);
      reject(error);
    });
  });
}

await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
