import type { Link } from '../../src/backend/link';
import { Outgoing } from '../../src/relay/outgoing';
import { chunked, frame } from '../kit/messages';
import { Rig } from '../kit/rig';

const SCRATCH_BYTES = 64 * 1024;

interface Written {
  readonly source: Buffer;
  readonly bytes: Buffer;
}

/** A link whose writes are taken down, with the buffer that each came from. */
async function listenedTo(): Promise<{ readonly link: Link; readonly writes: Written[] }> {
  const rig = await Rig.open({ poolSize: 1 });
  await rig.client();
  const [link] = rig.pool().links;
  if (link === undefined) throw new Error('no link');
  const writes: Written[] = [];
  link.write = (source, start = 0, end = source.length) => {
    writes.push({ source, bytes: Buffer.from(source.subarray(start, end)) });
    return true;
  };
  return { link, writes };
}

const all = (writes: readonly Written[]): string =>
  Buffer.concat(writes.map(({ bytes }) => bytes)).toString('latin1');

test('a chunk that nobody changes goes out as it is, from its own memory', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  const chunk = Buffer.from('one two three');
  out.begin(chunk, link);
  out.passTo(4);
  out.passTo(8);
  expect(out.send()).toBe(true);
  expect(all(writes)).toBe('one two ');
  expect(writes.map(({ source }) => source)).toEqual([chunk]);
  expect(writes[0]?.source).toBe(chunk);
});

test('a chunk whose beginning is skipped goes out from its own memory, too', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  const chunk = Buffer.from('one two three');
  out.begin(chunk, link);
  out.skipTo(4);
  out.passTo(8);
  out.send();
  expect(all(writes)).toBe('two ');
  expect(writes[0]?.source).toBe(chunk);
});

test('nothing is written when nothing goes out', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  out.begin(Buffer.from('abc'), link);
  out.skipTo(3);
  expect(out.send()).toBe(true);
  expect(writes).toEqual([]);
});

test('without a link everything is dropped, and nothing of it comes later', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  out.begin(Buffer.from('abc'), undefined);
  out.passTo(3);
  expect(out.send()).toBe(true);
  out.begin(Buffer.from('def'), link);
  out.passTo(3);
  out.send();
  expect(all(writes)).toBe('def');
});

test('runs, skips and added frames go out in order and in one write', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  out.begin(Buffer.from('one two three four'), link);
  out.passTo(4);
  out.frame(0x50, Buffer.from('ab'), Buffer.from('c'));
  out.skipTo(8);
  out.passTo(14);
  out.bytes(Buffer.from('>raw<'), 1, 4);
  out.passTo(18);
  out.send();
  const added = frame('P', 'abc').toString('latin1');
  expect(all(writes)).toBe(`one ${added}three rawfour`);
  expect(writes).toHaveLength(1);
});

test('a header with a body that is put together of pieces', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  const chunk = Buffer.from('..name value..');
  out.begin(chunk, link);
  out.skipTo(2);
  out.header(0x42, 9);
  out.bytes(Buffer.from('new'), 0, 3);
  out.bytes(chunk, 6, 12);
  out.skipTo(12);
  out.send();
  expect(all(writes)).toBe(frame('B', 'new value').toString('latin1'));
});

test('nothing is left for the next chunk', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  for (const text of ['first', 'second', 'third']) {
    out.begin(Buffer.from(text), link);
    out.frame(0x48);
    out.passTo(text.length);
    out.send();
  }
  const flush = frame('H').toString('latin1');
  expect(all(writes)).toBe(`${flush}first${flush}second${flush}third`);
});

test('a link that does not keep up is heard of, whichever write it was', async () => {
  const { link } = await listenedTo();
  let answers: boolean[] = [];
  link.write = () => answers.shift() ?? true;
  const out = new Outgoing();
  for (const [first, second] of [
    [true, true],
    [false, true],
    [true, false],
  ] as const) {
    answers = [first, second];
    out.begin(Buffer.alloc(SCRATCH_BYTES), link);
    out.bytes(Buffer.alloc(10), 0, 10);
    out.passTo(SCRATCH_BYTES);
    expect(out.send()).toBe(first && second);
  }
});

test.each([SCRATCH_BYTES - 1, SCRATCH_BYTES, SCRATCH_BYTES + 1, 3 * SCRATCH_BYTES + 7])(
  'a run of %d bytes among changes arrives whole and in order',
  async (size) => {
    const { link, writes } = await listenedTo();
    const out = new Outgoing();
    const run = Buffer.alloc(size);
    for (let at = 0; at < size; at++) run[at] = at % 251;
    out.begin(run, link);
    out.frame(0x44, Buffer.from('before'));
    out.passTo(size);
    out.frame(0x44, Buffer.from('after'));
    out.send();
    const wanted = Buffer.concat([frame('D', 'before'), run, frame('D', 'after')]);
    expect(Buffer.concat(writes.map(({ bytes }) => bytes)).equals(wanted)).toBe(true);
  },
);

test('many changes, more than fit into one write, arrive whole and in order', async () => {
  const { link, writes } = await listenedTo();
  const out = new Outgoing();
  const chunk = Buffer.alloc(50_000);
  for (let at = 0; at < chunk.length; at++) chunk[at] = at % 253;
  out.begin(chunk, link);
  const wanted: Buffer[] = [];
  let at = 0;
  for (const [index, piece] of chunked(chunk, 997).entries()) {
    at += piece.length;
    if (index % 3 === 2) out.skipTo(at);
    else {
      out.passTo(at);
      wanted.push(piece);
    }
    const added = Buffer.alloc(1500, index);
    out.frame(0x64, added);
    wanted.push(frame('d', added));
  }
  out.send();
  expect(writes.length).toBeGreaterThan(1);
  expect(Buffer.concat(writes.map(({ bytes }) => bytes)).equals(Buffer.concat(wanted))).toBe(true);
});
