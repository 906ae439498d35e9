import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

vi.mock('node:path', async () => (await import('./windows-machine.js')).windowsPath);
vi.mock('node:fs', async () => (await import('./windows-machine.js')).windowsFs);
vi.mock('node:fs/promises', async () => (await import('./windows-machine.js')).windowsPromises);

const { putDrives } = await import('./windows-machine.js');
const { readCoco, readVoc, readYolo } = await import('@nats/detect');
const { isWeightName } = await import('@nats/transfer/parse');
const { parseWeightName } = await import('../../transfer/src/download/weight-name.js');
const { placeInCache, weightCacheFolder } = await import('../../transfer/src/download/cache-folder.js');
const { loadConfig } = await import('../src/config/load-config.js');
const { withAbsolutePaths, withRelativePaths } = await import('../src/config/paths.js');
const { claimRun } = await import('../src/run/run-directory.js');
const { loadSweep } = await import('../src/sweep/load-sweep.js');
const { planSweep } = await import('../src/sweep/plan.js');

// A PNG of one gray pixel.
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  'base64',
);

/** Makes files on the machine, with their folders. */
function put(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(path.slice(0, path.lastIndexOf('\\')), { recursive: true });
    writeFileSync(path, content);
  }
}

const root = mkdtempSync('/tmp/nats-windows-');
beforeAll(() => putDrives(root));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('the machine has drives, and paths with backslashes', async () => {
  const { join, resolve } = await import('node:path');
  put({ 'D:\\a folder\\b.txt': 'text' });
  expect(join('D:\\a folder', 'c/../b.txt')).toBe('D:\\a folder\\b.txt');
  expect(readFileSync('D:/a folder/b.txt', 'utf8')).toBe('text');
  expect(readdirSync(resolve('D:\\a folder'))).toEqual(['b.txt']);
});

describe('datasets', () => {
  const files = (dataset: { records: readonly { source: object }[] }) =>
    dataset.records.map(({ source }) => (source as { file: string }).file);

  it('COCO: names with both kinds of slashes, with the drive, and of another machine', async () => {
    const names = ['sub/a.png', 'sub\\b.png', 'C:\\coco\\images\\sub\\c.png', '/home/someone/images/sub/d.png'];
    put({
      'C:\\coco\\train.json': JSON.stringify({
        images: names.map((file_name, id) => ({ id, file_name, width: 1, height: 1 })),
        annotations: [],
        categories: [{ id: 1, name: 'cat' }],
      }),
      ...Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`C:\\coco\\images\\sub\\${name}.png`, PIXEL])),
    });
    const dataset = await readCoco('C:\\coco\\train.json', { images: 'C:\\coco\\images' });
    expect(dataset.problems).toEqual([]);
    expect(files(dataset)).toEqual(['a', 'b', 'c', 'd'].map((name) => `C:\\coco\\images\\sub\\${name}.png`));
  });

  it('COCO: a name that leads to another drive or out of the folder is refused', async () => {
    const at = (file_name: string) =>
      put({
        'C:\\out\\train.json': JSON.stringify({
          images: [{ id: 1, file_name, width: 1, height: 1 }],
          annotations: [],
          categories: [{ id: 1, name: 'cat' }],
        }),
        'C:\\out\\images\\a.png': PIXEL,
        'C:\\out\\secret.png': PIXEL,
        'D:\\secret.png': PIXEL,
      });
    for (const name of ['..\\secret.png', '../secret.png', 'D:\\secret.png', 'D:/secret.png']) {
      at(name);
      const { records, problems } = await readCoco('C:\\out\\train.json', {
        images: 'C:\\out\\images',
        onProblem: 'drop',
      });
      expect(records, name).toEqual([]);
      expect(JSON.stringify(problems), name).toContain('secret.png');
    }
  });

  it('YOLO: a file that names folders from a drive on, and one that names them from itself on', async () => {
    for (const path of ['C:\\yolo', '.']) {
      put({
        'C:\\yolo\\data.yaml': `path: ${path}\ntrain: images/train\nval: images\\val\nnames: [cat]\n`,
        'C:\\yolo\\images\\train\\a.png': PIXEL,
        'C:\\yolo\\labels\\train\\a.txt': '0 0.5 0.5 1 1\n',
        'C:\\yolo\\images\\val\\b.png': PIXEL,
        'C:\\yolo\\labels\\val\\b.txt': '0 0.5 0.5 1 1\n',
      });
      for (const [split, name] of [
        ['train', 'a'],
        ['val', 'b'],
      ] as const) {
        const dataset = await readYolo('C:\\yolo\\data.yaml', { split });
        expect(dataset.problems).toEqual([]);
        expect(files(dataset)).toEqual([`C:\\yolo\\images\\${split}\\${name}.png`]);
        expect(dataset.records[0]!.objects).toHaveLength(1);
      }
    }
  });

  it('VOC: images and annotations beside each other', async () => {
    put({
      'C:\\voc\\ImageSets\\Main\\train.txt': 'a\r\n',
      'C:\\voc\\JPEGImages\\a.png': PIXEL,
      'C:\\voc\\Annotations\\a.xml':
        '<annotation><filename>a.png</filename><size><width>1</width><height>1</height><depth>1</depth></size><object><name>cat</name><bndbox><xmin>0</xmin><ymin>0</ymin><xmax>1</xmax><ymax>1</ymax></bndbox></object></annotation>',
    });
    const dataset = await readVoc('C:\\voc', { split: 'train' });
    expect(files(dataset)).toEqual(['C:\\voc\\JPEGImages\\a.png']);
  });
});

describe('configs and runs', () => {
  it('paths of a config start from its folder, on its drive, or are those of another', async () => {
    put({
      'D:\\project\\nats.config.json': JSON.stringify({
        data: { format: 'coco', train: { annotations: 'data/train.json', images: 'E:\\images' } },
        weights: { file: '..\\weights.pth' },
      }),
    });
    const { data, weights } = await loadConfig({ file: 'D:\\project\\nats.config.json' });
    expect(data).toMatchObject({ train: { annotations: 'D:\\project\\data\\train.json', images: 'E:\\images' } });
    expect(weights.file).toBe('D:\\weights.pth');
  });

  it('a drive is no name of weights', () => {
    for (const path of ['C:\\weights.pth', 'C:/weights.pth', 't:weights.pth']) expect(isWeightName(path)).toBe(false);
  });

  it("a run's config has slashes that every machine reads, and another drive as it is", () => {
    const config = { data: { path: 'D:\\data\\train.json' }, weights: { file: 'E:\\weights.pth' } };
    const kept = withRelativePaths(config, 'D:\\runs\\search');
    expect(kept).toEqual({ data: { path: '../../data/train.json' }, weights: { file: 'E:\\weights.pth' } });
    expect(withAbsolutePaths(kept, 'D:\\runs\\search')).toEqual(config);
  });

  it('a run directory is taken, and continued by the same settings alone', async () => {
    const claim = {
      kind: 'train',
      settings: { steps: 3 },
      config: { data: { path: '../data' } },
      environment: {} as never,
      command: 'nats train',
    } as const;
    const folder = 'D:\\runs\\original';
    expect(await claimRun(folder, claim)).toBe(false);
    expect(await claimRun(folder, claim)).toBe(true);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['config.json', 'run.json']));
    // A name that Windows allows: none of \ / : * ? " < > |
    for (const name of readdirSync(folder)) expect(name).toMatch(/^[^\\/:*?"<>|]+$/);
    put({ [`${folder}\\metrics.jsonl`]: '{"type":"step","step":1,"loss":1}\n' });
    await expect(claimRun(folder, { ...claim, settings: { steps: 4 } })).rejects.toThrow('steps: 3, here 4');
    put({ 'D:\\runs\\other\\notes.txt': 'text' });
    await expect(claimRun('D:\\runs\\other', claim)).rejects.toThrow('D:\\runs\\other holds files that are no run');
  });

  it('a sweep file: its config, its folder, its variants', async () => {
    put({
      'D:\\sweeps\\small.json': JSON.stringify({
        config: '..\\project\\sweep.config.json',
        seeds: [0],
        variants: { original: {}, searched: { steps: ['search', 'train'] } },
      }),
      'D:\\project\\sweep.config.json': JSON.stringify({ data: { format: 'yolo', path: 'data/data.yaml' } }),
    });
    const sweep = await loadSweep('D:/sweeps/small.json');
    expect(sweep.out).toBe('D:\\sweeps\\small');
    expect(sweep.variants[0]!.configs.get(0)!.data).toMatchObject({ path: 'D:\\project\\data\\data.yaml' });
    for (const { folder } of planSweep(sweep)) expect(folder).toMatch(/^D:\\sweeps\\small\\[\w\\.-]+$/);
  });

  it('the cache is where NATS_CACHE says, and its files have names that Windows allows', () => {
    expect(weightCacheFolder({ NATS_CACHE: 'E:\\cache' })).toBe('E:\\cache\\weights');
    for (const name of [
      'torchvision:resnet18',
      'hf:timm/resnet50.a1_in1k/model.safetensors@refs/pr/1',
      'https://example.org/weights/a%3Ab%20c.pth?x=1',
    ]) {
      expect(placeInCache(parseWeightName(name))).toMatch(/^(?:[^\\/:*?"<>|]+\\)*[^\\/:*?"<>|]+$/);
    }
  });
});
