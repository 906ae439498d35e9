// Run by mpi.test.ts on several ranks: every operation, and what each rank saw as one line of JSON.
import { mpiCollective } from '@nats/mpi';

const way = process.argv[2];
const hangs = ['stop', 'stop-first', 'still', 'hang', 'endless', 'long-step'].includes(way ?? '');
const timeout = way === 'hang' || way === 'endless' ? 4 : 60;
const mpi = await mpiCollective({ timeout, ...(hangs && { heartbeat: 2 }) });
const { rank, size } = mpi;
// A main thread that computes for several heartbeats is no hang.
if (way === 'long-step' && rank > 0) compute(7);
if (way === 'stop' && rank === size - 1) process.kill(process.pid, 'SIGSTOP');
if (way === 'stop-first' && rank === 0) process.kill(process.pid, 'SIGSTOP');
if (way === 'still' && rank === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
if (way === 'endless' && rank === 1) compute(60);
if (way === 'abort' && rank === 1) mpi.abort('the image cat.jpg can not be read');
if (way === 'kill' && rank === 1) process.kill(process.pid, 'SIGKILL');
if (way === 'hang' && rank === 1) await new Promise((resolve) => setTimeout(resolve, 60_000));

function compute(seconds: number): void {
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end);
}

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
