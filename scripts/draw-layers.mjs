// Draws docs/images/layers.svg from the table of layers (Graphviz). `node scripts/draw-layers.mjs` writes it; a test compares.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { instance } from '@viz-js/viz';
import { ALLOWED, directImports } from './layers.mjs';

export const PICTURE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs/images/layers.svg');

/** The picture as SVG: an arrow from a package to what it imports, but for what others of its imports bring. */
export async function layersSvg() {
  const names = Object.keys(ALLOWED);
  const label = (folder) => folder.replace(/^(packages|apps)\//, '');
  const viz = await instance();
  return viz.renderString(
    {
      directed: true,
      graphAttributes: { rankdir: 'BT', bgcolor: 'transparent', nodesep: 0.3, ranksep: 0.45 },
      nodeAttributes: {
        shape: 'box',
        style: 'rounded,filled',
        fillcolor: '#eef3fb',
        color: '#4a6da7',
        fontname: 'sans-serif',
      },
      edgeAttributes: { color: '#7a8aa0', arrowsize: 0.7 },
      nodes: names.map((folder) => ({ name: label(folder) })),
      edges: names.flatMap((folder) => directImports(folder).map((head) => ({ tail: label(folder), head }))),
    },
    { format: 'svg' },
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(PICTURE, await layersSvg());
