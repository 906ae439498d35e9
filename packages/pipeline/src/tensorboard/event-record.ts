import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { crc32c } from './crc32c.js';

/** What is written of TensorFlow's `Event` (tensorflow/core/util/event.proto). */
export interface TensorboardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  /** Of the first event of a file. */
  readonly fileVersion?: string;
  /** A process begins to write here: what former files have of this step and later ones no longer counts. */
  readonly sessionStart?: boolean;
  readonly scalars?: Readonly<Record<string, number>>;
}

/** `SessionLog.SessionStatus.START`. */
const START = 1;

/** An event as a record of a file: its length and itself, each with a masked checksum (tensorflow/core/lib/io/record_writer.cc). */
export function eventRecord(event: TensorboardEvent): Uint8Array {
  const data = encodeEvent(event);
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

function encodeEvent({ wallTime, step, fileVersion, sessionStart, scalars }: TensorboardEvent): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(wallTime);
  if (step !== undefined) writer.tag(2, WireType.Varint).int64(step);
  if (fileVersion !== undefined) writer.tag(3, WireType.LengthDelimited).string(fileVersion);
  if (scalars) {
    writer.tag(5, WireType.LengthDelimited).fork();
    for (const [tag, value] of Object.entries(scalars)) {
      writer.tag(1, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(tag);
      writer.tag(2, WireType.Bit32).float(value);
      writer.join();
    }
    writer.join();
  }
  if (sessionStart) {
    writer.tag(7, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int32(START);
    writer.join();
  }
  return writer.finish();
}

/** A checksum of data that hold checksums is weak: it is turned and moved. */
function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
