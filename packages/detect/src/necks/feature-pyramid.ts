import {
  add,
  constant,
  convolution,
  gather,
  maxPool2d,
  relu,
  type Scope,
  sliceAxis,
  type Tensor,
  tensorData,
  upsampleNearest,
} from '@nats/graph';

/** The neck (Lin et al. 2017, Feature Pyramid Networks). */
export interface FeaturePyramidConfig {
  /** Channels of every level; 256 in the paper. */
  readonly channels: number;
  /**
   * Coarser levels on top: `p6p7` two convolutions of stride 2 on the last level (RetinaNet, FCOS), `pool` one by
   * subsampling (Faster R-CNN), `none`.
   */
  readonly extra: 'p6p7' | 'p6' | 'pool' | 'none';
  /**
   * Whether a 3x3 convolution follows on every merged map, against the aliasing of enlarging (Lin et al. 2017, section 3);
   * default true. Levels of one stride are not enlarged and can do without: less work, and a smaller receptive field.
   */
  readonly smoothing?: boolean;
}

/**
 * Feature pyramid (Lin et al. 2017), named as torchvision's: `inner_blocks.i.0`, `layer_blocks.i.0`, `extra_blocks.p6`.
 * @param features finest first, each about half the size of the one before; any sizes will do
 * @returns finest first, one level for each feature map and the extra ones
 */
export function featurePyramid(scope: Scope, features: readonly Tensor[], config: FeaturePyramidConfig): Tensor[] {
  const { channels, extra, smoothing = true } = config;
  // torchvision: Kaiming uniform with a = 1, that is sqrt(3 / fan in).
  const layer = (place: Scope, x: Tensor, kernel: number, stride = 1) => {
    const fan = (x.shape[1] as number) * kernel * kernel;
    const initializer = { kind: 'uniform', bound: Math.sqrt(3 / fan) } as const;
    return convolution(place, x, { channels, kernel, stride, padding: (kernel - 1) / 2, bias: true, initializer });
  };
  const levels: Tensor[] = [];
  let above: Tensor | undefined;
  for (let i = features.length - 1; i >= 0; i--) {
    const lateral = layer(scope.child('inner_blocks').child(i).child(0), features[i]!, 1);
    above = above ? add(lateral, enlarge(above, lateral)) : lateral;
    levels.unshift(smoothing ? layer(scope.child('layer_blocks').child(i).child(0), above, 3) : above);
  }
  const top = levels.at(-1)!;
  if (extra === 'pool') levels.push(maxPool2d(top, { kernel: 1, stride: 2 }));
  if (extra === 'p6' || extra === 'p6p7') {
    const extras = scope.child('extra_blocks');
    const p6 = layer(extras.child('p6'), top, 3, 2);
    levels.push(p6);
    if (extra === 'p6p7') levels.push(layer(extras.child('p7'), relu(p6), 3, 2));
  }
  return levels;
}

/**
 * Nearest-neighbor enlargement of the coarser map to the finer one's size, as torchvision's `interpolate(mode="nearest")`.
 * Where strides do not divide the input, the finer map has a row or column less than a whole number of times as many.
 */
function enlarge(coarse: Tensor, fine: Tensor): Tensor {
  const [, , fromRows, fromColumns] = coarse.shape as number[];
  const [, , toRows, toColumns] = fine.shape as number[];
  if (fromRows === toRows && fromColumns === toColumns) return coarse;
  const factor = Math.ceil(toRows! / fromRows!);
  const [rows, columns] = [nearest(fromRows!, toRows!), nearest(fromColumns!, toColumns!)];
  const repeats = (source: readonly number[]) => source.every((from, to) => from === Math.floor(to / factor));
  if (repeats(rows) && repeats(columns)) {
    return sliceAxis(sliceAxis(upsampleNearest(coarse, factor), 2, 0, toRows!), 3, 0, toColumns!);
  }
  const indices = (source: readonly number[]) => constant(tensorData('int32', [source.length], source));
  return gather(gather(coarse, indices(rows), 2), indices(columns), 3);
}

/** Of which entry of `from` each of `to` is a copy: floor(i * from / to), in float32 as in PyTorch. */
export function nearest(from: number, to: number): number[] {
  const scale = Math.fround(from / to);
  return Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor(Math.fround(i * scale))));
}
