import type { ValueType } from './value-types';

const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@-]+$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const FILE = 'file:';

/** Where a secret is. The name of the place is no secret. */
export const secretPlace: ValueType<string> = {
  name: 'text',
  accepted: 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, or file:/path',
  parse(text) {
    const isFile = text.startsWith(`${FILE}/`) && !text.includes('\0');
    return isFile || SECRET_ARN.test(text) ? { kind: 'ok', value: text } : { kind: 'bad' };
  },
  show: (value) => value,
};

/** Of the role that may read secrets; empty: none. */
export const roleArn: ValueType<string> = {
  name: 'text',
  accepted: 'arn:aws:iam::ACCOUNT:role/NAME',
  parse: (text) =>
    text === '' || ROLE_ARN.test(text) ? { kind: 'ok', value: text } : { kind: 'bad' },
  show: (value) => value,
};

/** The file of a place; undefined: it is none. */
export function fileOfPlace(place: string): string | undefined {
  return place.startsWith(FILE) ? place.slice(FILE.length) : undefined;
}
