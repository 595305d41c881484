import { parentBehind, parentInFront } from '../../src/tracing/text-parent';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = (number: number): string => `00f067aa0ba902b${number}`;
const parent = (number = 7): string => `00-${TRACE}-${span(number)}-01`;

function found(sql: string): string | undefined {
  const text = Buffer.from(sql);
  const inFront = parentInFront(text, 0, text.length);
  return (inFront ?? parentBehind(text, 0, text.length))?.spanId;
}

test.each([
  ['in front', `/*traceparent='${parent()}'*/ SELECT 1`],
  [
    'in front, behind blanks and another comment',
    `\n /* hello */ /*traceparent='${parent()}'*/SELECT 1`,
  ],
  ['behind', `SELECT 1 /*traceparent='${parent()}'*/`],
  ['behind, and a semicolon', `SELECT 1 /*traceparent='${parent()}'*/ ; \n`],
  ['behind a semicolon', `SELECT 1; /*traceparent='${parent()}'*/`],
  ['among other keys', `SELECT 1 /*action='%2Fp',traceparent='${parent()}',tracestate='a%3D1'*/`],
  ['among other keys, with blanks', `SELECT 1 /* db_driver = 'x', traceparent = '${parent()}' */`],
  ['within the line comment that ends a text', `SELECT 1 -- /*traceparent='${parent()}'*/`],
  ['in a text that has nothing else', `/*traceparent='${parent()}'*/`],
])('traceparent %s is found', (_, sql) => {
  expect(found(sql)).toBe(span(7));
});

test('of two the one in front counts', () => {
  const sql = `/*traceparent='${parent(1)}'*/ SELECT 1 /*traceparent='${parent(2)}'*/`;
  expect(found(sql)).toBe(span(1));
});

test.each([
  ['in a string', `SELECT '/*traceparent=''${parent()}''*/'`],
  ['in a string at the beginning of a comment', `SELECT '/*traceparent=''${parent()}''' /* */`],
  ['in a dollar quote', `SELECT $$/*traceparent='${parent()}'*/$$`],
  ['in a name', `SELECT "/*traceparent='${parent()}'*/"`],
  ['in the middle', `SELECT /*traceparent='${parent()}'*/ 1`],
  ['under another name', `SELECT 1 /*xtraceparent='${parent()}'*/`],
  ['without quotes', `SELECT 1 /*traceparent=${parent()}*/`],
  ['with something in front of it', `SELECT 1 /*traceparent='x${parent()}'*/`],
  ['in a comment that does not end', `SELECT 1 /*traceparent='${parent()}'`],
  ['in one in front that does not end', `/*traceparent='${parent()}' SELECT 1`],
  [
    'behind a comment that is far too long',
    `/*${'x'.repeat(3000)}traceparent='${parent()}'*/ SELECT 1`,
  ],
  ['in upper case', `SELECT 1 /*TRACEPARENT='${parent()}'*/`],
  ['in an empty text', ''],
  ['in half a comment', '*/'],
  ['in a slash', '/'],
])('traceparent %s is none', (_, sql) => {
  expect(found(sql)).toBeUndefined();
});
