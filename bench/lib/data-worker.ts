import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateFiles, inspectDataset, type ReadCocoOptions, readCoco, summarize } from '@nats/detect';
import { lastMetrics } from '@nats/pipeline';
import { trainingCurves } from '@nats/report';
import { readLines } from '@nats/transfer';

const [folder, what, ...rest] = process.argv.slice(2) as [string, string, ...string[]];
const files = rest.map((name) => join(folder, name));

async function read(masks: NonNullable<ReadCocoOptions['masks']>) {
  return readCoco(files[0]!, { images: join(folder, 'images'), masks });
}

const WORK: Readonly<Record<string, () => Promise<string>>> = {
  read: async () => {
    const { records } = await read(rest[1] as 'ignore' | 'require');
    return `${records.length} images, ${records.reduce((sum, { objects }) => sum + objects.length, 0)} objects`;
  },
  inspect: async () => {
    const { images, objects, problems } = await inspectDataset(await read('ignore'), { images: 'none' });
    return `${images} images, ${objects} objects, ${problems.length} problems`;
  },
  evaluate: async () => {
    const { stats } = summarize(await evaluateFiles(files[0]!, files[1]!));
    return `AP ${stats[0]!.toFixed(4)}`;
  },
  'last-metrics': async () => `step ${(await lastMetrics(files[0]!)).get('step')?.step}`,
  curves: async () => {
    const { points } = await trainingCurves(readLines(files[0]!), files[0]);
    return `${points.length} points, to step ${points.at(-1)?.step}`;
  },
};

const started = performance.now();
const before = process.cpuUsage();
const said = await WORK[what]!();
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, megabytes: peakMegabytes(), said }));

/** Of this program: what getrusage says counts that of the program before it, too. */
function peakMegabytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1000;
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}
