import { NatsError } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import { examplePng, exampleReport, exampleVariant } from './fixtures/example-report.js';
import { type ReportData, renderReport } from './index.js';

const SECTIONS = [
  'caveats',
  'accuracy',
  'costs',
  'scheme',
  'fields',
  'samples',
  'search',
  'training',
  'commands',
  'environment',
];
const sectionsOf = (page: string) => [...page.matchAll(/<section id="([a-z]+)"/g)].map(([, id]) => id);
/** What a reader sees, without pictures, downloads and markup. */
const textOf = (page: string) =>
  page
    .replace(/<style>.*?<\/style>|<svg.*?<\/svg>|<[^>]*>/gs, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');

describe('a whole report', async () => {
  const page = await renderReport(exampleReport());

  test('has each part, in the order of interest, and links to each', () => {
    expect(sectionsOf(page)).toEqual(SECTIONS);
    for (const id of SECTIONS) expect(page).toContain(`href="#${id}"`);
  });

  test('each figure has a picture, words for it, a table, and a file of the same numbers', () => {
    const figures = page.match(/<figure.*?<\/figure>/gs)!;
    // Two of numbers, one scheme, three fields, two images, three of the search, two of the training.
    expect(figures).toHaveLength(13);
    for (const figure of figures) {
      expect(figure).toMatch(/role="img" tabindex="0" aria-label="[^"]{20,}"/);
      expect(figure).toContain('<svg');
      expect(figure).toContain('<details><summary>Data: ');
      const csv = /download="[^"]+\.csv" href="data:text\/csv;charset=utf-8;base64,([^"]+)"/.exec(figure)![1]!;
      const lines = Buffer.from(csv, 'base64').toString().trim().split('\r\n');
      expect(figure.match(/<th scope="row"/g)).toHaveLength(Math.min(200, lines.length - 1));
      const json = /download="[^"]+\.json" href="data:application\/json;base64,([^"]+)"[^>]*>Download JSON/.exec(
        figure,
      )![1]!;
      expect(JSON.parse(Buffer.from(json, 'base64').toString())).toHaveLength(lines.length - 1);
    }
  });

  test('asks for nothing from elsewhere and runs nothing', () => {
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(|javascript:|\son[a-z]+=/i);
    const addresses = [...page.matchAll(/(?:href|src)="([^"]{0,20})/g)].map(([, address]) => address!);
    expect(addresses.filter((address) => !/^(#|data:)/.test(address))).toEqual([]);
    expect(page).toContain("default-src 'none'");
  });

  test('colors of charts are variables that both schemes define', () => {
    const used = new Set([...page.matchAll(/var\((--[a-z0-9-]+)\)/g)].map(([, name]) => name!));
    const [light, dark] = page.match(/--page:[^}]*/g)!;
    for (const name of used) {
      if (name === '--c') continue;
      expect(light).toContain(`${name}:`);
      expect(dark).toContain(`${name}:`);
    }
    const charts = page.match(/<div class="(?:chart|small)".*?<details>/gs)!.join('');
    expect(charts).not.toMatch(/(?:fill|stroke)="(?:#|rgb)/);
  });

  test('the words say what the numbers do, and what they do not', () => {
    const text = textOf(page);
    expect(text).toContain(
      'Original reaches AP 23.4 on 300 test images; transformed AP 26.7, 3.4 points more, from one seed',
    );
    expect(text).toContain('One seed each: this shows nothing about the spread between seeds.');
    expect(text).toContain('original : made up from seed 1 · transformed : made up from seed 2');
    expect(text).toContain('2 objects');
    expect(text).toContain('1 of 2 found; 1 wrong box');
  });
});

test('the table: percent, differences with signs, and a dash where there are no objects', async () => {
  const stats = (ap: number, large: number) => [ap, 0.4, 0.2, 0.1, 0.2, large, 0.3, 0.4, 0.5, 0.1, 0.2, 0.3];
  const page = await renderReport({
    title: 'Table',
    variants: [
      { name: 'a', evaluations: [{ stats: stats(0.2, -1) }], bytes: 1000, parameters: 7 },
      { name: 'b', evaluations: [{ stats: stats(0.153, -1) }], bytes: 3000, parameters: 7 },
    ],
  });
  const text = textOf(page);
  expect(text).toContain('AP IoU 0.50 to 0.95 20.0 15.3 \u22124.7');
  expect(text).toContain('AP large side above 96 px – – –');
  expect(text).toContain('AP50 IoU 0.50 40.0 40.0 ±0.0');
  expect(text).toContain('Parameters 7 7 equal');
  expect(text).toContain('ONNX file kB 1 3 +2');
});

test('several seeds: mean, deviation, and differences within the spread', async () => {
  const variant = (name: string, values: number[]) => ({
    name,
    evaluations: values.map((value, seed) => ({ seed, stats: new Array<number>(12).fill(value) })),
  });
  const text = textOf(
    await renderReport({ title: 'Seeds', variants: [variant('a', [0.2, 0.24]), variant('b', [0.25, 0.21])] }),
  );
  expect(text).toContain('22.0 ± 2.8');
  expect(text).toContain('+1.0 (within the spread)');
  expect(text).toContain('which is within the spread over seeds');
});

describe('masks', async () => {
  const numbers = (value: number) => ({ stats: new Array<number>(12).fill(value), perCategory: [value, value] });
  const masked = (name: string, boxes: number, masks: number) => ({
    name,
    evaluations: [{ seed: 1, ...numbers(boxes), masks: numbers(masks) }],
  });
  const page = await renderReport({ title: 'Masks', variants: [masked('a', 0.3, 0.25), masked('b', 0.31, 0.28)] });
  const text = textOf(page);

  test('have the twelve numbers and those of classes beside the boxes, each called by what it is of', () => {
    expect(text).toMatch(/twelve numbers of boxes .*AP IoU 0\.50 to 0\.95 30\.0 31\.0 \+1\.0 .*numbers of masks/);
    expect(text).toMatch(/twelve numbers of masks .*AP IoU 0\.50 to 0\.95 25\.0 28\.0 \+3\.0 /);
    const figures = [...page.matchAll(/id="(figure-[^"]+)"/g)].map(([, id]) => id);
    expect(figures).toEqual(['coco-numbers', 'classes', 'mask-coco-numbers', 'mask-classes'].map((n) => `figure-${n}`));
    expect(page).toContain('download="mask-classes.csv"');
    expect(text).toContain('Box AP a 30.0 b 31.0 difference +1.0 ');
    expect(text).toContain('Mask AP a 25.0 b 28.0 difference +3.0 ');
    expect(text).toContain('A reaches box AP 30.0; b box AP 31.0, 1.0 points more');
  });

  test('of one model only: the other has dashes; of none: nothing speaks of masks', async () => {
    const { masks: _, ...boxes } = masked('a', 0.3, 0.25).evaluations[0]!;
    const plain = { name: 'a', evaluations: [boxes] };
    const mixed = textOf(await renderReport({ title: 'One', variants: [plain, masked('b', 0.31, 0.28)] }));
    expect(mixed).toMatch(/twelve numbers of masks .*AP IoU 0\.50 to 0\.95 – 28\.0 – /);
    expect(textOf(await renderReport({ title: 'None', variants: [plain] }))).not.toMatch(/mask|box/i);
  });
});

test('three variants are all compared with the first', async () => {
  const variants = ['first', 'second', 'third'].map((name, i) => exampleVariant(name, i + 1));
  const page = await renderReport({ title: 'Three', variants });
  expect(page.match(/difference of second to first/g)!.length).toBeGreaterThan(0);
  expect(page.match(/difference of third to first/g)!.length).toBeGreaterThan(0);
});

describe('parts that are missing', () => {
  test('a title alone is a report', async () => {
    const page = await renderReport({ title: 'Nothing yet' });
    expect(page).toContain('<h1>Nothing yet</h1>');
    expect(sectionsOf(page)).toEqual([]);
  });

  test.each([
    ['words about it', ['lead', 'created', 'tool', 'dataset', 'sampleMinScore'], []],
    ['variants', ['variants'], ['accuracy', 'costs', 'scheme', 'fields']],
    ['search and trainings', ['search', 'trainings'], ['search', 'training']],
    [
      'samples, commands and environment',
      ['samples', 'commands', 'environment'],
      ['samples', 'commands', 'environment'],
    ],
  ])('a report without %s', async (_, keys, own) => {
    const { title, ...rest } = exampleReport();
    const page = await renderReport({
      title,
      ...Object.fromEntries(Object.entries(rest).filter(([key]) => !keys.includes(key))),
    });
    expect(sectionsOf(page)).toEqual(SECTIONS.filter((id) => !own.includes(id)));
    expect(page).not.toContain('undefined');
    expect(page).not.toContain('NaN');
  });

  test('one training run by itself', async () => {
    const { trainings, title } = exampleReport();
    const page = await renderReport({ title, trainings: trainings!.slice(0, 1), variants: [{ name: 'original' }] });
    expect(sectionsOf(page)).toEqual(['caveats', 'training']);
    expect(textOf(page)).toContain('Only one model is here (original)');
  });

  test('a search of which only the start is known says so', async () => {
    const text = textOf(await renderReport({ title: 'Search', search: { start: 30 } }));
    expect(text).toContain('The curves of this search were not kept.');
  });

  test('empty lists, empty images, a variant without objects', async () => {
    const image = examplePng(4, 4, 1);
    const data: ReportData = {
      title: 'Empty',
      variants: [{ name: 'a', evaluations: [], fields: [], scheme: { genotypes: [[1, 1]], layers: [] } }],
      trainings: [{ name: 't', points: [] }],
      search: { points: [], intensities: [] },
      samples: [{ name: 'i', image, width: 4, height: 4, truth: [], detections: [{ variant: 'a', boxes: [] }] }],
      commands: [],
      environment: {},
    };
    expect(textOf(await renderReport(data))).toContain('0 of 0 found');
  });

  test('images that were drawn already', async () => {
    const picture = { title: 'both', image: examplePng(4, 4, 1), description: 'two boxes' };
    const page = await renderReport({ title: 'Drawn', samples: [{ name: 'i', pictures: [picture] }] });
    expect(page).toContain('<img alt="" src="data:image/png;base64,');
    expect(page).toContain('aria-label="Image i. both: two boxes."');
  });
});

describe('hostile names', () => {
  const hostile = `</title></style></svg>"'><script>alert(1)</script><img src=x onerror=alert(2)>&\u2028\0\ud800 \`\${1} "+datum+" =1+1`;

  test('stay text everywhere', async () => {
    const example = exampleReport();
    const rename = <T extends { name: string }>(item: T) => ({ ...item, name: `${item.name}${hostile}` });
    const data: ReportData = {
      ...example,
      title: hostile,
      lead: hostile,
      created: hostile,
      tool: { name: hostile, version: hostile },
      dataset: { ...example.dataset!, name: hostile, classes: example.dataset!.classes!.map((name) => name + hostile) },
      variants: example.variants!.map((variant) => ({
        ...rename(variant),
        ...(variant.scheme && { scheme: { ...variant.scheme, layers: variant.scheme.layers.map(rename) } }),
        fields: variant.fields!.map((field) => ({ ...field, stage: field.stage + hostile })),
      })),
      search: {
        ...example.search!,
        intensities: example.search!.intensities!.map((entry) => ({ ...entry, layers: entry.layers.map(rename) })),
      },
      trainings: example.trainings!.map((training) => ({
        ...rename(training),
        evaluations: training.evaluations!.map((entry) => ({ ...entry, split: hostile, metrics: { [hostile]: 1 } })),
      })),
      samples: example.samples!.map((sample) =>
        'pictures' in sample
          ? sample
          : {
              ...rename(sample),
              truth: sample.truth!.map((box) => ({ ...box, label: hostile })),
              detections: sample.detections!.map(({ boxes }) => ({ variant: hostile, boxes })),
            },
      ),
      commands: [{ command: hostile, note: hostile }],
      caveats: [hostile],
      environment: { [hostile]: hostile },
    };
    const page = await renderReport(data);
    expect(page).not.toMatch(/<script|<img src=x/i);
    expect(page.match(/<title>/g)).toHaveLength(1);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).not.toContain('\0');
    expect(sectionsOf(page)).toEqual(SECTIONS);
    // Every tag that opens an attribute value closes it: no quote came through.
    for (const [tag] of page.matchAll(/<(?:div|a|section|svg|rect|path|image|th|td)\s[^>]*>/g)) {
      expect(tag.match(/"/g)!.length % 2).toBe(0);
    }
  });
});

describe('data that contradicts itself is an error', () => {
  test.each<[string, Partial<ReportData>, RegExp]>([
    [
      'eleven numbers',
      { variants: [{ name: 'a', evaluations: [{ stats: new Array(11).fill(0) }] }] },
      /a: received 11, .*twelve/,
    ],
    [
      'counts of other genotypes',
      { variants: [{ name: 'a', scheme: { genotypes: [[1, 1]], layers: [{ name: 'l', counts: [1, 2] }] } }] },
      /l: received 2 for 1/,
    ],
    [
      'a picture that is none',
      { samples: [{ name: 's', image: Uint8Array.of(71, 73, 70), width: 1, height: 1 }] },
      /s: received .*71 73 70.*PNG or JPEG/,
    ],
  ])('%s', async (_, data, message) => {
    const error = await renderReport({ title: 't', ...data }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NatsError);
    expect(String(error)).toMatch(message);
  });
});
