import { signAdHoc, signatureProblem } from '../src/mach-o/signature';

const CODE_BYTES = 10_000;

function command(kind: number, bytes: number, fill: (at: Buffer) => void): Buffer {
  const written = Buffer.alloc(bytes);
  written.writeUInt32LE(kind, 0);
  written.writeUInt32LE(bytes, 4);
  fill(written);
  return written;
}

function segment(name: string, offset: number, bytes: number): Buffer {
  return command(0x19, 72, (at) => {
    at.write(name, 8);
    at.writeBigUInt64LE(BigInt(offset), 40);
    at.writeBigUInt64LE(BigInt(bytes), 48);
  });
}

/** A program with a signature of `signatureBytes` zeros behind its code. */
function program(signatureBytes: number): Buffer {
  const commands = [
    segment('__TEXT', 0, 8192),
    segment('__LINKEDIT', 8192, CODE_BYTES - 8192 + signatureBytes),
    command(0x1d, 16, (at) => {
      at.writeUInt32LE(CODE_BYTES, 8);
      at.writeUInt32LE(signatureBytes, 12);
    }),
  ];
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0xfeedfacf, 0);
  header.writeUInt32LE(commands.length, 16);
  const head = Buffer.concat([header, ...commands]);
  const code = Buffer.alloc(CODE_BYTES - head.length, 7);
  return Buffer.concat([head, code, Buffer.alloc(signatureBytes)]);
}

test('a program that is signed without a certificate is as its signature says', () => {
  const signed = signAdHoc(program(64), 'pgweir');
  expect(signatureProblem(signed)).toBeUndefined();
  // Three pages; the load command and the last segment end with the file.
  expect(signed.length).toBe(CODE_BYTES + 20 + 88 + 'pgweir\0'.length + 3 * 32);
  expect(CODE_BYTES + signed.readUInt32LE(32 + 72 + 72 + 12)).toBe(signed.length);
  expect(8192n + signed.readBigUInt64LE(32 + 72 + 48)).toBe(BigInt(signed.length));
});

test('a byte that has changed since the signature is found, on every page', () => {
  for (const at of [300, 5000, CODE_BYTES - 1]) {
    const signed = signAdHoc(program(64), 'pgweir');
    signed.writeUInt8(signed.readUInt8(at) ^ 1, at);
    expect(signatureProblem(signed)).toBe('is not what its code signature says');
  }
});

test('a signature over less than the whole program is found, and made anew', () => {
  const signed = signAdHoc(program(64), 'pgweir');
  signed.writeUInt32BE(CODE_BYTES - 4096, CODE_BYTES + 20 + 32);
  expect(signatureProblem(signed)).toBe('is not signed up to its signature');
  expect(signatureProblem(signAdHoc(signed, 'pgweir'))).toBeUndefined();
});

test('what is no program for macOS is refused', () => {
  expect(() => signatureProblem(Buffer.alloc(100))).toThrow('no Mach-O file');
  const unsigned = program(64);
  unsigned.writeUInt32LE(2, 16);
  expect(() => signatureProblem(unsigned)).toThrow('no code signature');
});
