import { readFile } from 'node:fs/promises';
import { type CocoCategory, evaluateFiles, formatSummary, summarize } from '@nats/detect';
import type { Command } from 'commander';

interface EvaluateFlags {
  readonly annotations: string;
  readonly detections: string;
  readonly json?: true;
}

/** `nats evaluate`: COCO's numbers from a file of annotations and a file of detections. */
export function evaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description("COCO's twelve numbers of detections, as pycocotools computes and prints them")
    .requiredOption('--annotations <file>', "ground truth, in the format of COCO's instances_*.json")
    .requiredOption('--detections <file>', "detections, in the format of COCO's result files")
    .option('--json', 'print {"stats": the twelve numbers, "perCategory": AP by name}; -1 is without objects')
    .addHelpText('after', '\nExample:\n  $ nats evaluate --annotations instances_val.json --detections found.json')
    .action(evaluate);
}

async function evaluate({ annotations, detections, json }: EvaluateFlags): Promise<void> {
  const evaluation = await evaluateFiles(annotations, detections);
  const summary = summarize(evaluation);
  if (!json) return void process.stdout.write(`${formatSummary(summary, evaluation)}\n`);
  // The evaluation has checked the file.
  const { categories } = JSON.parse(await readFile(annotations, 'utf8')) as { categories: CocoCategory[] };
  const perCategory = Object.fromEntries(
    summary.perCategory.map((ap, k) => [labelOf(evaluation.categories[k]!, categories), ap]),
  );
  process.stdout.write(`${JSON.stringify({ stats: summary.stats, perCategory }, null, 2)}\n`);
}

/** Its name, with the id behind one that several categories share: none may hide another. */
function labelOf(id: number, categories: readonly CocoCategory[]): string {
  const { name = String(id) } = categories.find((category) => category.id === id)!;
  const shared = categories.filter((category) => category.name === name).length > 1;
  return shared ? `${name} (${id})` : name;
}
