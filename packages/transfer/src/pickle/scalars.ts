import { atMost, decodeText } from '../source.js';
import { OP } from './opcodes.js';
import { checkTextLength, count64, fail, field, type Machine, take, uint8, uint32 } from './state.js';

/** Opcodes that push one number, string, bytes, None or bool. */
export function scalar(machine: Machine, opcode: number): boolean {
  const { stack } = machine;
  switch (opcode) {
    case OP.NONE:
      stack.push(null);
      return true;
    case OP.NEWTRUE:
    case OP.NEWFALSE:
      stack.push(opcode === OP.NEWTRUE);
      return true;
    case OP.BININT:
      take(machine, 4);
      stack.push(machine.view.getInt32(machine.position - 4, true));
      return true;
    case OP.BININT1:
      stack.push(uint8(machine));
      return true;
    case OP.BININT2:
      take(machine, 2);
      stack.push(machine.view.getUint16(machine.position - 2, true));
      return true;
    case OP.LONG1:
      stack.push(integer(machine, uint8(machine)));
      return true;
    case OP.LONG4:
      stack.push(integer(machine, uint32(machine)));
      return true;
    case OP.BINFLOAT:
      take(machine, 8);
      stack.push(machine.view.getFloat64(machine.position - 8, false));
      return true;
    case OP.SHORT_BINUNICODE:
      stack.push(unicode(machine, uint8(machine)));
      return true;
    case OP.BINUNICODE:
      stack.push(unicode(machine, uint32(machine)));
      return true;
    case OP.BINUNICODE8:
      stack.push(unicode(machine, count64(machine)));
      return true;
    // Python 2 strings stay bytes: numpy kept raw data in them. `textOf` reads them where text is meant.
    case OP.SHORT_BINSTRING:
    case OP.SHORT_BINBYTES:
      stack.push(take(machine, uint8(machine)));
      return true;
    case OP.BINSTRING:
    case OP.BINBYTES:
      stack.push(take(machine, uint32(machine)));
      return true;
    case OP.BINBYTES8:
    case OP.BYTEARRAY8:
      stack.push(take(machine, count64(machine)));
      return true;
    default:
      return false;
  }
}

/** Little-endian two's complement; a number where it is exact. */
function integer(machine: Machine, length: number): number | bigint {
  if (length > machine.source.limits.maxPickleIntegerBytes) {
    const limit = atMost('maxPickleIntegerBytes', machine.source.limits);
    throw fail(machine, 'an integer in a pickle is short', `${length} bytes`, limit);
  }
  const bytes = take(machine, length);
  let value = 0n;
  for (let at = length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at]!);
  value = BigInt.asIntN(length * 8, value);
  return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function unicode(machine: Machine, length: number): string {
  checkTextLength(machine, length);
  return decodeText(machine.source, field(machine), take(machine, length));
}
