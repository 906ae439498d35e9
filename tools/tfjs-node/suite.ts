// The conformance suite, the contract of engines and 50 training steps on `tfjs:node`, with the binding that build.sh built.
// Run: npx tsx --conditions=@nats/source tools/tfjs-node/suite.ts FOLDER
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { tfjsEngine } from '@nats/engine/tfjs';
import { conformanceCases, contractChecks, runCases } from '@nats/graph/testing';
import { losses } from '../../packages/engine/test/tiny-training.js';

const STEPS = 50;
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: suite.ts FOLDER');
const require = createRequire(join(resolve(folder), 'package.json'));
const engine = await tfjsEngine({ backend: 'node', load: async (name) => require(name) });
console.log(JSON.stringify(engine.fingerprint));

const results = await runCases(engine, conformanceCases());
const wrong = results.filter(({ errors }) => errors.length > 0);
for (const { name, errors } of wrong) console.log(`${name}: ${errors.join('; ')}`);
for (const { name, skipped } of results) if (skipped !== undefined) console.log(`${name}: skipped, ${skipped}`);
console.log(`conformance: ${results.length - wrong.length} of ${results.length}`);

let broken = 0;
for (const { name, run } of contractChecks()) {
  const errors = await run(engine);
  if (errors.length > 0) console.log(`${name}: ${errors.join('; ')}`);
  broken += Number(errors.length > 0);
}
console.log(`contract: ${contractChecks().length - broken} of ${contractChecks().length}`);

const reference = onnxruntimeEngine({ threads: 1 });
const [ours, theirs] = [await losses(engine, STEPS), await losses(reference, STEPS)];
const worst = Math.max(...ours.map((loss, i) => Math.abs(loss - theirs[i]!)));
console.log(`${STEPS} steps: losses within ${worst.toExponential(1)} of onnxruntime's (1e-3 is admitted)`);
await engine.dispose();
await reference.dispose();
process.exitCode = wrong.length + broken === 0 && worst < 1e-3 ? 0 : 1;
