/** Milliseconds: of processor time, or of the clock on the wall. */
export async function timed(work: () => Promise<unknown>, processor: boolean): Promise<number> {
  const usage = process.cpuUsage();
  const start = performance.now();
  await work();
  if (!processor) return performance.now() - start;
  const { user, system } = process.cpuUsage(usage);
  return (user + system) / 1000;
}
