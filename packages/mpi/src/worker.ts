// The thread that watches the ranks, see watch.ts: it goes on while the main thread computes, or waits in a call of MPI.
import { parentPort, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { BEAT_VALUES, type Beat, IDLE, readBeat, writeBeat } from './beat.js';
import { lastWords, sleep } from './last-words.js';
import { createSilence } from './silence.js';
import { sharedNumbers, type WatchData } from './watch.js';

const data = workerData as WatchData;
const { file, handleType, world, communicator, byte, statusIgnore, rank, size, heartbeat, shared } = data;
/** Seconds between beats. */
const EVERY = heartbeat / 10;
/** How many times as long a main thread may stand still: a file system that is busy for a moment is no hang. */
const STILL = 3;
/** Of the messages; they have a communicator of their own. */
const TAG = 0;

const { main, lastRank } = sharedNumbers(shared);
const library = koffi.load(file, { global: true });
const bind = (name: string, parameters: readonly string[]) => library.func(name, 'int', [...parameters]);
const buffer = 'void *';
const send = bind('MPI_Send', [buffer, 'int', handleType, 'int', 'int', handleType]);
const receive = bind('MPI_Recv', [buffer, 'int', handleType, 'int', 'int', handleType, buffer]);
const probe = bind('MPI_Iprobe', ['int', 'int', handleType, buffer, buffer]);
const abortAll = bind('MPI_Abort', [handleType, 'int']);

// A star: rank 0 hears all, and all hear rank 0.
const others = rank === 0 ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0];
const beats = new Map<number, Beat>();
const left = new Set<number>();
const silence = createSilence(EVERY);
let [leaving, told] = [false, false];

/** @param pause milliseconds before a rank other than 0 tells: what strikes all alike is told once, by the first that lives */
function giveUp(reason: string, pause: number): void {
  if (rank > 0) sleep(pause);
  lastWords(rank, size, reason);
  abortAll(world, 1);
}

function sendBeat(to: number, beat: Beat): void {
  const values = new Float64Array(BEAT_VALUES);
  writeBeat(values, beat);
  send(values, values.byteLength, byte, to, TAG, communicator);
}

function hearAll(): void {
  const values = new Float64Array(BEAT_VALUES);
  const flag = new Int32Array(1);
  for (const from of others) {
    for (;;) {
      probe(from, TAG, communicator, flag, statusIgnore);
      if (flag[0] === 0) break;
      receive(values, values.byteLength, byte, from, TAG, communicator, statusIgnore);
      const beat = readBeat(values);
      beats.set(from, beat);
      if (beat.last) left.add(from);
      if (beat.last) silence.left(from);
      else silence.heard(from);
    }
  }
}

let [turns, still] = [-1, 0];
let [used, time] = [process.cpuUsage(), performance.now()];

/** What this rank does; seconds since the last look. */
function look(): { own: Beat; elapsed: number } {
  const elapsed = (performance.now() - time) / 1000;
  time = performance.now();
  const { user, system } = process.cpuUsage(used);
  used = process.cpuUsage();
  const processors = (user + system) / 1e6 / elapsed;
  if (main[0] !== turns || processors >= IDLE) still = 0;
  else still += Math.min(elapsed, 2 * EVERY);
  turns = main[0]!;
  return { own: { rank, calls: main[1]!, processors, still, last: leaving }, elapsed };
}

function tick(): void {
  const { own, elapsed } = look();
  silence.pass(elapsed);
  hearAll();
  if (rank === 0) {
    const lastOfAll = [own, ...beats.values()].reduce((a, b) => (b.calls < a.calls ? b : a));
    writeBeat(lastRank, lastOfAll);
    const isOver = leaving && left.size === size - 1;
    // Those that have not begun yet could not take one after the other.
    for (const to of beats.keys()) sendBeat(to, { ...lastOfAll, last: isOver });
    if (isOver) end();
  } else {
    const first = beats.get(0);
    if (first) writeBeat(lastRank, first);
    if (!told) sendBeat(0, own);
    told = leaving;
    if (leaving && left.has(0)) end();
  }
  const silent = silence.longest();
  if (silent && silent[1] >= heartbeat)
    giveUp(
      `rank ${silent[0]} has given no sign of life for ${Math.round(silent[1])} s: its process is stopped, or its machine is gone`,
      // Ranks miss another at times that are up to a beat apart.
      300 + 2000 * EVERY * Math.min(rank - 1, 4),
    );
  if (still >= STILL * heartbeat)
    giveUp(
      `stands still for ${Math.round(still)} s without using a processor: a file system that does not answer, or a deadlock`,
      300 + 50 * Math.min(rank, 40),
    );
}

const timer = setInterval(tick, 1000 * EVERY);

function end(): void {
  clearInterval(timer);
  parentPort!.removeAllListeners('message');
  parentPort!.postMessage('stopped');
  parentPort!.close();
}

parentPort!.on('message', () => {
  leaving = true;
  tick();
});
// From here on it is missed.
for (const to of others) sendBeat(to, { ...look().own, last: false });
parentPort!.postMessage('begun');
