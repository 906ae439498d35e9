import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { append } from './append.js';

/** Of files that are images, in lower case. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.mpo',
  '.png',
  '.webp',
  '.bmp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
]);

/** Images that are not read: listed all the same, because one that is refused is better than one that is passed over. */
const UNREAD_EXTENSIONS: ReadonlySet<string> = new Set(['.heic', '.heif', '.dng', '.jp2', '.jxl', '.tga', '.pfm']);

/** Whether a file's name is that of an image. `._x.jpg` is macOS's note beside one, and other hidden files are none. */
export function isImageName(name: string): boolean {
  const extension = extname(name).toLowerCase();
  return !name.startsWith('.') && (IMAGE_EXTENSIONS.has(extension) || UNREAD_EXTENSIONS.has(extension));
}

/** Image files in a folder, and in those below if `recursive`, in alphabetical order. IO errors pass through. */
export async function imageFiles(folder: string, recursive = true): Promise<string[]> {
  return (await filesIn(folder, recursive)).filter((file) => isImageName(basename(file))).sort();
}

/**
 * Files of a folder, and of those below if `recursive`, also through symbolic links to folders, by which people gather images
 * that lie elsewhere. A folder is entered once, so that links in a circle end.
 */
export async function filesIn(folder: string, recursive: boolean, entered = new Set<string>()): Promise<string[]> {
  const own = await realpath(folder);
  if (entered.has(own)) return [];
  entered.add(own);
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const target = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : undefined;
    if (!(target ?? entry).isDirectory()) files.push(path);
    else if (recursive) append(files, await filesIn(path, true, entered));
  }
  return files;
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
 * the file below the folder whose path ends with most of the name's parts; and where there is none, the one whose name is
 * spelled otherwise.
 * @param allowOutside whether names may lead out of the folder
 */
export async function createImageFinder(folder: string, allowOutside = false): Promise<ImageFinder> {
  const listed = await filesIn(folder, true).catch(() => undefined);
  const paths = listed ?? [];
  const known = new Set(paths);
  // Annotations are looked at without their images, too: a hundred thousand questions for files would cost a second.
  const isEmpty = listed?.length === 0;
  let byName: Map<string, string[]> | undefined;
  let bySpelling: Map<string, string[]> | undefined;
  return (name) => {
    const parts = pathParts(name);
    const isForeign = isAbsolute(name) || /^[A-Za-z]:[\\/]/.test(name);
    const direct = isForeign ? undefined : join(folder, ...parts);
    const stays = direct !== undefined && isInside(direct, folder);
    // A backslash may also be a part of a name.
    const literal = name.includes('\\') && !isForeign ? join(folder, name) : undefined;
    if (literal !== undefined && known.has(literal)) return { file: literal };
    if (direct !== undefined && stays && (known.has(direct) || (!isEmpty && existsSync(direct))))
      return { file: direct };
    byName ??= filesByName(paths);
    let tail = longestTail(parts, byName.get(parts.at(-1) ?? '') ?? []);
    if (tail.length === 0) {
      bySpelling ??= filesByName(paths, spelling);
      tail = longestTail(parts.map(spelling), bySpelling.get(spelling(parts.at(-1) ?? '')) ?? [], spelling);
    }
    if (tail.length === 1) return { file: tail[0]! };
    if (tail.length > 1) return { ambiguous: tail };
    if (stays) return { file: direct! };
    const away = isForeign ? name : direct!;
    if (isForeign && isInside(name, folder)) return { file: name };
    return allowOutside ? { file: away } : { outside: away };
  };
}

/**
 * What names have in common that mean the same file on another machine: without upper case (Windows, macOS), the parts of
 * letters in one piece (macOS takes them apart), without the escapes and the query of an address.
 */
function spelling(name: string): string {
  const path = name.replace(/\?.*$/, '');
  let plain = path;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // A percent sign that is one.
  }
  return plain.normalize('NFC').toLowerCase();
}

function filesByName(paths: readonly string[], key: (name: string) => string = (name) => name): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const path of paths) {
    const name = key(path.slice(path.lastIndexOf(sep) + 1));
    const others = files.get(name);
    if (others) others.push(path);
    else files.set(name, [path]);
  }
  return files;
}

/** Candidates that have most parts at the end in common with a name. */
function longestTail(
  parts: readonly string[],
  candidates: readonly string[],
  key: (name: string) => string = (name) => name,
): string[] {
  let best: string[] = [];
  let most = 0;
  for (const candidate of candidates) {
    const own = candidate.split(sep).map(key);
    let common = 0;
    while (common < parts.length && parts.at(-1 - common) === own.at(-1 - common)) common++;
    if (common > most) [best, most] = [[candidate], common];
    else if (common === most) best.push(candidate);
  }
  return best;
}
