import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import { readVoc } from './read-voc.js';

interface Entry {
  readonly name?: string;
  readonly box?: readonly (number | string)[];
  readonly extra?: string;
}

function annotation(objects: readonly Entry[], head = '<filename>x.jpg</filename>'): string {
  const items = objects.map(({ name = 'cat', box, extra = '' }) => {
    const sides = ['xmin', 'ymin', 'xmax', 'ymax'].map((key, i) => `<${key}>${box?.[i] ?? ''}</${key}>`);
    return `<object><name>${name}</name>${extra}${box ? `<bndbox>${sides.join('')}</bndbox>` : ''}</object>`;
  });
  return `<annotation>${head}<size><width>40</width><height>30</height><depth>3</depth></size>${items.join('\n')}</annotation>`;
}

const voc = (annotations: Record<string, string>, lists: Record<string, string> = {}) =>
  temporaryDirectory({
    ...Object.fromEntries(Object.entries(annotations).map(([id, text]) => [`Annotations/${id}.xml`, text])),
    ...Object.fromEntries(Object.entries(lists).map(([name, text]) => [`ImageSets/Main/${name}.txt`, text])),
  });

describe('Pascal VOC', () => {
  test('folders become records', async () => {
    const directory = await voc({
      b: annotation([
        { box: [1, 2, 11, 12], extra: '<difficult>1</difficult>' },
        { name: 'ant', box: [0, 0, 40, 30] },
      ]),
      a: annotation([], '<filename>C:\\photos\\a.png</filename>'),
    });
    expect(await readVoc(directory)).toEqual({
      name: directory,
      classes: ['ant', 'cat'],
      problems: [],
      records: [
        { id: 'a', source: { file: join(directory, 'JPEGImages', 'a.png') }, width: 40, height: 30, objects: [] },
        {
          id: 'b',
          source: { file: join(directory, 'JPEGImages', 'x.jpg') },
          width: 40,
          height: 30,
          objects: [
            { box: [1, 2, 11, 12], label: 1, difficult: true },
            { box: [0, 0, 40, 30], label: 0 },
          ],
        },
      ],
    });
    const { records } = await readVoc(directory, { coordinates: 'pixels', classes: ['cat', 'ant'], onProblem: 'drop' });
    expect(records[1]!.objects.map(({ box }) => box)).toEqual([
      [0, 1, 11, 12],
      [0, 0, 40, 30],
    ]);
  });

  test('splits have the same classes, and each image once', async () => {
    const directory = await voc(
      { a: annotation([{ box: [1, 1, 5, 5] }]), b: annotation([{ name: 'ant', box: [1, 1, 5, 5] }]) },
      { train: 'a  1\r\n\n', twice: 'b\na\nb\n' },
    );
    const { classes, records } = await readVoc(directory, { split: 'train' });
    expect([classes, records.map(({ id }) => id)]).toEqual([['ant', 'cat'], ['a']]);
    await expect(readVoc(directory, { split: 'twice' })).rejects.toThrow(/twice\.txt, line 3.*received b.*once/);
    const twice = await readVoc(directory, { split: 'twice', onProblem: 'drop' });
    expect(twice.records.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(twice.problems).toMatchObject([{ kind: 'duplicate', image: 'b', remedy: 'image dropped' }]);
  });

  test.each<[string, Entry, string, string]>([
    ['an unknown class', { name: 'cow', box: [1, 1, 5, 5] }, 'reference', 'object[0].name'],
    ['no class', { name: '', box: [1, 1, 5, 5] }, 'field', 'object[0].name'],
    ['no box', {}, 'field', 'object[0].bndbox'],
    ['half a box', { box: [1, 1, 5] }, 'field', 'object[0].bndbox.ymax'],
    ['a box of words', { box: [1, 'one', 5, 5] }, 'field', 'object[0].bndbox.ymin'],
    ['an inverted box', { box: [5, 5, 1, 9] }, 'box', 'object[0].bndbox'],
    ['an empty box', { box: [5, 5, 5, 5] }, 'box', 'object[0].bndbox'],
    ['a box outside', { box: [50, 5, 60, 9] }, 'box', 'object[0].bndbox'],
  ])('an object with %s is an error, or left out and listed', async (_, entry, kind, field) => {
    const directory = await voc({ img1: annotation([entry, { box: [1, 1, 9, 9] }]) });
    const options = { classes: ['cat'] };
    await expect(readVoc(directory, options)).rejects.toMatchObject({ code: 'malformed' });
    await expect(readVoc(directory, options)).rejects.toThrow(`img1.xml, ${field}: received `);
    const { problems, records } = await readVoc(directory, { ...options, onProblem: 'drop' });
    expect(problems).toMatchObject([{ kind, field, image: 'img1', remedy: 'annotation dropped' }]);
    expect(records[0]!.objects).toEqual([{ box: [1, 1, 9, 9], label: 0 }]);
  });

  test.each([
    ['without a size', '<annotation><filename>x.jpg</filename></annotation>', /c\.xml, size.*an object with fields/],
    ['that are empty', '<annotation></annotation>', /c\.xml, size/],
    ['of another kind', '<html></html>', /c\.xml, annotation/],
    ['that are cut', annotation([]).slice(0, 60), /c\.xml, line 1.*complete/],
    ['with a width of 0', annotation([]).replace('>40<', '>0<'), /c\.xml, size\.width.*positive whole number/],
  ])('annotations %s are refused by name', async (_, text, message) => {
    await expect(readVoc(await voc({ c: text }))).rejects.toThrow(message);
  });

  test('images that filename does not lead to are those with the name of the annotation', async () => {
    const directory = await temporaryDirectory({
      'Annotations/a.xml': annotation([], '<filename>a</filename>'),
      'Annotations/b.xml': annotation([], '<filename>renamed.jpg</filename>'),
      'Annotations/with space.xml': annotation([], ''),
      'JPEGImages/a.JPG': '',
      'JPEGImages/b.png': '',
      'JPEGImages/with space.jpeg': '',
      'ImageSets/Main/train.txt': '/data/VOC/JPEGImages/a.jpg\nb.png\nwith space -1\n',
    });
    const { records } = await readVoc(directory, { split: 'train' });
    expect(records.map(({ id, source }) => [id, source])).toEqual([
      ['a', { file: join(directory, 'JPEGImages/a.JPG') }],
      ['b', { file: join(directory, 'JPEGImages/b.png') }],
      ['with space', { file: join(directory, 'JPEGImages/with space.jpeg') }],
    ]);
  });

  test('files are read in the encoding that they declare', async () => {
    const text = `<?xml version="1.0" encoding="ISO-8859-1"?>${annotation([{ name: 'Blöck', box: [1, 1, 9, 9] }])}`;
    const utf16 = `\uFEFF<?xml version="1.0" encoding="utf-16"?>${annotation([{ name: 'Blöck', box: [1, 1, 9, 9] }])}`;
    const directory = await temporaryDirectory({
      'Annotations/a.xml': Buffer.from(text, 'latin1'),
      'Annotations/b.xml': Buffer.from(utf16, 'utf16le'),
      'Annotations/c.xml': text.replace('ISO-8859-1', 'no-such-code'),
    });
    const { classes, problems } = await readVoc(directory, { onProblem: 'drop' });
    expect(classes).toEqual(['Blöck']);
    expect(problems).toMatchObject([{ image: 'c', received: 'no-such-code', remedy: 'image dropped' }]);
  });

  test('an empty or missing annotation is a problem of one image, or an image without objects', async () => {
    const png = await noisePng(6, 8);
    const directory = await temporaryDirectory({
      'Annotations/a.xml': annotation([{ box: [1, 1, 9, 9] }]),
      'Annotations/b.xml': '\n',
      'JPEGImages/b.png': png,
      'JPEGImages/c.png': png,
      'ImageSets/Main/train.txt': 'a\nb\nc\n',
    });
    await expect(readVoc(directory, { split: 'train' })).rejects.toThrow(
      /b\.xml, line 1: received an empty file.*1 more/,
    );
    const dropped = await readVoc(directory, { split: 'train', onProblem: 'drop' });
    expect(dropped.records.map(({ id }) => id)).toEqual(['a']);
    expect(dropped.problems.map(({ image }) => image)).toEqual(['b', 'c']);
    const { records } = await readVoc(directory, { split: 'train', background: true });
    expect(records.map(({ id, width, objects }) => [id, width, objects.length])).toEqual([
      ['a', 40, 1],
      ['b', 8, 0],
      ['c', 8, 0],
    ]);
  });

  test('a list that is not there is told with those that are; IO errors pass', async () => {
    const directory = await voc({ a: annotation([]) }, { train: 'a\nmissing\n' });
    await expect(readVoc(directory, { split: 'val' })).rejects.toThrow(/val\.txt: received no such file.*train\.txt/);
    await expect(readVoc(directory, { split: 'train' })).rejects.toThrow(/missing\.xml: received no such file/);
    await expect(readVoc(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readVoc(join(directory, 'ImageSets'))).rejects.toThrow(/received no annotations; it has Main/);
    await expect(readVoc(join(directory, 'Annotations', 'a.xml'))).rejects.toThrow(/is a folder/);
  });
});

test('an entity bomb and deep nesting are problems of one file, and cost nothing', async () => {
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
  const bomb = annotation([{ name: '&e9;', box: [0, 0, 9, 9] }]);
  const directory = await voc({
    bomb: `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "boom">${entities}]>${bomb}`,
    deep: `<annotation>${'<a>'.repeat(200_000)}${'</a>'.repeat(200_000)}</annotation>`,
    good: annotation([{ box: [0, 0, 9, 9] }]),
  });
  const { records, problems, classes } = await readVoc(directory, { onProblem: 'drop' });
  expect(records.map(({ id }) => id)).toContain('good');
  expect(classes.every((name) => name.length < 1000)).toBe(true);
  expect(problems.map(({ file }) => file)).toContain(join(directory, 'Annotations', 'deep.xml'));
});
