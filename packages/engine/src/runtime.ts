/** Where it runs, for the fingerprint. */
export function runtime(): string {
  const { process, navigator } = globalThis as {
    process?: { versions?: { node?: string } };
    navigator?: { userAgent?: string };
  };
  return process?.versions?.node !== undefined ? `node ${process.versions.node}` : (navigator?.userAgent ?? 'unknown');
}
