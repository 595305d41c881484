import { ProtocolViolation } from '../src';

test('a violation carries SQLSTATE 08P01, its key, tag and length', () => {
  const violation = new ProtocolViolation('badMessage', 0x51, 12, 'string without terminator');
  expect(violation).toBeInstanceOf(Error);
  expect(violation).toMatchObject({
    name: 'ProtocolViolation',
    sqlstate: '08P01',
    key: 'badMessage',
    tag: 0x51,
    length: 12,
    message: 'badMessage: tag 81, length 12: string without terminator',
  });
});

test('a violation without detail ends after the length', () => {
  expect(new ProtocolViolation('badFrameLength', 0, -1).message).toBe(
    'badFrameLength: tag 0, length -1',
  );
});
