import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

interface Layout {
  /** Whose it is; none for one that no reader takes. */
  readonly format?: 'yolo' | 'voc';
  readonly file: RegExp;
  readonly words: string;
}

/** What comes first is told. */
const LAYOUTS: readonly Layout[] = [
  {
    format: 'yolo',
    file: /^(?:data|dataset)\.ya?ml$|\.data$|^classes\.txt$/i,
    words: "it looks like YOLO, which data.format 'yolo' reads",
  },
  { format: 'voc', file: /^Annotations$|\.xml$/i, words: "it looks like Pascal VOC, which data.format 'voc' reads" },
  { file: /\.json$/i, words: "if its .json is COCO's, data.format 'coco' reads it, with data.path naming the file" },
  { file: /\.tfrecords?$/i, words: 'TFRecords are not read; export the dataset as COCO, VOC or YOLO' },
  { file: /\.csv$/i, words: 'tables (.csv) are not read; export the dataset as COCO, VOC or YOLO' },
  { file: /\.zip$/i, words: 'unpack its archive first' },
];

/**
 * What a folder seems to be that has nothing of the format that was asked for, and what reads it.
 * @param asked that format
 */
export async function otherLayout(folder: string, asked: 'yolo' | 'voc'): Promise<string | undefined> {
  const names = await readdir(folder);
  const inside = await Promise.all(names.map((name) => readdir(join(folder, name)).catch(() => [])));
  const files = [...names, ...inside.flat()];
  return LAYOUTS.find(({ format, file }) => format !== asked && files.some((name) => file.test(name)))?.words;
}
