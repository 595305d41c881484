import { byName, integers, type ShowItems, texts } from './item';

/** How fresh passwords from secret stores are; never what they are. */
export const SECRETS: ShowItems = {
  secrets: {
    help:
      'Each secret that the configuration names: where it is used, the version in use, its age, ' +
      'and why it cannot be read; never what it says. See docs/aws-secrets.md.',
    columns: [
      ...texts('secret', 'role_arn', 'databases', 'users', 'version'),
      ['version_age', 'int8'],
      ...integers('pending'),
      ['overlap_left', 'int8'],
      ['read_age', 'int8'],
      ...texts('error'),
    ],
    rows: ({ picture }) =>
      [...picture.secrets]
        .sort((a, b) => byName(a.place, b.place))
        .map((secret) => [
          secret.place,
          secret.roleArn ?? null,
          [...secret.databases].sort(byName).join(', '),
          [...secret.users].sort(byName).join(', '),
          secret.version ?? null,
          seconds(secret.versionAgeMs),
          secret.isPending ? 1 : 0,
          seconds(secret.overlapLeftMs),
          seconds(secret.readAgeMs),
          secret.fault ?? null,
        ]),
  },
};

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.floor(ms / 1000);
}
