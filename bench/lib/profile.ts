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
