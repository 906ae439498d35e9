import { atMost, bad, type Source } from '../source.js';
import type { PickleValue } from './values.js';

type Container = Extract<PickleValue, { kind: 'list' | 'tuple' | 'dict' }>;

/**
 * Refuses cyclic and deeply nested results, so that later walks may recurse. Shared parts are visited once, so a pickle
 * of exponentially many paths takes no longer than its size.
 * @throws NatsError `malformed`.
 */
export function checkGraph(source: Source, what: string, root: PickleValue): void {
  const height = new Map<Container, number>();
  const open = new Set<Container>();
  const stack: { node: Container; children: Container[]; next: number }[] = [];
  const enter = (node: Container) => {
    open.add(node);
    stack.push({ node, children: containersIn(node), next: 0 });
    if (stack.length > source.limits.maxPickleDepth) throw tooDeep(source, what, stack.length);
  };
  if (!isContainer(root)) return;
  enter(root);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const child = frame.children[frame.next++];
    if (child === undefined) {
      close(source, what, frame, height);
      open.delete(frame.node);
      stack.pop();
    } else if (open.has(child)) {
      throw bad(source, what, 'weights are a tree of containers', `a ${child.kind} that contains itself`);
    } else if (!height.has(child)) {
      enter(child);
    }
  }
}

function close(
  source: Source,
  what: string,
  frame: { node: Container; children: Container[] },
  height: Map<Container, number>,
): void {
  let highest = 0;
  for (const child of frame.children) highest = Math.max(highest, height.get(child)!);
  if (highest + 1 > source.limits.maxPickleDepth) throw tooDeep(source, what, highest + 1);
  height.set(frame.node, highest + 1);
}

function tooDeep(source: Source, what: string, depth: number) {
  const limit = atMost('maxPickleDepth', source.limits);
  return bad(source, what, 'containers are not nested deeply', `depth ${depth}`, limit);
}

function containersIn(node: Container): Container[] {
  const values = node.kind === 'dict' ? [...node.entries.keys(), ...node.entries.values()] : node.items;
  return values.filter(isContainer);
}

function isContainer(value: PickleValue): value is Container {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'list' || value.kind === 'tuple' || value.kind === 'dict')
  );
}
