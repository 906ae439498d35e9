import { sizeOf, type TensorData, tensorData } from '@nats/graph';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../test/helpers/errors.js';
import { mapDetectorWeights } from './map-detector-weights.js';

/** A detector of a few tensors, named as torchvision's Mask R-CNN, with `classes` of them. */
function detector(classes: number): Map<string, { shape: number[] }> {
  return new Map([
    ['backbone.body.conv1.weight', { shape: [2, 3, 1, 1] }],
    ['backbone.body.layer1.0.conv1.weight', { shape: [2, 2, 1, 1] }],
    ['backbone.fpn.inner_blocks.0.0.weight', { shape: [4, 2, 1, 1] }],
    ['rpn.head.conv.0.0.weight', { shape: [4, 4, 3, 3] }],
    ['roi_heads.box_predictor.cls_score.weight', { shape: [classes, 4] }],
    ['roi_heads.mask_head.0.0.bias', { shape: [4] }],
  ]);
}

function fill(shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>, rename = (name: string) => name) {
  return new Map<string, TensorData>(
    [...shapes].map(([name, { shape }]) => [rename(name), tensorData('float32', shape, Array(sizeOf(shape)).fill(1))]),
  );
}

const isBackbone = (name: string) => name.startsWith('backbone.body.');

describe('a whole detector', () => {
  it('of the same classes is taken as a whole', () => {
    const { tensors, report, scope } = mapDetectorWeights(fill(detector(5)), detector(5));
    expect(scope).toBe('detector');
    expect([...tensors.keys()]).toEqual([...detector(5).keys()]);
    expect(report.expected).toEqual({ missing: [], unexpected: [], mismatched: [] });
  });

  it('of other classes gives all but the classifier, which is told', () => {
    const { tensors, report } = mapDetectorWeights(fill(detector(91)), detector(5));
    expect(tensors.size).toBe(5);
    expect(report.expected.mismatched).toEqual([
      {
        name: 'roi_heads.box_predictor.cls_score.weight',
        source: 'roi_heads.box_predictor.cls_score.weight',
        received: 'float32 [91, 4]',
        wanted: 'float32 [5, 4]',
      },
    ]);
  });

  it("torchvision's first names, and a wrapper around them", () => {
    const first = (name: string) =>
      `model.${name.replace('blocks.0.0.', 'blocks.0.').replace('conv.0.0.', 'conv.').replace('head.0.0', 'head.mask_fcn1')}`;
    const { tensors, report } = mapDetectorWeights(fill(detector(5), first), detector(5));
    expect(tensors.size).toBe(6);
    expect(report).toMatchObject({ rules: 'torchvision-detector, inside "model."', missing: [] });
  });

  it('with another head gives what agrees', () => {
    const file = fill(detector(5));
    file.delete('roi_heads.mask_head.0.0.bias');
    file.set('roi_heads.keypoint_head.0.weight', tensorData('float32', [1], [1]));
    const { scope, report } = mapDetectorWeights(file, detector(5));
    expect(scope).toBe('detector');
    expect(report.expected).toMatchObject({
      missing: ['roi_heads.mask_head.0.0.bias'],
      unexpected: ['roi_heads.keypoint_head.0.weight'],
    });
  });

  it('without its whole backbone is refused', () => {
    const file = fill(detector(5));
    file.delete('backbone.body.layer1.0.conv1.weight');
    expect(refusal(() => mapDetectorWeights(file, detector(5))).message).toMatch(
      /1 missing: backbone\.body\.layer1\.0\.conv1\.weight/,
    );
  });

  it('with a classifier or counters in its backbone is one', () => {
    const file = fill(detector(5));
    file.set('backbone.body.fc.weight', tensorData('float32', [1], [1]));
    file.set('backbone.body.bn1.num_batches_tracked', tensorData('int32', [], [1]));
    expect(mapDetectorWeights(file, detector(5)).report.unexpected).toEqual([]);
    file.set('backbone.body.layer9.weight', tensorData('float32', [1], [1]));
    expect(refusal(() => mapDetectorWeights(file, detector(5))).message).toMatch(
      /1 unexpected: backbone\.body\.layer9/,
    );
  });
});

describe('a backbone', () => {
  it.each(['', 'backbone.', 'backbone.body.', 'module.encoder_q.'])('behind "%s" is found', (prefix) => {
    const backbone = new Map([...detector(5)].filter(([name]) => isBackbone(name)));
    const file = fill(backbone, (name) => name.replace('backbone.body.', prefix));
    const { tensors, scope } = mapDetectorWeights(file, detector(5));
    expect(scope).toBe('backbone');
    expect([...tensors.keys()]).toEqual([...backbone.keys()]);
  });

  it('is all that is taken where it is asked for', () => {
    const { tensors, scope } = mapDetectorWeights(fill(detector(5)), detector(5), { scope: 'backbone' });
    expect(scope).toBe('backbone');
    expect([...tensors.keys()].every(isBackbone)).toBe(true);
  });

  it('is not enough where a detector is asked for', () => {
    const backbone = new Map([...detector(5)].filter(([name]) => isBackbone(name)));
    expect(refusal(() => mapDetectorWeights(fill(backbone), detector(5), { scope: 'detector' })).message).toMatch(
      /received 0 tensors that fit.*beside its backbone/,
    );
  });

  it('of a detector of another kind is taken, with the neck that agrees', () => {
    const names = ['backbone.body.conv1.weight', 'backbone.body.layer1.0.conv1.weight'];
    const file = fill(new Map([...detector(5)].filter(([name]) => names.includes(name))));
    file.set('head.classification_head.cls_logits.weight', tensorData('float32', [1], [1]));
    const { scope, report } = mapDetectorWeights(file, detector(5));
    expect(scope).toBe('backbone');
    expect(report.outside).toEqual(['head.classification_head.cls_logits.weight']);
  });
});
