import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { DetectionEvaluation } from '@nats/detect';
import { type CocoDetection, type CocoGroundTruth, evaluateDetections, evaluateFiles, summarize } from '@nats/detect';

/**
 * Our side of bench/evaluate.ts beside other libraries, as its own process so that its peak memory is its own: `FOLDER`. Answers
 * as coco_eval_worker.py does.
 */
const [folder = ''] = process.argv.slice(2);
const files = [`${folder}/annotations.json`, `${folder}/detections.json`] as const;
const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const parse = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as unknown;
let loaded: [CocoGroundTruth, CocoDetection[]] | undefined;
answer({});

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'files') {
    answer(await timed(() => evaluateFiles(...files)));
  } else if (line === 'evaluate') {
    loaded ??= [(await parse(files[0])) as CocoGroundTruth, (await parse(files[1])) as CocoDetection[]];
    const [groundTruth, detections] = loaded;
    answer(await timed(() => evaluateDetections(groundTruth, detections)));
  } else {
    answer({ bytes: process.resourceUsage().maxRSS * 1024 });
  }
}

async function timed(work: () => DetectionEvaluation | Promise<DetectionEvaluation>) {
  const [before, busy] = [performance.now(), process.cpuUsage()];
  const { stats } = summarize(await work());
  const { user, system } = process.cpuUsage(busy);
  return { stats, ms: performance.now() - before, processor: (user + system) / 1000 };
}
