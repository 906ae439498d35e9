import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { initialize } from '@nats/graph';
import { stepOf } from './search-variants.js';

/** Three steps of one variant of bench/search.ts, as a process of its own: prints its peak resident bytes. */
const [name = 'plain', batch = '16', threads = '1'] = process.argv.slice(2);
const { program, spec, feeds } = await stepOf(name, Number(batch));
const engine = onnxruntimeEngine({ threads: Number(threads) });
const state = await engine.createState(spec, initialize(spec, 1));
const executable = await engine.compile(program);
for (let step = 0; step < 3; step++) await executable.run(state, feeds);
console.log(process.resourceUsage().maxRSS * 1024);
await engine.dispose();
