/** Which packages each may import (docs/adr/0003-package-layers.md): what check-layers holds and draw-layers draws. */
export const ALLOWED = {
  'packages/graph': [],
  'packages/export': ['graph'],
  'packages/space': ['graph'],
  'packages/transfer': ['graph'],
  'packages/engine': ['graph', 'export'],
  'packages/train': ['graph', 'transfer', 'space'],
  'packages/search': ['graph', 'space', 'train'],
  'packages/mpi': ['graph', 'train'],
  'packages/detect': ['graph', 'export', 'space', 'train'],
  'packages/report': ['graph', 'space', 'detect'],
  'packages/pipeline': ['graph', 'export', 'space', 'transfer', 'engine', 'train', 'search', 'detect', 'report'],
  'apps/cli': ['graph', 'export', 'space', 'transfer', 'engine', 'detect', 'report', 'pipeline', 'mpi'],
};

/** Imports of a package that no other of its imports has already: what the picture shows. */
export function directImports(folder) {
  const reach = (name) => (ALLOWED[`packages/${name}`] ?? []).flatMap((other) => [other, ...reach(other)]);
  return ALLOWED[folder].filter(
    (name) => !ALLOWED[folder].some((other) => other !== name && reach(other).includes(name)),
  );
}
