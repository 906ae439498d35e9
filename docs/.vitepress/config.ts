import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import sidebarOfApi from '../api/typedoc-sidebar.json' with { type: 'json' };
import { repositoryLinks } from './repository-links.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The pages are the repository's own Markdown files where they lie, so that every link works there and here. */
export default defineConfig({
  title: 'NATS in TypeScript',
  description: 'Channel-level dilation search for object detectors: pretrained weights in, ONNX out, without Python',
  srcDir: root,
  // Below which path the site is served, where that is not a host's root.
  base: process.env.DOCS_BASE ?? '/',
  srcExclude: [
    '**/node_modules/**',
    '**/dist/**',
    '**/CHANGELOG.md',
    '.changeset/**',
    'runs/**',
    '**/test/**',
    '**/fixtures/**',
  ],
  outDir: resolve(root, 'docs/.vitepress/dist'),
  cacheDir: resolve(root, 'node_modules/.cache/vitepress'),
  rewrites: { 'README.md': 'index.md', ':where(.*)/README.md': ':where/index.md' },
  cleanUrls: true,
  lastUpdated: false,
  markdown: { config: (md) => repositoryLinks(md, root, remoteOf(root)) },
  vite: { build: { chunkSizeWarningLimit: 4096 } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Quick start', link: '/docs/quick-start-cli' },
      { text: 'Results', link: '/docs/evidence' },
      { text: 'API', link: '/docs/api/' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          page('Overview', 'README.md'),
          page('Quick start: command line', 'docs/quick-start-cli.md'),
          page('Quick start: library', 'docs/quick-start-library.md'),
          page('Walk-through: wide digits', 'docs/walkthrough.md'),
          page('Blood cells', 'docs/blood-cells.md'),
          page('GPUs', 'docs/gpu.md'),
          page('Clusters', 'docs/clusters.md'),
          page('Kubernetes', 'docs/kubernetes.md'),
          page('Data and weights', 'docs/data.md'),
          page('Windows', 'docs/windows.md'),
          page('Questions', 'docs/faq.md'),
        ],
      },
      {
        text: 'Understand',
        items: [
          page('Architecture', 'docs/architecture.md'),
          page('Glossary', 'docs/glossary.md'),
          page('Two-stage detectors', 'docs/two-stage.md'),
          ...pagesOf('docs/adr', 'Decision '),
        ],
      },
      {
        text: 'Results',
        items: [
          page('When does the search gain?', 'docs/evidence.md'),
          page('Performance', 'docs/performance.md'),
          page('Latency as a constraint', 'docs/latency.md'),
          page('On a GPU', 'docs/gpu.md'),
          page('Two detectors, step by step', 'docs/detection.md'),
          ...pagesOf('docs/notes', 'Note: '),
        ],
      },
      { text: 'Extend', items: pagesOf('docs/adding') },
      {
        text: 'Packages',
        items: [...folders('packages'), ...folders('apps')].map((folder) =>
          page(nameOf(folder), `${folder}/README.md`),
        ),
      },
      { text: 'API', collapsed: true, link: '/docs/api/', items: sidebarOfApi },
    ],
  },
});

/** A page of the sidebar. @throws Error for a file that does not exist: a dead entry must not be built */
function page(text: string, file: string) {
  if (!existsSync(resolve(root, file))) throw new Error(`the sidebar names ${file}, which does not exist`);
  return { text, link: `/${file.replace(/(README)?\.md$/, '')}` };
}

/** All Markdown files of a folder, by their first heading. */
function pagesOf(folder: string, prefix = '') {
  if (!existsSync(resolve(root, folder))) return [];
  return readdirSync(resolve(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => page(prefix + headingOf(resolve(root, folder, name)), `${folder}/${name}`));
}

function headingOf(file: string): string {
  return /^# (.+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? relative(root, file);
}

function folders(parent: string): string[] {
  return readdirSync(resolve(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(resolve(root, parent, entry.name, 'README.md')))
    .map((entry) => `${parent}/${entry.name}`);
}

function nameOf(folder: string): string {
  return (JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8')) as { name: string }).name;
}

/** Where the sources can be read, or undefined in a copy that has no remote. */
function remoteOf(folder: string): string | undefined {
  try {
    const url = execFileSync('git', ['remote', 'get-url', 'origin'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const remote = String(url)
      .trim()
      .replace(/^git@([^:]+):/, 'https://$1/')
      .replace(/\.git$/, '');
    return remote.startsWith('https://') ? `${remote}/blob/main` : undefined;
  } catch {
    return undefined;
  }
}
