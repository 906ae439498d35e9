// Run by mpi.test.ts on several ranks: every operation, and what each rank saw as one line of JSON.
import { mpiCollective } from '@nats/mpi';

const mpi = await mpiCollective({ timeout: process.argv[2] === 'hang' ? 3 : 60 });
const { rank, size } = mpi;
if (process.argv[2] === 'abort' && rank === 1) mpi.abort('the image cat.jpg can not be read');
if (process.argv[2] === 'kill' && rank === 1) process.kill(process.pid, 'SIGKILL');
if (process.argv[2] === 'hang' && rank === 1) await new Promise((resolve) => setTimeout(resolve, 60_000));

const sums = Float32Array.from([rank + 1, 0.5, 1e-3 * rank]);
await mpi.allReduce(sums);
// A part of a larger array, and more values than one page.
const large = new Float64Array(300_001).fill(rank);
await mpi.allReduce(large.subarray(1));
const text = new Uint8Array(8);
if (rank === 0) text.set(Buffer.from('from 0..'));
await mpi.broadcast(text);
const gathered = await mpi.gather(Buffer.from('x'.repeat(rank * 3)));
const empty = await mpi.gather(new Uint8Array(0), size - 1);
// Calls that are not awaited one by one keep their order.
const [a, b] = [Float32Array.of(1), Float32Array.of(2)];
let ticks = 0;
const timer = setInterval(() => ticks++, 1);
await Promise.all([mpi.allReduce(a), mpi.allReduce(b), mpi.barrier()]);
clearInterval(timer);
process.stdout.write(
  `${JSON.stringify({
    rank,
    size,
    version: mpi.version,
    sums: Array.from(sums),
    large: [large[0], large[1], large[300_000]],
    text: Buffer.from(text).toString(),
    gathered: gathered?.map((bytes) => bytes.length),
    empty: empty?.map((bytes) => bytes.length),
    ordered: [a[0], b[0]],
  })}\n`,
);
await mpi.close();
