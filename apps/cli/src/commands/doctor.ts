import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, EMPTY_SPEC, type Engine, input, matMul, tensorData } from '@nats/graph';
import type { Command } from 'commander';
import { VERSION } from '../version.js';

/** `nats doctor`: does everything work here that the other commands need? */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Check that the engine works on this machine, and print the versions a bug report needs')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats doctor')
    .action(async ({ json }: { json?: true }) => {
      const engine = onnxruntimeEngine();
      try {
        await checkEngine(engine);
        const facts = { nats: VERSION, node: process.versions.node, ...engine.fingerprint };
        if (json) return void process.stdout.write(`${JSON.stringify({ ...facts, works: true }, null, 2)}\n`);
        for (const [name, value] of Object.entries(facts)) process.stdout.write(`${name.padEnd(12)}${value}\n`);
        process.stdout.write('The engine computes what it should.\n');
      } finally {
        await engine.dispose();
      }
    });
}

/** Multiplies two matrices of whole numbers, whose product is exact in float32. */
async function checkEngine(engine: Engine): Promise<void> {
  const shape = [2, 2];
  const product = matMul(input('a', 'float32', shape), input('b', 'float32', shape));
  const executable = await engine.compile(createProgram({ outputs: { product } }));
  const state = await engine.createState(EMPTY_SPEC, new Map());
  const a = tensorData('float32', shape, [1, 2, 3, 4]);
  const b = tensorData('float32', shape, [5, 6, 7, 8]);
  const { data } = (await executable.run(state, { a, b })).product!;
  if (Array.from(data).join() !== '19,22,43,50') {
    throw new Error(
      `the engine multiplies matrices wrongly: 19,22,43,50 expected; received ${Array.from(data).join()}`,
    );
  }
}
