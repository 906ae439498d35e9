import { isFields } from './fields.js';

const EXPORT = "export COCO's format from there";

/** Annotations in the JSON of other tools and tasks, by the fields that only they have; what is told of them. */
const OBJECTS: readonly (readonly [fields: readonly string[], told: string])[] = [
  [['shapes', 'imagePath'], 'this is a file of LabelMe, one for each image: convert them (labelme2coco)'],
  [['_via_img_metadata'], `this is a project of VIA: ${EXPORT}`],
  [['assets', 'securityToken'], `this is a project of VoTT: ${EXPORT}`],
  [['objects', 'size'], `this is a file of Supervisely, one for each image: ${EXPORT}`],
  [['metainfo', 'data_list'], "this is MMEngine's format: give MMDetection's COCO annotations that it was made from"],
  [['items', 'categories'], `this is Datumaro's format: ${EXPORT} (datum convert -f coco_instances)`],
  [['samples'], `this is FiftyOne's format: ${EXPORT} (fiftyone.types.COCODetectionDataset)`],
];
const ITEMS: typeof OBJECTS = [
  [['image_id', 'score'], 'these are results, of a model: give the annotations (nats evaluate compares the two)'],
  [['annotations', 'data'], `this is Label Studio's JSON: ${EXPORT} (COCO)`],
  [['label', 'image'], `this is Label Studio's JSON-MIN: ${EXPORT} (COCO)`],
  [['file_name', 'annotations'], "these are Detectron2's dicts: write them as COCO (convert_to_coco_json)"],
  [['image', 'annotations'], `this is CreateML's format: ${EXPORT}`],
];

/** What a value that lacks COCO's lists seems to be instead, and the way out. */
export function otherJson(value: unknown): string | undefined {
  if (Array.isArray(value)) return match(value[0], ITEMS);
  if (!isFields(value)) return undefined;
  const told = match(value, OBJECTS);
  if (told !== undefined) return told;
  const [first] = Array.isArray(value.annotations) ? value.annotations : [];
  if (isFields(first) && 'caption' in first) return 'these are captions: give the instances';
  if (Array.isArray(value.images) && value.annotations === undefined)
    return 'a file of images alone, such as image_info_test, has nothing to learn from or to evaluate on';
  const [item] = Object.values(value);
  return isFields(item) && 'regions' in item && 'filename' in item
    ? `these are annotations of VIA: ${EXPORT}`
    : undefined;
}

function match(value: unknown, known: typeof OBJECTS): string | undefined {
  return isFields(value) ? known.find(([fields]) => fields.every((field) => field in value))?.[1] : undefined;
}
