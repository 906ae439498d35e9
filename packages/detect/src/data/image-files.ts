import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Of files that are images, in lower case. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.webp',
  '.bmp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
]);

/** Whether a file's name is that of an image. `._x.jpg` is macOS's note beside one, and other hidden files are none. */
function isImageName(name: string): boolean {
  return !name.startsWith('.') && IMAGE_EXTENSIONS.has(extname(name).toLowerCase());
}

/** Image files in a folder, and in those below if `recursive`, in alphabetical order. IO errors pass through. */
export async function imageFiles(folder: string, recursive = true): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive });
  return entries
    .filter((entry) => isImageName(entry.name) && (entry.isFile() || entry.isSymbolicLink()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Parts of a path that may be of another machine: Windows separators and drives. */
export function pathParts(path: string): string[] {
  return path
    .replace(/^[A-Za-z]:(?=[\\/])/, '')
    .split(/[\\/]+/)
    .filter((part) => part !== '' && part !== '.');
}

/** Whether a path lies in a folder, or is it. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

export type FoundImage =
  /** The file, which need not exist: nothing better was found. */
  | { readonly file: string }
  /** Files that end alike, none more than the others. */
  | { readonly ambiguous: readonly string[] }
  /** A path that leaves the folder. */
  | { readonly outside: string };

/** Looks for the files that annotations name. */
export type ImageFinder = (name: string) => FoundImage;

/**
 * Names from the folder on; where there is no such file (absolute names, those of another machine or from a project's root),
 * the file below the folder whose path ends with most of the name's parts.
 * @param allowOutside whether names may lead out of the folder
 */
export async function createImageFinder(folder: string, allowOutside = false): Promise<ImageFinder> {
  const files = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const paths = files.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  const known = new Set(paths);
  let byName: Map<string, string[]> | undefined;
  return (name) => {
    const parts = pathParts(name);
    const isForeign = isAbsolute(name) || /^[A-Za-z]:[\\/]/.test(name);
    const direct = isForeign ? undefined : join(folder, ...parts);
    const stays = direct !== undefined && isInside(direct, folder);
    // A backslash may also be a part of a name.
    const literal = name.includes('\\') && !isForeign ? join(folder, name) : undefined;
    if (literal !== undefined && known.has(literal)) return { file: literal };
    if (direct !== undefined && stays && (known.has(direct) || existsSync(direct))) return { file: direct };
    byName ??= filesByName(paths);
    const tail = longestTail(parts, byName.get(parts.at(-1) ?? '') ?? []);
    if (tail.length === 1) return { file: tail[0]! };
    if (tail.length > 1) return { ambiguous: tail };
    if (stays) return { file: direct! };
    const away = isForeign ? name : direct!;
    if (isForeign && isInside(name, folder)) return { file: name };
    return allowOutside ? { file: away } : { outside: away };
  };
}

function filesByName(paths: readonly string[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf(sep) + 1);
    const others = files.get(name);
    if (others) others.push(path);
    else files.set(name, [path]);
  }
  return files;
}

/** Candidates that have most parts at the end in common with a name. */
function longestTail(parts: readonly string[], candidates: readonly string[]): string[] {
  let best: string[] = [];
  let most = 0;
  for (const candidate of candidates) {
    const own = candidate.split(sep);
    let common = 0;
    while (common < parts.length && parts.at(-1 - common) === own.at(-1 - common)) common++;
    if (common > most) [best, most] = [[candidate], common];
    else if (common === most) best.push(candidate);
  }
  return best;
}
