import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import { encodeRle } from '../masks/rle-string.js';
import { cocoGroundTruth } from './coco-ground-truth.js';
import { parseCoco, type ReadCocoOptions, readCoco as readFile } from './read-coco.js';
import { targetMasks } from './targets.js';

const file = {
  images: [
    { id: 30, file_name: 'a.jpg', width: 100, height: 50 },
    { id: 4, file_name: 'sub/b.jpg', width: 10, height: 10 },
  ],
  categories: [
    { id: 17, name: 'cat' },
    { id: 3, name: 'dog' },
  ],
  annotations: [
    {
      id: 1,
      image_id: 30,
      category_id: 17,
      bbox: [10, 5, 20.5, 30],
      area: 400,
      iscrowd: 0,
      segmentation: [[1, 2, 3, 4, 5, 6]],
    },
    {
      id: 2,
      image_id: 30,
      category_id: 3,
      bbox: [0, 0, 100, 50],
      iscrowd: 1,
      segmentation: { size: [50, 100], counts: encodeRle([0, 4000, 1000]) },
    },
    {
      id: 3,
      image_id: 30,
      category_id: 3,
      bbox: [0, 0, 1, 1],
      segmentation: { size: [50, 100], counts: [0, 1, 4999] },
    },
  ],
};

type Change = (copy: Record<'images' | 'categories' | 'annotations', Record<string, unknown>[]>) => void;

function changed(change: Change): unknown {
  const copy = structuredClone(file) as unknown as Parameters<Change>[0];
  change(copy);
  return copy;
}

const parsed = (value: unknown, onProblem: 'error' | 'drop' = 'error') =>
  parseCoco(value, 'instances.json', { images: 'pictures', onProblem });

/** Reads a file whole and item by item, which must give the same, errors included. */
async function readCoco(path: string, options: ReadCocoOptions) {
  const outcome = (streamFrom: number) =>
    readFile(path, { ...options, streamFrom }).catch((error: unknown) => error as Error);
  const [whole, itemwise] = [await outcome(Number.POSITIVE_INFINITY), await outcome(0)];
  if (whole instanceof Error) {
    expect((itemwise as Error).message).toBe(whole.message);
    throw whole;
  }
  expect(itemwise).toEqual(whole);
  return whole;
}

describe('COCO files', () => {
  test('become records: corners, classes in order of ids, masks kept, images without objects', () => {
    const dataset = parsed(file);
    expect(dataset.classes).toEqual(['dog', 'cat']);
    expect(dataset.categoryIds).toEqual([3, 17]);
    expect(dataset.records).toEqual([
      {
        id: '30',
        source: { file: join('pictures', 'a.jpg') },
        width: 100,
        height: 50,
        objects: [
          { box: [10, 5, 30.5, 35], label: 1, area: 400, segmentation: [[1, 2, 3, 4, 5, 6]] },
          { box: [0, 0, 100, 50], label: 0, crowd: true, segmentation: { size: [50, 100], counts: '0Pm3Xo0' } },
          { box: [0, 0, 1, 1], label: 0, segmentation: { size: [50, 100], counts: [0, 1, 4999] } },
        ],
      },
      { id: '4', source: { file: join('pictures', 'sub/b.jpg') }, width: 10, height: 10, objects: [] },
    ]);
    expect(dataset.problems).toEqual([]);
  });

  test('come back as ground truth for evaluation, with their own numbers', () => {
    const truth = cocoGroundTruth(parsed(file));
    expect(truth.images.map(({ id }) => id)).toEqual([30, 4]);
    expect(truth.categories).toEqual([
      { id: 3, name: 'dog' },
      { id: 17, name: 'cat' },
    ]);
    expect(
      truth.annotations.map(({ image_id, category_id, bbox, area, iscrowd }) => [
        image_id,
        category_id,
        bbox,
        area,
        iscrowd,
      ]),
    ).toEqual([
      [30, 17, [10, 5, 20.5, 30], 400, 0],
      [30, 3, [0, 0, 100, 50], 5000, 1],
      [30, 3, [0, 0, 1, 1], 1, 0],
    ]);
  });

  test.each<[string, Change, string, string]>([
    ['an unknown category', (c) => (c.annotations[1]!.category_id = 99), 'reference', 'annotations[1].category_id'],
    ['an unknown image', (c) => (c.annotations[1]!.image_id = 99), 'reference', 'annotations[1].image_id'],
    ['no category', (c) => delete c.annotations[0]!.category_id, 'field', 'annotations[0].category_id'],
    ['no id', (c) => delete c.annotations[0]!.id, 'field', 'annotations[0].id'],
    ['no box', (c) => delete c.annotations[2]!.bbox, 'field', 'annotations[2].bbox'],
    ['a short box', (c) => (c.annotations[2]!.bbox = [1, 2, 3]), 'field', 'annotations[2].bbox'],
    ['a box of texts', (c) => (c.annotations[2]!.bbox = [1, 2, '3', 4]), 'field', 'annotations[2].bbox[2]'],
    ['a strange crowd flag', (c) => (c.annotations[2]!.iscrowd = 'yes'), 'field', 'annotations[2].iscrowd'],
    ['an area of text', (c) => (c.annotations[2]!.area = 'large'), 'field', 'annotations[2].area'],
    [
      'half a polygon',
      (c) => (c.annotations[0]!.segmentation = [[1, 2, 3]]),
      'field',
      'annotations[0].segmentation[0]',
    ],
    [
      'a mask without runs',
      (c) => (c.annotations[0]!.segmentation = { size: [50, 100] }),
      'field',
      'annotations[0].segmentation.counts',
    ],
    [
      'a mask without size',
      (c) => (c.annotations[0]!.segmentation = { counts: [1] }),
      'field',
      'annotations[0].segmentation.size',
    ],
    [
      'a box for a polygon',
      (c) => (c.annotations[0]!.segmentation = [[1, 2, 3, 4]]),
      'field',
      'annotations[0].segmentation[0]',
    ],
    [
      'a polygon beyond reach',
      (c) =>
        (c.annotations[0]!.segmentation = [
          [1, 2, 3, 4, 5, 6],
          [1e9, 0],
        ]),
      'field',
      'annotations[0].segmentation[1]',
    ],
    [
      'a mask of another size',
      (c) => (c.annotations[1]!.segmentation = { size: [100, 50], counts: [5000] }),
      'field',
      'annotations[1].segmentation.size',
    ],
    [
      'a mask with too few pixels',
      (c) => (c.annotations[1]!.segmentation = { size: [50, 100], counts: [4999] }),
      'field',
      'annotations[1].segmentation.counts',
    ],
    [
      'a mask cut off',
      (c) => (c.annotations[1]!.segmentation = { size: [50, 100], counts: '0P' }),
      'field',
      'annotations[1].segmentation.counts',
    ],
    ['a text for a mask', (c) => (c.annotations[1]!.segmentation = 'mask'), 'field', 'annotations[1].segmentation'],
    ['a box without area', (c) => (c.annotations[0]!.bbox = [5, 5, 0, 3]), 'box', 'annotations[0].bbox'],
    ['a box of negative width', (c) => (c.annotations[0]!.bbox = [5, 5, -2, 3]), 'box', 'annotations[0].bbox'],
    ['a box outside', (c) => (c.annotations[0]!.bbox = [100, 0, 9, 9]), 'box', 'annotations[0].bbox'],
    ['an id twice', (c) => (c.annotations[1]!.id = 1), 'duplicate', 'annotations[1].id'],
    [
      'no object at all',
      (c) => (c.annotations[1] = 5 as unknown as Record<string, unknown>),
      'field',
      'annotations[1]',
    ],
  ])('with an annotation of %s are refused, or it is left out and listed', (_, change, kind, field) => {
    const value = changed(change);
    expect(() => parsed(value)).toThrow(`instances.json, ${field}: received `);
    const { records, problems } = parsed(value, 'drop');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ kind, file: 'instances.json', field, remedy: 'annotation dropped' });
    expect(records[0]!.objects).toHaveLength(2);
  });

  test('with a broken mask are refused by the name of the file, the field and the number of the annotation', () => {
    const broken = changed((c) => (c.annotations[1]!.segmentation = { size: [50, 100], counts: [1, 2] }));
    expect(() => parsed(broken)).toThrow(
      /instances\.json, annotations\[1\]\.segmentation\.counts.*received "3 pixels".*runs add up to height times width \(50 x 100 = 5000\), in annotation 2/,
    );
  });

  test('without polygons, as tools for boxes write them, have no masks', () => {
    for (const nothing of [[], [[]], null]) {
      const { records } = parsed(changed((c) => (c.annotations[0]!.segmentation = nothing)));
      expect(records[0]!.objects[0]).toEqual({ box: [10, 5, 30.5, 35], label: 1, area: 400 });
    }
  });

  test.each<[string, Change, string, string]>([
    ['an id twice', (c) => c.images.push({ ...c.images[1]! }), 'duplicate', 'images[2].id'],
    ['no name', (c) => c.images.push({ id: 5, width: 3, height: 3 }), 'field', 'images[2].file_name'],
    ['no width', (c) => c.images.push({ id: 5, file_name: 'x', height: 3 }), 'field', 'images[2].width'],
    [
      'a height of 0',
      (c) => c.images.push({ id: 5, file_name: 'x', width: 3, height: 0 }),
      'field',
      'images[2].height',
    ],
  ])('with an image of %s are refused, or it is left out and listed', (_, change, kind, field) => {
    expect(() => parsed(changed(change))).toThrow(/instances\.json, images\[2\]/);
    const { records, problems } = parsed(changed(change), 'drop');
    expect(problems).toMatchObject([{ kind, field, remedy: 'image dropped' }]);
    expect(records).toHaveLength(2);
  });

  test('with boxes that leave the image are refused, or cut; a pixel of rounding is no mistake', () => {
    const value = changed((c) => {
      c.annotations[0]!.bbox = [-5, 40, 20, 30];
      c.annotations[1]!.bbox = [0, 0, 100.5, 50];
    });
    expect(() => parsed(value)).toThrow(/received \[-5, 40, 15, 70\] in 100 x 50.*a box lies in its image/);
    const { records, problems } = parsed(value, 'drop');
    expect(records[0]!.objects.map(({ box }) => box)).toEqual([
      [0, 40, 15, 50],
      [0, 0, 100, 50],
      [0, 0, 1, 1],
    ]);
    expect(problems).toMatchObject([{ kind: 'outside', image: '30', remedy: 'box cut' }]);
  });

  test('say how many more problems there are', () => {
    const value = changed((c) => {
      for (const annotation of c.annotations) annotation.category_id = 5;
    });
    expect(() => parsed(value)).toThrow(/2 more problems/);
  });

  test.each<[string, unknown, RegExp]>([
    ['that are lists', [], /received \[\].*the lists images, annotations and categories/],
    ['without categories', { images: [], annotations: [] }, /categories: received nothing.*the lists/],
    ['without annotations', { images: [], categories: [] }, /annotations: received nothing.*the lists/],
    [
      'with a category twice',
      changed((c) => c.categories.push({ id: 3, name: 'x' })),
      /categories\[2\]\.id.*different/,
    ],
    [
      'with a name twice',
      changed((c) => c.categories.push({ id: 5, name: 'cat' })),
      /categories\[2\]\.name.*different/,
    ],
    ['with a category without name', changed((c) => c.categories.push({ id: 5 })), /categories\[2\]\.name/],
  ])('%s are refused even if problems are dropped', (_, value, message) => {
    expect(() => parsed(value, 'drop')).toThrow(message);
  });

  test('are read from disk; cut ones are refused by name', async () => {
    const text = JSON.stringify(file);
    const directory = await temporaryDirectory({ 'good.json': text, 'cut.json': text.slice(0, 100) });
    const { name, records } = await readCoco(join(directory, 'good.json'), { images: directory });
    expect([name, records.length]).toEqual(['good.json', 2]);
    await expect(readCoco(join(directory, 'cut.json'), { images: directory })).rejects.toThrow(
      /cut\.json, line 1, column \d+: received an end .*complete/,
    );
    await expect(readCoco(join(directory, 'none.json'), { images: '' })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  const pictures = async () => {
    const png = await noisePng(8, 12);
    return temporaryDirectory({ 'train/a.png': png, 'val/a.png': png, 'train/b.png': png, 'c.png': png });
  };
  const named = (...names: string[]) => ({
    categories: [{ id: 1, name: 'cat' }],
    images: names.map((file_name, id) => ({ id, file_name, width: 12, height: 8 })),
    annotations: [],
  });
  const read = async (value: unknown, folder: string, options: Partial<ReadCocoOptions> = {}) => {
    const directory = await temporaryDirectory({ 'x.json': typeof value === 'string' ? value : JSON.stringify(value) });
    return readCoco(join(directory, 'x.json'), { images: folder, ...options });
  };

  test('of any size have the same objects, with packed polygons', async () => {
    const path = join(await temporaryDirectory({ 'x.json': JSON.stringify(file) }), 'x.json');
    const plain = await readFile(path, { images: 'pictures', streamFrom: 0 });
    const packed = await readFile(path, { images: 'pictures', streamFrom: 0, packFrom: 0 });
    expect(packed.records[0]!.objects.map(({ segmentation }) => typeof segmentation)).toEqual([
      'string',
      'object',
      'object',
    ]);
    expect(cocoGroundTruth(packed)).toEqual(cocoGroundTruth(plain));
    expect(targetMasks(packed.records[0]!)).toEqual(targetMasks(plain.records[0]!));
  });

  test('find images by Windows separators, absolute names and names from a project, by the longest tail', async () => {
    const folder = await pictures();
    const names = ['train\\a.png', 'D:\\set\\val\\a.png', '/home/me/set/b.png', 'project/images/c.png'];
    const { records } = await read(named(...names), folder);
    expect(records.map(({ source }) => source)).toEqual(
      ['train/a.png', 'val/a.png', 'train/b.png', 'c.png'].map((file) => ({ file: join(folder, file) })),
    );
  });

  test('find images whose names another system or an address spells otherwise, if there is one', async () => {
    const png = await noisePng(8, 12);
    const folder = await temporaryDirectory({
      'A.JPG': png,
      'caf\u00e9.png': png,
      'my cat.png': png,
      'b%20c.png': png,
    });
    const names = ['a.jpg', 'cafe\u0301.png', 's3://bucket/set/my%20cat.png?version=3', 'b%20c.png'];
    const { records } = await read(named(...names), folder);
    expect(records.map(({ source }) => source)).toEqual(
      ['A.JPG', 'caf\u00e9.png', 'my cat.png', 'b%20c.png'].map((file) => ({ file: join(folder, file) })),
    );
  });

  test('tell names that several images end with, that leave the folder, or that are there twice', async () => {
    const folder = await pictures();
    await expect(read(named('a.png'), folder)).rejects.toThrow(
      /images\[0\]\.file_name: received "a\.png".*2 end alike/,
    );
    const outside = '../../elsewhere/x.png';
    await expect(read(named(outside), folder)).rejects.toThrow(
      /images\[0\]\.file_name: .*stay in their folder.*allowOutside/,
    );
    const allowed = await read(named(outside), folder, { allowOutside: true });
    expect(allowed.records[0]!.source).toEqual({ file: join(folder, outside) });
    await expect(read(named('c.png', './c.png'), folder)).rejects.toThrow(/images\[1\]\.file_name.*listed once/);
    await expect(read(named('a\0.png'), folder)).rejects.toThrow(/no NUL/);
  });

  test('without sizes have those of their images', async () => {
    const folder = await pictures();
    const value = named('c.png', 'train/a.png', 'val/a.png', 'train/b.png', 'none.png');
    const sides = [-1, null, 0, undefined, -1];
    const images = value.images.map((image, i) => ({ ...image, width: sides[i], height: sides[i] }));
    await expect(read({ ...value, images }, folder)).rejects.toThrow(/images\[4\].*no such file/);
    const { records } = await read({ ...value, images }, folder, { onProblem: 'drop' });
    expect(records.map(({ width, height }) => [width, height])).toEqual(Array(4).fill([12, 8]));
  });

  test('may have texts for ids and sides, true, false and null for crowds, NaN and null for areas', () => {
    const value = changed((c) => {
      for (const image of c.images) Object.assign(image, { id: `${image.id}`, width: `${image.width}` });
      for (const annotation of c.annotations) Object.assign(annotation, { id: `n${annotation.id}`, area: 'NaN' });
      c.annotations[0]!.iscrowd = null;
      c.annotations[1]!.iscrowd = true;
      c.annotations[2]!.iscrowd = false;
    });
    const { records } = parsed(value);
    expect(records.map(({ id, width }) => [id, width])).toEqual([
      ['30', 100],
      ['4', 10],
    ]);
    expect(records[0]!.objects.map(({ crowd, area }) => [crowd, area])).toEqual([
      [undefined, undefined],
      [true, undefined],
      [undefined, undefined],
    ]);
  });

  test('may have Infinity and texts for areas, texts for crowds, numbers for names', () => {
    const value = changed((c) => {
      const [first, second, third] = c.annotations;
      Object.assign(first!, { area: '400.5', iscrowd: '0' });
      Object.assign(second!, { area: 'Infinity', iscrowd: 'True' });
      Object.assign(third!, { area: '-Infinity', iscrowd: 'false' });
      c.categories[1]!.name = 7;
    });
    const { records, classes } = parsed(value);
    expect(records[0]!.objects.map(({ area, crowd }) => [area, crowd])).toEqual([
      [400.5, undefined],
      [undefined, true],
      [undefined, undefined],
    ]);
    expect(classes).toEqual(['7', 'cat']);
    expect(() => parsed(changed((c) => (c.annotations[0]!.area = 'large')))).toThrow(/area: received "large"/);
    expect(() => parsed(changed((c) => (c.annotations[0]!.iscrowd = 'maybe')))).toThrow(/iscrowd: received "maybe"/);
  });

  test("without Roboflow's category above all others, which is told", () => {
    const value = changed((c) => {
      for (const category of c.categories) category.supercategory = 'pets';
      c.categories.push({ id: 0, name: 'pets', supercategory: 'none' });
    });
    const { classes, problems, records } = parsed(value);
    expect(classes).toEqual(['dog', 'cat']);
    expect(records[0]!.objects.map(({ label }) => label)).toEqual([1, 0, 0]);
    expect(problems).toMatchObject([{ received: 'pets', severity: 'warning', remedy: 'category dropped' }]);
    const used = changed((c) => {
      c.categories[0]!.supercategory = 'dog';
      c.annotations[0]!.category_id = 3;
    });
    expect(parsed(used).classes).toEqual(['dog', 'cat']);
  });

  /** Segmentations that cover no pixel of their image of 100 x 50. */
  const NOTHING = [[[200, 60, 300, 60, 300, 90]], [[-9, 3, -1, 3, -1, 9]], { size: [50, 100], counts: [5000] }];

  test('for detectors of boxes are read without a look at masks; for detectors of masks each object needs one', () => {
    for (const broken of [{}, '', [[1, 2]], [1, 2, 3, 4, 5, 6], { size: [1], counts: 'b' }, undefined, ...NOTHING]) {
      const value = changed((c) => (c.annotations[0]!.segmentation = broken));
      const options = { images: 'pictures' } as const;
      const boxes = parseCoco(value, 'x.json', { ...options, masks: 'ignore' });
      expect(boxes.records[0]!.objects).toHaveLength(3);
      expect(boxes.records[0]!.objects.some(({ segmentation }) => segmentation)).toBe(false);
      expect(() => parseCoco(value, 'x.json', { ...options, masks: 'require' })).toThrow(
        /x\.json, annotations\[0\]\.segmentation.*in annotation 1/,
      );
      const { records } = parseCoco(value, 'x.json', { ...options, masks: 'require', onProblem: 'drop' });
      expect(records[0]!.objects).toHaveLength(2);
    }
  });

  test('with a byte order mark, deep values and many objects', async () => {
    const folder = await pictures();
    const { records } = await read(`\uFEFF${JSON.stringify(named('c.png'))}`, folder);
    expect(records).toHaveLength(1);
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    await expect(read(`{"images": [], "categories": [], "annotations": [${deep}]}`, folder)).rejects.toThrow(
      /annotations\[0\]: received a value that is nested too deep/,
    );
    const categories = Array.from({ length: 60_000 }, (_, id) => ({ id, name: `class ${id}` }));
    expect(parsed({ ...named(), categories }).classes).toHaveLength(60_000);
  });
});

test('an annotation of id 0 is told, and keeps its id in evaluations: pycocotools counts its object as missed', () => {
  const dataset = parsed(changed(({ annotations }) => Object.assign(annotations[0]!, { id: 0 })));
  expect(dataset.problems).toEqual([
    expect.objectContaining({ field: 'annotations[0].id', received: '0', severity: 'warning' }),
  ]);
  expect(cocoGroundTruth(dataset).annotations.map(({ id }) => id)).toEqual([0, 2, 3]);
});
