import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Dataset, inspectDataset, isError, readCoco, readVoc, readYolo } from '../src/index.js';

/** Inputs that reproduce reports of users of several tools, outside of the repository. */
const cases = process.env.NATS_SHARED && join(process.env.NATS_SHARED, 'cases');

const counts = ({ records }: Dataset) => [
  records.length,
  records.reduce((sum, { objects }) => sum + objects.length, 0),
];

describe.skipIf(!cases)('inputs as tools write them (skipped without NATS_SHARED)', () => {
  test.each([...'abcdefgklmn'])('YOLO %s loads', async (name) => {
    const dataset = await readYolo(join(cases!, '02-yolo-data-yaml', name), { split: 'train' });
    const all = name === 'k' || name === 'l';
    expect(counts(dataset)).toEqual(all ? [4, 8] : [3, 6]);
    expect(dataset.problems.filter(isError)).toEqual([]);
  });

  test('YOLO i has another number of classes than names', async () => {
    const read = readYolo(join(cases!, '02-yolo-data-yaml', 'i'), { split: 'train' });
    await expect(read).rejects.toThrow(/nc: received 3/);
  });

  test.each(['bool-crowd', 'flat-seg', 'null-wh', 'string-image-id', 'string-wh', 'wh-minus1'])(
    'COCO of VIA: %s loads for a detector of boxes',
    async (name) => {
      const folder = join(cases!, '05-via-string-ids');
      const dataset = await readCoco(join(folder, `${name}.json`), { images: join(folder, 'img'), masks: 'ignore' });
      expect(counts(dataset)).toEqual([4, 8]);
    },
  );

  const segmentations = join(cases ?? '.', '06-segmentation-variants');
  const files = cases
    ? readdirSync(segmentations).filter((name) => name.endsWith('.json') && name !== 'c.json')
    : ['none'];
  test.each(files)('COCO %s loads for boxes, and names what lacks a mask', async (name) => {
    const options = { images: join(segmentations, 'img') };
    const file = join(segmentations, name);
    expect(counts(await readCoco(file, { ...options, masks: 'ignore' }))).toEqual([4, 8]);
    const masked = await readCoco(file, { ...options, masks: 'require', onProblem: 'drop' });
    const [, objects] = counts(masked);
    expect(masked.problems.filter(isError)).toHaveLength(8 - objects!);
    for (const { field, rule } of masked.problems) {
      expect(field).toMatch(/^annotations\[\d+\]\.segmentation/);
      expect(rule).toMatch(/in annotation \d+/);
    }
  });

  const voc = join(cases ?? '.', '09-voc');
  const folders = cases ? readdirSync(voc, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
  test.each(cases ? folders.map(({ name }) => name) : ['none'])(
    'VOC %s is read, or its problems are listed',
    async (name) => {
      const dataset = await readVoc(join(voc, name), { split: 'train', onProblem: 'drop' });
      const { problems } = await inspectDataset(dataset, { images: 'header' });
      const expected: Record<string, number> = {
        emptyname: 4,
        emptyxml: 1,
        'junk-after': 1,
        'missing-image': 1,
        noxml: 1,
        polygon: 4,
        robndbox: 8,
      };
      expect(problems.filter(isError)).toHaveLength(expected[name] ?? 0);
      expect(dataset.records.length + problems.filter(({ remedy }) => remedy === 'image dropped').length).toBe(4);
    },
  );
});
