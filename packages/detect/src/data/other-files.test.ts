import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import { decodeImage } from './decode-image.js';
import { readCoco } from './read-coco.js';
import { readVoc } from './read-voc.js';

const png = await noisePng(20, 40);

describe("JSON of other tools in the place of COCO's says what it is and the way out", () => {
  test.each<[string, unknown, RegExp]>([
    ['LabelMe', { version: '5.0.1', shapes: [], imagePath: 'a.png' }, /LabelMe.*labelme2coco/],
    ['a project of VIA', { _via_settings: {}, _via_img_metadata: {} }, /project of VIA/],
    ['annotations of VIA', { 'a.png1': { filename: 'a.png', regions: [] } }, /annotations of VIA/],
    ['VoTT', { assets: {}, securityToken: 'x' }, /VoTT/],
    ['Supervisely', { size: { height: 2, width: 2 }, objects: [] }, /Supervisely/],
    ['MMEngine', { metainfo: {}, data_list: [] }, /MMEngine/],
    ['Datumaro', { info: {}, categories: {}, items: [] }, /Datumaro/],
    ['FiftyOne', { samples: [] }, /FiftyOne/],
    ['Label Studio', [{ id: 1, annotations: [], data: {} }], /Label Studio's JSON:/],
    ['Label Studio, JSON-MIN', [{ image: 'a.png', id: 1, label: [] }], /JSON-MIN/],
    ['CreateML', [{ image: 'a.png', annotations: [] }], /CreateML/],
    ['Detectron2', [{ file_name: 'a.png', image_id: 1, annotations: [] }], /Detectron2/],
    ['results', [{ image_id: 1, category_id: 1, bbox: [0, 0, 1, 1], score: 1 }], /results, of a model/],
    ['captions', { images: [], annotations: [{ id: 1, caption: 'a cat' }] }, /captions: give the instances/],
    ['images alone', { images: [], categories: [] }, /image_info_test/],
  ])('%s', async (_, value, message) => {
    const folder = await temporaryDirectory({ 'x.json': JSON.stringify(value) });
    for (const streamFrom of [0, Number.POSITIVE_INFINITY])
      await expect(readCoco(join(folder, 'x.json'), { images: folder, streamFrom })).rejects.toThrow(message);
  });
});

test("LVIS, whose images have COCO's addresses in place of names, is read whole and item by item", async () => {
  const value = {
    images: [{ id: 1, coco_url: 'http://images.cocodataset.org/val2017/a.png', neg_category_ids: [1] }],
    categories: [{ id: 1, name: 'cat', synset: 'cat.n.01', frequency: 'r' }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 5, 5], area: 25 }],
  };
  const folder = await temporaryDirectory({ 'x.json': JSON.stringify(value), 'images/val2017/a.png': png });
  for (const streamFrom of [0, Number.POSITIVE_INFINITY]) {
    const images = join(folder, 'images');
    const { records } = await readCoco(join(folder, 'x.json'), { images, streamFrom });
    expect(records[0]!.source).toEqual({ file: join(images, 'val2017', 'a.png') });
    expect(records[0]!.objects).toHaveLength(1);
  }
});

describe("XML of other tools in the place of Pascal VOC's", () => {
  const voc = (xml: string) => ({
    'Annotations/a.xml': xml,
    'JPEGImages/a.png': png,
    'ImageSets/Main/train.txt': 'a\n',
  });
  const object = (box: string) =>
    `<annotation><filename>a.png</filename><object><name>x</name>${box}</object></annotation>`;
  test.each<[string, string, RegExp]>([
    ['CVAT', '<annotations><version>1.1</version></annotations>', /received annotations.*CVAT's own format/],
    ['dlib', '<dataset><images/></dataset>', /dlib's format/],
    ['a web page', '<html><body>404</body></html>', /web page/],
    ['a rotated box', object('<robndbox><cx>3</cx></robndbox>'), /a rotated box \(robndbox\) is not read/],
    ['a polygon', object('<polygon><pt/></polygon>'), /a polygon \(polygon\) is not read/],
  ])('%s', async (_, xml, message) => {
    await expect(readVoc(await temporaryDirectory(voc(xml)), { split: 'train' })).rejects.toThrow(message);
  });
});

describe('files that are no images say what they are', () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  test.each<[string, Uint8Array]>([
    ['JPEG XL', latin1('\xff\x0a\xfa\x7f\x01')],
    ['HEIC', latin1('\0\0\0\x18ftypheic\0\0\0\0mif1heic')],
    ['a video', latin1('\0\0\0\x18ftypmp42\0\0\0\0mp42isom')],
    ['JPEG 2000', latin1('\0\0\0\x0cjP  \r\n\x87\n')],
    ['PDF', latin1('%PDF-1.4\n')],
    ['a file of Photoshop', latin1('8BPS\0\x01')],
    ['an array of NumPy', latin1('\x93NUMPY\x01\0')],
    ['OpenEXR', Buffer.from([0x76, 0x2f, 0x31, 1, 2])],
    ['DDS', latin1('DDS |\0\0\0')],
    ['a zip archive', latin1('PK\x03\x04\x14')],
    ['PNM', latin1('P6\n2 2\n255\n')],
    ['JSON', latin1('{"error": "not found"}')],
    ['DICOM', Buffer.concat([Buffer.alloc(128, 1), latin1('DICM')])],
    ['zero bytes', Buffer.alloc(500)],
    ['text', latin1('Not Found')],
  ])('%s', async (name, bytes) => {
    await expect(decodeImage(bytes, 'a.jpg')).rejects.toThrow(`a.jpg: received ${name}`);
  });
});
