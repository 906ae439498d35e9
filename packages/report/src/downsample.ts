/** At most `limit` points: each the mean of neighbors that follow each other; `step` is the last of them. */
export function downsample<T extends { readonly step: number }>(
  points: readonly T[],
  limit: number,
): { readonly points: readonly T[]; readonly each: number } {
  const each = Math.max(1, Math.ceil(points.length / limit));
  if (each === 1) return { points, each };
  const groups = Array.from({ length: Math.ceil(points.length / each) }, (_, i) =>
    points.slice(i * each, (i + 1) * each),
  );
  return { points: groups.map(meanPoint), each };
}

/** The mean of each field over the points that have it as a finite number. */
function meanPoint<T extends { readonly step: number }>(group: readonly T[]): T {
  const last = group.at(-1)!;
  const names = new Set(group.flatMap((point) => Object.keys(point)));
  const means = [...names].flatMap((name) => {
    const values = group
      .map((point) => (point as Readonly<Record<string, unknown>>)[name])
      .filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
    return values.length === 0 ? [] : [[name, values.reduce((a, b) => a + b, 0) / values.length] as const];
  });
  return { ...last, ...Object.fromEntries(means), step: last.step };
}

/** Most points that are kept of a curve before it is drawn, where fewer are shown. */
const KEPT = 100_000;

/** A curve of any length in bounded memory: beyond `limit` points, each is the mean of as many neighbors as it takes. */
export function createThinnedPoints<T extends { readonly step: number }>(limit = KEPT) {
  let points: T[] = [];
  let group: T[] = [];
  let each = 1;
  return {
    add(point: T): void {
      group.push(point);
      if (group.length < each) return;
      points.push(each === 1 ? point : meanPoint(group));
      group = [];
      if (points.length < limit) return;
      points = [...downsample(points, Math.ceil(limit / 2)).points];
      each *= 2;
    },
    all: (): readonly T[] => (group.length === 0 ? points : [...points, meanPoint(group)]),
  };
}
