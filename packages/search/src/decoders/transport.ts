/**
 * The transportation problem: how much of each source's supply goes to which sink, so that all demands are met and the
 * total gain is largest. Exact, by successive cheapest augmenting paths (Bellman-Ford); for tens of sources and sinks.
 *
 * @param gain gain of one unit from source (outer) to sink (inner)
 * @param supply whole numbers; their sum equals that of `demand`
 * @returns units from each source to each sink
 */
export function transport(
  gain: readonly (readonly number[])[],
  supply: readonly number[],
  demand: readonly number[],
): number[][] {
  const flow = supply.map(() => demand.map(() => 0));
  const supplyLeft = [...supply];
  const demandLeft = [...demand];
  while (supplyLeft.some((left) => left > 0)) {
    const path = cheapestPath(gain, flow, supplyLeft, demandLeft);
    let amount = Math.min(supplyLeft[path[0]!.source]!, demandLeft[path.at(-1)!.sink]!);
    for (const { source, sink, back } of path) if (back) amount = Math.min(amount, flow[source]![sink]!);
    for (const { source, sink, back } of path) flow[source]![sink]! += back ? -amount : amount;
    supplyLeft[path[0]!.source]! -= amount;
    demandLeft[path.at(-1)!.sink]! -= amount;
  }
  return flow;
}

interface Step {
  readonly source: number;
  readonly sink: number;
  /** Takes units back that went this way. */
  readonly back: boolean;
}

/** Steps from a source with supply left to a sink with demand left, alternately forward and back, of least cost. */
function cheapestPath(
  gain: readonly (readonly number[])[],
  flow: readonly (readonly number[])[],
  supplyLeft: readonly number[],
  demandLeft: readonly number[],
): Step[] {
  const sourceCost = supplyLeft.map((left) => (left > 0 ? 0 : Number.POSITIVE_INFINITY));
  const sinkCost = demandLeft.map(() => Number.POSITIVE_INFINITY);
  const intoSink: number[] = demandLeft.map(() => -1);
  const intoSource: number[] = supplyLeft.map(() => -1);
  // Smaller than any real difference of gains, larger than what adding and subtracting them again leaves.
  const tolerance = 1e-12;
  for (let changed = true; changed; ) {
    changed = false;
    for (const [source, row] of gain.entries()) {
      for (const [sink, value] of row.entries()) {
        if (sourceCost[source]! - value < sinkCost[sink]! - tolerance) {
          sinkCost[sink] = sourceCost[source]! - value;
          intoSink[sink] = source;
          changed = true;
        }
        if (flow[source]![sink]! > 0 && sinkCost[sink]! + value < sourceCost[source]! - tolerance) {
          sourceCost[source] = sinkCost[sink]! + value;
          intoSource[source] = sink;
          changed = true;
        }
      }
    }
  }
  const open = demandLeft.map((left, sink) => (left > 0 ? sinkCost[sink]! : Number.POSITIVE_INFINITY));
  return pathTo(open.indexOf(Math.min(...open)), intoSink, intoSource);
}

function pathTo(last: number, intoSink: readonly number[], intoSource: readonly number[]): Step[] {
  const steps: Step[] = [];
  for (let sink = last; ; ) {
    const source = intoSink[sink]!;
    steps.unshift({ source, sink, back: false });
    const before = intoSource[source]!;
    if (before < 0) return steps;
    steps.unshift({ source, sink: before, back: true });
    sink = before;
  }
}
