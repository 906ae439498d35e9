import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./child.ts', import.meta.url));
const RESULT = 'result: ';

export interface ChildResult<T> {
  /** Undefined if the process ended without one. */
  readonly result: T | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Both streams. */
  readonly output: string;
}

/** Runs a task of `child.ts` in a process of its own: some faults of the provider end it. */
export async function inChild<T>(
  environment: NodeJS.ProcessEnv,
  task: string,
  ...args: readonly string[]
): Promise<ChildResult<T>> {
  const command = ['--conditions=@nats/source', '--import', 'tsx', SCRIPT, task, ...args];
  const child = spawn(process.execPath, command, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...end) => resolve(end));
  });
  const line = output.split('\n').findLast((text) => text.startsWith(RESULT));
  return {
    result: line === undefined ? undefined : (JSON.parse(line.slice(RESULT.length)) as T),
    code,
    signal,
    output,
  };
}

export function report(result: unknown): void {
  process.stdout.write(`\n${RESULT}${JSON.stringify(result)}\n`);
}
