import type { Program } from '@nats/graph';
import type { Tensors } from './session.js';

/** A session of onnxruntime that can leave outputs in the memory of a device. */
export interface DeviceSession {
  /**
   * @param outputs names of those that are wanted; all by default. Where some stay on the device, onnxruntime-node
   * takes no choice ("Output count mismatch").
   */
  run(feeds: Tensors, outputs?: readonly string[]): Promise<Tensors>;
  release(): Promise<void>;
}

/** @param onDevice names of outputs that stay on the device */
export type OpenDeviceSession = (program: Program, onDevice: readonly string[]) => Promise<DeviceSession>;
