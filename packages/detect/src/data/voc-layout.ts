import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { malformed } from '@nats/graph';
import { linesIn, readText } from '../files/read-file.js';
import { filesIn, isImageName, pathParts } from './image-files.js';
import { otherLayout } from './other-layout.js';
import type { ProblemList } from './problem-list.js';

/** Where the files of a Pascal VOC folder are. */
export interface VocLayout {
  /** Folder of annotations. */
  readonly annotations: string;
  /** Folder of images. */
  readonly images: string;
  /** Annotations by id: their path in the folder, without extension; in alphabetical order. */
  readonly files: ReadonlyMap<string, string>;
  readonly known: VocImages;
  /** Ids of a split. */
  wanted(split: string | undefined, list: ProblemList): Promise<string[]>;
}

/** Images by their path in the folder of images. */
export interface VocImages {
  /** Without extension. */
  readonly byStem: ReadonlyMap<string, string>;
  readonly byName: ReadonlyMap<string, string>;
}

const ANNOTATION_FOLDERS = ['Annotations', 'annotations', 'labels'];
const IMAGE_FOLDERS = ['JPEGImages', 'images', 'Images', 'JPEGimages'];
/** Folders of splits, each with images and annotations side by side, by the split's name. */
const SPLIT_FOLDERS: Readonly<Record<string, string>> = {
  train: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
};

/**
 * Opens a folder as tools write it: Annotations, JPEGImages and ImageSets of the challenges (also one folder deeper, as in
 * VOCdevkit, and with folders in it, as CVAT and Datumaro write subsets), images and annotations side by side (LabelImg), or a
 * folder of these for each split (Roboflow).
 * @throws NatsError `malformed` naming what is missing; IO errors pass through
 */
export async function openVoc(directory: string): Promise<VocLayout> {
  if (!statSync(directory).isDirectory()) {
    throw malformed(directory, '', { rule: 'a Pascal VOC dataset is a folder', received: 'a file' });
  }
  const root = await rootOf(directory);
  const names = await readdir(root);
  const pick = (candidates: readonly string[]) => candidates.find((name) => names.includes(name));
  const folder = pick(ANNOTATION_FOLDERS);
  if (folder !== undefined) {
    const annotations = join(root, folder);
    const images = join(root, pick(IMAGE_FOLDERS) ?? IMAGE_FOLDERS[0]!);
    const files = await annotationsIn(annotations);
    // YOLO's datasets have labels, too.
    if (files.size > 0 || folder !== 'labels') {
      const found = { files, known: await imagesIn(images) };
      return { annotations, images, ...found, wanted: (split, list) => listed(root, split, found, list) };
    }
  }
  const all = await annotationsIn(root);
  const here = [...all].filter(([id]) => !id.includes('/'));
  const inSplits = [...all].filter(([id]) => id.split('/').length === 2 && id.split('/')[0]! in SPLIT_FOLDERS);
  const files = new Map(here.length > 0 ? here : inSplits);
  if (files.size === 0) {
    const other = await otherLayout(root, 'voc');
    throw malformed(directory, '', {
      rule: `a Pascal VOC folder has ${ANNOTATION_FOLDERS.join(' or ')}, or annotations beside the images`,
      received: `no annotations; it has ${names.slice(0, 8).join(', ') || 'nothing'}`,
      ...(other !== undefined && { limit: other }),
    });
  }
  const found = { files, known: await imagesIn(root) };
  const wanted = (split: string | undefined, list: ProblemList) =>
    here.length > 0 ? listed(root, split, found, list) : Promise.resolve(inFolders(root, split, files));
  return { annotations: root, images: root, ...found, wanted };
}

/** The folder itself, or the only one in it that has annotations: VOCdevkit has one for each year. */
async function rootOf(directory: string): Promise<string> {
  const has = (folder: string) => ANNOTATION_FOLDERS.some((name) => existsSync(join(folder, name)));
  if (has(directory)) return directory;
  const years = (await readdir(directory)).filter((name) => has(join(directory, name)));
  if (years.length > 1) {
    throw malformed(directory, '', {
      rule: 'a Pascal VOC dataset is one folder with Annotations',
      received: `several: ${years.join(', ')}`,
      limit: 'name one of them (data.path)',
    });
  }
  return years[0] === undefined ? directory : join(directory, years[0]);
}

/** A path in a folder, with `/` on every system. */
const pathIn = (folder: string, file: string) => relative(folder, file).split(sep).join('/');

async function annotationsIn(folder: string): Promise<Map<string, string>> {
  const isAnnotation = (name: string) => /\.xml$/i.test(name) && !name.split('/').at(-1)!.startsWith('.');
  const paths = (await filesIn(folder, true)).map((file) => pathIn(folder, file)).filter(isAnnotation);
  return new Map(paths.sort().map((path) => [path.slice(0, -'.xml'.length), join(folder, path)]));
}

async function imagesIn(folder: string): Promise<VocImages> {
  const files = existsSync(folder) ? (await filesIn(folder, true)).sort() : [];
  const images = files.map((file) => pathIn(folder, file)).filter((path) => isImageName(path.split('/').at(-1)!));
  return {
    byStem: new Map(images.map((path) => [path.slice(0, -extname(path).length), join(folder, path)])),
    byName: new Map(images.map((path) => [path, join(folder, path)])),
  };
}

function inFolders(root: string, split: string | undefined, files: ReadonlyMap<string, string>): string[] {
  const ids = [...files.keys()];
  if (split === undefined) return ids;
  const wanted = ids.filter((id) => SPLIT_FOLDERS[id.split('/')[0]!] === (SPLIT_FOLDERS[split] ?? split));
  if (wanted.length > 0) return wanted;
  const folders = [...new Set(ids.map((id) => id.split('/')[0]!))];
  throw malformed(root, '', {
    rule: 'a split is a folder with annotations',
    received: `'${split}'`,
    limit: `there are ${folders.join(', ')}`,
  });
}

type Found = { readonly files: ReadonlyMap<string, string>; readonly known: VocImages };

/**
 * Names of a list, one a line. A line may also be a path or have an extension; of a list of a single class, a flag follows the
 * name.
 */
async function listed(root: string, split: string | undefined, found: Found, list: ProblemList): Promise<string[]> {
  if (split === undefined) return [...found.files.keys()];
  const name = `${split.replace(/\.txt$/, '')}.txt`;
  const places = [join(root, 'ImageSets', 'Main'), join(root, 'ImageSets')];
  const file = places.map((place) => join(place, name)).find((path) => existsSync(path));
  if (file === undefined) {
    const lists = await Promise.all(places.map((place) => readdir(place).catch(() => [])));
    const others = lists.flat().filter((other) => other.endsWith('.txt'));
    if (others.length === 0 && split === 'train') {
      const rule = 'without lists in ImageSets/Main, every annotation is taken';
      const where = { kind: 'reference', file: join(places[0]!, name), field: '', remedy: 'none' } as const;
      list.add({ ...where, rule, received: 'no lists', severity: 'warning' });
      return [...found.files.keys()];
    }
    throw malformed(join(places[0]!, name), '', {
      rule: 'a split is a list of images in ImageSets/Main',
      received: 'no such file',
      limit: others.length > 0 ? `there are ${others.join(', ')}` : 'there are no lists; write one with a name a line',
    });
  }
  const ids = new Set<string>();
  const byLowerCase = new Map([...found.files.keys()].map((id) => [id.toLowerCase(), id]));
  for (const [i, line] of linesIn(await readText(file)).entries()) {
    const id = idOf(line.trim(), found, byLowerCase);
    if (id === '') continue;
    if (ids.has(id)) {
      const rule = 'an image is in a list once';
      const where = { image: id, file, field: `line ${i + 1}` };
      list.add({ kind: 'duplicate', ...where, rule, received: id, remedy: 'image dropped' });
    }
    ids.add(id);
  }
  return [...ids];
}

/** The annotation that a line means: as it stands, without flag, folders, extension, whichever exists first; then in any case. */
function idOf(line: string, { files, known }: Found, byLowerCase: ReadonlyMap<string, string>): string {
  const flagless = line.replace(/\s+-?[01]$/, '');
  const last = pathParts(flagless).at(-1) ?? '';
  const stem = last.replace(/\.[^.]+$/, '');
  const candidates = [line, flagless, flagless.replace(/\.[^./\\]+$/, ''), last, stem];
  const exists = (name: string) => name !== '' && (files.has(name) || known.byStem.has(name));
  const found =
    candidates.find(exists) ?? byLowerCase.get(flagless.toLowerCase()) ?? byLowerCase.get(stem.toLowerCase());
  return found ?? flagless;
}
