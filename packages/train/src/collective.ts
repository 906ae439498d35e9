/**
 * Processes of one data-parallel training and how they talk: the operations of MPI that a training needs (MPI 4.0, chapter 6).
 * Every rank makes the same calls in the same order. `@nats/mpi` is one over Open MPI or MPICH.
 */
export interface Collective {
  /** Of this process, 0 to `size - 1`. Rank 0 writes files and tells progress. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
  /** Replaces `values` by their sums over all ranks, element by element. All ranks get the same bits. */
  allReduce(values: Float32Array | Float64Array): Promise<void>;
  /** Replaces `bytes` by those of rank `root` (default 0); as many on every rank. */
  broadcast(bytes: Uint8Array, root?: number): Promise<void>;
  /** The bytes of every rank, by rank, on rank `root` (default 0); `undefined` elsewhere. Lengths may differ. */
  gather(bytes: Uint8Array, root?: number): Promise<readonly Uint8Array[] | undefined>;
  /** Returns when every rank has called it. */
  barrier(): Promise<void>;
  /**
   * Ends the processes of all ranks at once, this one included, after writing `reason` to stderr.
   * @param code exit code; default 1
   */
  abort(reason: string, code?: number): void;
}

/**
 * Plain data of every rank, by rank, on every rank.
 * @param own what JSON can hold
 */
export async function exchange<T>(collective: Collective, own: T): Promise<T[]> {
  const parts = await collective.gather(new TextEncoder().encode(JSON.stringify(own)));
  const text = parts && `[${parts.map((part) => new TextDecoder().decode(part)).join(',')}]`;
  return JSON.parse(await fromFirst(collective, text)) as T[];
}

/** A text of rank 0, on every rank. */
async function fromFirst(collective: Collective, text: string | undefined): Promise<string> {
  const own = new TextEncoder().encode(text ?? '');
  const length = Uint32Array.of(own.length);
  await collective.broadcast(new Uint8Array(length.buffer));
  const bytes = collective.rank === 0 ? own : new Uint8Array(length[0]!);
  await collective.broadcast(bytes);
  return new TextDecoder().decode(bytes);
}
