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
