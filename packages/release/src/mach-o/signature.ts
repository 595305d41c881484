import { createHash } from 'node:crypto';
import { readMachO, writeSegmentBytes } from './layout';

const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
/** The index of a signature with one blob. */
const INDEX_BYTES = 20;
/** The version that says where the program's own segment is. */
const DIRECTORY_VERSION = 0x20400;
const DIRECTORY_BYTES = 88;
/** CS_ADHOC and CS_LINKER_SIGNED: hashes without a certificate, as linkers make them. */
const FLAGS = 0x20002;
const MAIN_BINARY = 1n;
const SHA256_BYTES = 32;
const SHA256_TYPE = 2;
const PAGE_BITS = 12;
const PAGE_BYTES = 2 ** PAGE_BITS;
const BLOBS_MAX = 100;

/**
 * Why macOS would kill a program at its start: each page must have the hash that the code signature
 * of the file says. Who has signed is not looked at.
 *
 * @returns undefined when every page is as signed
 */
export function signatureProblem(file: Buffer): string | undefined {
  const { signature } = readMachO(file);
  const directory = directoryIn(file.subarray(signature.offset));
  if (directory === undefined) return 'has a code signature without hashes';
  if (directory.readUInt32BE(32) !== signature.offset) return 'is not signed up to its signature';
  if (directory[37] !== SHA256_TYPE || directory[39] !== PAGE_BITS) return 'is signed otherwise';
  const at = directory.readUInt32BE(16);
  const hashes = directory.subarray(at, at + directory.readUInt32BE(28) * SHA256_BYTES);
  return hashes.equals(pageHashes(file.subarray(0, signature.offset)))
    ? undefined
    : 'is not what its code signature says';
}

/** A signature is an index of blobs: kind and offset each. */
function directoryIn(signature: Buffer): Buffer | undefined {
  const count = Math.min(signature.readUInt32BE(8), BLOBS_MAX);
  for (let i = 0; i < count; i++) {
    const blob = signature.subarray(signature.readUInt32BE(12 + 8 * i + 4));
    if (blob.readUInt32BE(0) === CODE_DIRECTORY) return blob;
  }
  return undefined;
}

function pageHashes(code: Buffer): Buffer {
  const hashes: Buffer[] = [];
  for (let at = 0; at < code.length; at += PAGE_BYTES) {
    const page = code.subarray(at, at + PAGE_BYTES);
    hashes.push(createHash('sha256').update(page).digest());
  }
  return Buffer.concat(hashes);
}

/**
 * The program with a signature without a certificate in place of the one that it has: Bun appends our
 * program to its own, and for x64 leaves the signature that it had before.
 *
 * @see Apple's open source, anchor cs_blobs.h
 */
export function signAdHoc(file: Buffer, identifier: string): Buffer {
  const { signature, text, linkEdit } = readMachO(file);
  const pages = Math.ceil(signature.offset / PAGE_BYTES);
  const name = Buffer.from(`${identifier}\0`);
  const hashesAt = DIRECTORY_BYTES + name.length;
  const directoryBytes = hashesAt + pages * SHA256_BYTES;
  const bytes = INDEX_BYTES + directoryBytes;

  const code = Buffer.from(file.subarray(0, signature.offset));
  code.writeUInt32LE(bytes, signature.at + 12);
  writeSegmentBytes(code, linkEdit, signature.offset + bytes - linkEdit.fileOffset);

  const index = Buffer.alloc(INDEX_BYTES);
  for (const [i, value] of [SUPER_BLOB, bytes, 1, 0, INDEX_BYTES].entries()) {
    index.writeUInt32BE(value, 4 * i);
  }
  const directory = Buffer.alloc(DIRECTORY_BYTES);
  const [specialSlots, size] = [0, directoryBytes];
  for (const [i, value] of [
    ...[CODE_DIRECTORY, size, DIRECTORY_VERSION, FLAGS, hashesAt, DIRECTORY_BYTES],
    ...[specialSlots, pages, signature.offset],
  ].entries()) {
    directory.writeUInt32BE(value, 4 * i);
  }
  directory.set([SHA256_BYTES, SHA256_TYPE, 0, PAGE_BITS], 36);
  directory.writeBigUInt64BE(BigInt(text.fileOffset), 64);
  directory.writeBigUInt64BE(BigInt(text.fileBytes), 72);
  directory.writeBigUInt64BE(MAIN_BINARY, 80);
  return Buffer.concat([code, index, directory, name, pageHashes(code)]);
}
