import { existsSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

/**
 * Links of pages to files that are no pages (sources, configs, folders without a README) lead to the repository, or become
 * plain text where its address is not known. A target that does not exist ends the build: VitePress checks links to pages,
 * this checks the others.
 */
export function repositoryLinks(md: MarkdownRenderer, root: string, repository: string | undefined): void {
  md.core.ruler.push('repository-links', (state) => {
    const page = (state.env as { path?: string }).path;
    if (!page) return;
    for (const block of state.tokens) {
      let plain = false;
      for (const token of block.children ?? []) {
        if (token.type === 'link_close' && plain) {
          token.tag = 'span';
          plain = false;
        }
        if (token.type !== 'link_open') continue;
        const href = token.attrGet('href');
        if (!href || /^([a-z]+:|#|\/)/.test(href)) continue;
        const [path] = href.split('#') as [string];
        const target = resolve(dirname(page), decodeURI(path));
        if (!existsSync(target)) throw new Error(`${relative(root, page)}: the link to ${href} leads nowhere`);
        if (/\.md$/.test(path)) continue;
        if (statSync(target).isDirectory() && existsSync(resolve(target, 'README.md'))) {
          token.attrSet('href', `${path.replace(/\/$/, '')}/README.md`);
        } else if (repository) {
          token.attrSet('href', `${repository}/${relative(root, target)}`);
        } else {
          token.tag = 'span';
          token.attrs = [];
          plain = true;
        }
      }
    }
  });
}
