import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FrameReader, HEADER_BYTES } from '../src';

/** One message of a recorded exchange; `tag` is '-' for a first packet, which has none. */
export type Frame = { readonly tag: string; readonly body: Buffer };
export type Transcript = {
  readonly name: string;
  readonly client: readonly Frame[];
  readonly server: readonly Frame[];
};

const FOLDER = join(__dirname, 'transcripts');

/**
 * Exchanges recorded from PostgreSQL. A line is direction (`>` from the client, `<` from the server),
 * tag and body in hex; the body of a first packet is the whole packet.
 */
export function loadTranscripts(): readonly Transcript[] {
  return readdirSync(FOLDER).map((file) => {
    const lines = readFileSync(join(FOLDER, file), 'utf8').trimEnd().split('\n');
    return {
      name: file.replace('.txt', ''),
      client: lines.filter((line) => line.startsWith('> ')).map(parseLine),
      server: lines.filter((line) => line.startsWith('< ')).map(parseLine),
    };
  });
}

export function loadTranscript(name: string): Transcript {
  const found = loadTranscripts().find((transcript) => transcript.name === name);
  if (found === undefined) throw new Error(`no transcript ${name}`);
  return found;
}

function parseLine(line: string): Frame {
  const [, tag = '', body = ''] = line.split(' ');
  return { tag, body: Buffer.from(body, 'hex') };
}

/** The bytes of tagged messages as they were on the wire. */
export function wireBytes(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.flatMap(({ tag, body }) => {
      const header = Buffer.alloc(HEADER_BYTES);
      header.write(tag, 0, 'latin1');
      header.writeInt32BE(body.length + 4, 1);
      return [header, body];
    }),
  );
}

export function bodyOf(transcript: Transcript, tag: string, index = 0): Buffer {
  const frame = transcript.server.filter((candidate) => candidate.tag === tag)[index];
  if (frame === undefined) throw new Error(`${transcript.name} has no ${tag} number ${index}`);
  return frame.body;
}

/** Walks chunks as the relay does, and puts every frame together again. */
export function readFrames(reader: FrameReader, chunks: readonly Buffer[]): readonly Frame[] {
  const frames: Frame[] = [];
  let tag = '';
  let parts: Buffer[] = [];
  const finish = () => {
    frames.push({ tag, body: Buffer.concat(parts) });
    parts = [];
  };
  for (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      if (reader.bodyLeft === 0) {
        const behind = reader.readHeader(chunk, at, chunk.length);
        if (behind < 0) break;
        at = behind;
        tag = String.fromCharCode(reader.tag);
        if (reader.bodyLength === 0) finish();
      } else {
        const behind = reader.takeBody(at, chunk.length);
        parts.push(Buffer.from(chunk.subarray(at, behind)));
        at = behind;
        if (reader.bodyLeft === 0) finish();
      }
    }
  }
  return frames;
}
