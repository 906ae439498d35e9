import { median } from './bench.js';
import { type Measured, ratiosTo } from './libraries.js';
import type { Python } from './python.js';
import { type StepTime, type StepWorker, startEngine, startPython } from './step-worker.js';

const LIBRARIES = ['pycocotools', 'faster-coco-eval'] as const;
/** pycocotools and ours average the same precisions; NumPy changed the order in which it adds them. */
const TOLERANCE = 1e-12;

type Evaluation = StepTime & { readonly stats: readonly number[] };

/** Ours and what the interpreters have, by turns on the files of a folder; each in a process of its own. */
export async function evaluateByLibraries(
  folder: string,
  pythons: readonly Python[],
  rounds: number,
): Promise<{ measured: Measured[]; ratios: Record<string, number> }> {
  const others = pythons.flatMap((python) =>
    LIBRARIES.map((library) => startPython(python, [library, folder], '../coco_eval_worker.py')),
  );
  const found = (await Promise.all(others)).filter((side) => side !== undefined);
  const sides: StepWorker[] = [await startEngine([folder], './evaluate-worker.ts'), ...found];
  const values = sides.map((): Record<string, number[]> => ({ files: [], evaluation: [], processor: [] }));
  let expected: readonly number[] | undefined;
  for (let round = 0; round < rounds; round++) {
    for (const [request, quantity] of [
      ['files', 'files'],
      ['evaluate', 'evaluation'],
    ] as const) {
      for (const [i, side] of sides.entries()) {
        const { ms, processor, stats } = await side.ask<Evaluation>(request);
        values[i]![quantity]!.push(ms / 1000);
        if (quantity === 'evaluation') values[i]!.processor!.push(processor / 1000);
        expected ??= stats;
        if (stats.some((value, k) => !(Math.abs(value - expected![k]!) <= TOLERANCE)))
          throw new Error(`${side.start.library} finds ${stats.join()} where ours are ${expected.join()}`);
      }
    }
  }
  const measured = await Promise.all(
    sides.map(async (side, i): Promise<Measured> => {
      const memory = [(await side.peak()) / 1e6];
      side.stop();
      return { library: side.start.library ?? '@nats/detect', values: { ...values[i]!, memory } };
    }),
  );
  return { measured, ratios: ratiosTo('full', measured) };
}

/** Rows of a benchmark's printed table. */
export function libraryTable(measured: readonly Measured[]): Record<string, string | number>[] {
  return measured.map(({ library, values }) => ({
    evaluation: `full, ${library}`,
    'time (s)': median(values.evaluation!),
    'CPU time (s)': median(values.processor!),
    'from files (s)': median(values.files!),
    'peak memory (MB)': Math.round(values.memory![0]!),
  }));
}
