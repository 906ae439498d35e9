/**
 * The device that Vulkan's loader says it uses (`VK_LOADER_DEBUG=driver`). Where the line that says so is lost, as happens on
 * busy machines, the only device of the lists that come before it, several times.
 * @param log what the loader wrote
 */
export function adapterName(log: string): string | undefined {
  const used = /Using "([^"]+)" with driver/.exec(log)?.[1];
  if (used !== undefined) return used;
  const listed = new Set([...log.matchAll(/\[\d+\] (.+?)\s*$/gm)].map(([, name]) => name!));
  return listed.size === 1 ? [...listed][0] : undefined;
}
