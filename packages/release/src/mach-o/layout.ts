const MACH_O_64 = 0xfeedfacf;
const HEADER_BYTES = 32;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
/** Programs have some twenty; more is no program of ours. */
const COMMANDS_MAX = 1000;
const SEGMENT_NAME_BYTES = 16;

/** Where a Mach-O file has what a signature speaks of: offsets of load commands, and what they say. */
export interface MachO {
  /** The command that says where the code signature is: 8 bytes on its offset, then its length. */
  readonly signature: { readonly at: number; readonly offset: number; readonly bytes: number };
  readonly text: Segment;
  /** The last segment, which ends with the signature. */
  readonly linkEdit: Segment;
}

export interface Segment {
  readonly at: number;
  readonly fileOffset: number;
  readonly fileBytes: number;
}

/** @throws Error when it is no program for macOS with room for a signature */
export function readMachO(file: Buffer): MachO {
  if (file.length < HEADER_BYTES || file.readUInt32LE(0) !== MACH_O_64) {
    throw new Error('no Mach-O file');
  }
  let signature: MachO['signature'] | undefined;
  const segments = new Map<string, Segment>();
  const commands = file.readUInt32LE(16);
  if (commands > COMMANDS_MAX) throw new Error(`${commands} load commands`);
  for (let i = 0, at = HEADER_BYTES; i < commands; i++) {
    const kind = file.readUInt32LE(at);
    if (kind === LC_SEGMENT_64) segments.set(nameAt(file, at + 8), segmentAt(file, at));
    if (kind === LC_CODE_SIGNATURE) {
      const [offset, bytes] = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)];
      signature = { at, offset, bytes };
    }
    at += file.readUInt32LE(at + 4);
  }
  const [text, linkEdit] = [segments.get('__TEXT'), segments.get('__LINKEDIT')];
  if (signature === undefined || text === undefined || linkEdit === undefined) {
    throw new Error('no code signature');
  }
  return { signature, text, linkEdit };
}

function nameAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, at + SEGMENT_NAME_BYTES).replace(/\0+$/, '');
}

function segmentAt(file: Buffer, at: number): Segment {
  return {
    at,
    fileOffset: Number(file.readBigUInt64LE(at + 40)),
    fileBytes: Number(file.readBigUInt64LE(at + 48)),
  };
}

/** Writes how long the segment is: in the file, and in memory rounded up to whole pages. */
export function writeSegmentBytes(file: Buffer, { at }: Segment, bytes: number): void {
  const pageBytes = 16_384;
  file.writeBigUInt64LE(BigInt(Math.ceil(bytes / pageBytes) * pageBytes), at + 32);
  file.writeBigUInt64LE(BigInt(bytes), at + 48);
}
