import { frame } from '@pgweir/testkit';
import { FrameCounter } from '../../src/floor/frame-counter';

const stream = Buffer.concat([
  frame('C', Buffer.from('SELECT 1\0')),
  frame('Z', Buffer.from('T')),
  frame('S', Buffer.alloc(0)),
  frame('Z', Buffer.from('I')),
]);

test('frames are counted the same however the stream is cut', () => {
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second++) {
      const counter = new FrameCounter('ZS');
      const found =
        counter.count(stream, 0, first) +
        counter.count(stream, first, second) +
        counter.count(stream, second, stream.length);
      expect(found).toBe(3);
      expect(counter.lastByte).toBe('I'.charCodeAt(0));
    }
  }
});
