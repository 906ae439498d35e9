import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly output_type_shape?: unknown;
    readonly input_type_shape?: unknown;
    readonly provider?: string;
    readonly output_size?: string;
  };
}

export interface NodeTime {
  readonly node: string;
  readonly op: string;
  readonly shapes: string;
  /** Milliseconds in one run, median over the runs of the profile. */
  readonly ms: number;
}

/** Reads, and removes, the newest onnxruntime profile with this prefix: the median time of every node, slowest first. */
export async function readProfile(prefix: string): Promise<NodeTime[]> {
  const folder = dirname(prefix);
  const files = (await readdir(folder)).filter((file) => file.startsWith(basename(prefix)) && file.endsWith('.json'));
  const file = join(folder, files.sort().at(-1)!);
  const events = JSON.parse(await readFile(file, 'utf8')) as Event[];
  await rm(file);
  const times = new Map<string, { event: Event; ms: number[] }>();
  for (const event of events) {
    if (event.cat !== 'Node' || !event.name.endsWith('_kernel_time')) continue;
    const node = event.name.slice(0, -'_kernel_time'.length);
    const entry = times.get(node) ?? { event, ms: [] };
    entry.ms.push(event.dur / 1000);
    times.set(node, entry);
  }
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
  return [...times]
    .map(([node, { event, ms }]) => ({
      node,
      op: event.args?.op_name ?? '',
      shapes: shapesOf(event.args?.input_type_shape),
      ms: middle(ms),
    }))
    .sort((a, b) => b.ms - a.ms);
}

function shapesOf(types: unknown): string {
  if (!Array.isArray(types)) return '';
  return types.map((type: unknown) => JSON.stringify(Object.values(type as object)[0])).join(' ');
}

/** One run of a session. */
export interface ProfiledRun {
  readonly nodes: readonly { readonly op: string; readonly provider: string }[];
  /** Bytes that nodes of the graph copied from the device to the CPU or back; feeds and outputs are not among them. */
  readonly copies: number;
}

/** Reads, and removes, all profiles with this prefix: every run of the session that has most nodes, in order. */
export async function readRuns(prefix: string): Promise<ProfiledRun[]> {
  const folder = dirname(prefix);
  const files = (await readdir(folder)).filter((file) => file.startsWith(basename(prefix)) && file.endsWith('.json'));
  const sessions: ProfiledRun[][] = [];
  for (const file of files) {
    const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as Event[];
    await rm(join(folder, file));
    const runs: Event[][] = [];
    let open: Event[] = [];
    for (const event of events) {
      if (event.cat === 'Node' && event.name.endsWith('_kernel_time')) open.push(event);
      // The event of a run stands behind those of its nodes.
      if (event.name === 'model_run') {
        runs.push(open);
        open = [];
      }
    }
    sessions.push(
      runs.map((nodes) => ({
        nodes: nodes.map(({ args }) => ({ op: args?.op_name ?? '', provider: args?.provider ?? '' })),
        copies: nodes
          .filter(({ args }) => args?.op_name?.startsWith('Memcpy'))
          .reduce((sum, { args }) => sum + Number(args?.output_size ?? 0), 0),
      })),
    );
  }
  return sessions.sort((a, b) => (b[0]?.nodes.length ?? 0) - (a[0]?.nodes.length ?? 0))[0]!;
}

/** Sums by op, largest first. */
export function byOp(nodes: readonly NodeTime[]): { op: string; nodes: number; ms: number }[] {
  const sums = new Map<string, { op: string; nodes: number; ms: number }>();
  for (const { op, ms } of nodes) {
    const sum = sums.get(op) ?? { op, nodes: 0, ms: 0 };
    sum.nodes += 1;
    sum.ms += ms;
    sums.set(op, sum);
  }
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
}
