// What a package gets before it is published: fields that name its repository, the license, and a README whose links work on npm.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BRANCH = 'main';

/** Folders of all published packages, relative to the root. */
export function packageFolders(root = ROOT) {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((folder) => {
        const file = join(root, folder, 'package.json');
        return existsSync(file) && !JSON.parse(readFileSync(file, 'utf8')).private;
      }),
  );
}

/** The web address of a git remote: of `git@host:owner/name.git`, `ssh://…` and `https://…`; undefined for a folder. */
export function webAddress(remote) {
  const [, host, path] =
    /^(?:https?:\/\/(?:[^@/]+@)?|ssh:\/\/(?:[^@/]+@)?)([^/:]+(?::\d+)?)\/(.+)$/.exec(remote) ??
    /^(?:[^@/]+@)([^:/]+):(.+)$/.exec(remote) ??
    [];
  return host && path ? `https://${host.replace(/:\d+$/, '')}/${path.replace(/\/$|(?:\.git)?\/?$/, '')}` : undefined;
}

/** Where this repository is on the web: of the remote `origin`. Undefined without one. */
export function repositoryAddress(root = ROOT) {
  try {
    const remote = execFileSync('git', ['remote', 'get-url', 'origin'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return webAddress(remote.trim());
  } catch {
    return undefined;
  }
}

/** Calls `change` for each link of a page that starts from the page's folder. Code is left alone. */
function relativeLinks(markdown, change) {
  return markdown
    .split(/(^```[\s\S]*?^```|`[^`\n]*`)/m)
    .map((text, i) =>
      i % 2 === 1
        ? text
        : text.replace(/(!?)(\[[^\]]*\])\((?![a-z]+:|#)([^)\s]+)\)/g, (link, image, label, target) => {
            const changed = change(target, image !== '');
            return changed === undefined ? link : `${image}${label}(${changed})`;
          }),
    )
    .join('');
}

/** Links of a page to files that are not there. */
export function brokenLinks(root, file) {
  const broken = [];
  relativeLinks(readFileSync(join(root, file), 'utf8'), (target) => {
    const path = posix.join(posix.dirname(file), target.split('#')[0]);
    if (!existsSync(join(root, path))) broken.push(target);
    return undefined;
  });
  return broken;
}

/** The page as it can be read elsewhere: relative links lead to the repository. */
export function withRepositoryLinks(markdown, folder, address) {
  return relativeLinks(markdown, (target, image) => {
    const [path, anchor] = target.split('#');
    const whole = posix.join(folder, path);
    return `${address}/${image ? 'raw' : 'blob'}/${BRANCH}/${whole}${anchor === undefined ? '' : `#${anchor}`}`;
  });
}

/** The manifest with the fields that say where the package comes from. */
export function withRepository(manifest, folder, address) {
  return {
    ...manifest,
    repository: { type: 'git', url: `git+${address}.git`, directory: folder },
    homepage: `${address}/tree/${BRANCH}/${folder}#readme`,
    bugs: { url: `${address}/issues` },
  };
}

/**
 * Makes the packages below a root fit to be packed, in place.
 * @returns a function that undoes it
 */
export function prepareForNpm(root, address, folders = packageFolders(root)) {
  const before = new Map();
  const write = (file, text) => {
    if (!before.has(file)) before.set(file, existsSync(file) ? readFileSync(file) : undefined);
    writeFileSync(file, text);
  };
  const license = readFileSync(join(ROOT, 'LICENSE'));
  for (const folder of folders) {
    const path = (name) => join(root, folder, name);
    const manifest = JSON.parse(readFileSync(path('package.json'), 'utf8'));
    const repositoryFolder = relative(root, join(root, folder)).split(sep).join('/');
    write(path('package.json'), `${JSON.stringify(withRepository(manifest, repositoryFolder, address), null, 2)}\n`);
    write(path('README.md'), withRepositoryLinks(readFileSync(path('README.md'), 'utf8'), repositoryFolder, address));
    write(path('LICENSE'), license);
  }
  return () => {
    for (const [file, text] of before) {
      if (text === undefined) rmSync(file, { force: true });
      else writeFileSync(file, text);
    }
  };
}

/** What a manifest lacks to be published; empty if nothing. */
export function missingFields(manifest) {
  return ['license', 'description', 'keywords', 'repository', 'homepage', 'bugs'].filter(
    (field) => manifest[field] === undefined || manifest[field].length === 0,
  );
}
