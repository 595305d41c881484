import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { certsDir, RawClient } from '@pgweir/testkit';
import { type Rig, rawTarget, startRig } from './support/rig';

const LOGIN = { user: 'postgres', database: 'shop' } as const;
const DATABASES = { shop: '{server} dbname=postgres' };
const SETTINGS = {
  auth_type: 'trust',
  client_tls_sslmode: 'require',
  client_tls_key_file: '{dir}/tls.key',
  client_tls_cert_file: '{dir}/tls.crt',
};
const RELOADED = 'configuration reloaded';
const REFUSED = 'RELOAD failed';

let rig: Rig;

function pem(name: string): string {
  return readFileSync(join(certsDir(), name), 'utf8');
}

function files(name: string): Record<string, string> {
  return { 'tls.crt': pem(`${name}.crt`), 'tls.key': pem(`${name}.key`) };
}

function write(name: string): void {
  for (const [file, text] of Object.entries(files(name))) rig.daemon.write(file, text);
}

beforeAll(async () => {
  rig = await startRig({
    settings: SETTINGS,
    databases: DATABASES,
    userlist: '"postgres" ""\n',
    files: files('server'),
  });
});

afterEach(async () => {
  write('server');
  await rig.daemon.reload(rig.config({ settings: SETTINGS, databases: DATABASES }), RELOADED);
});

afterAll(() => rig?.stop());

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(rawTarget(rig.daemon), { tls: { start: 'request' } });
  await client.login(LOGIN);
  return client;
}

function shownTo(client: RawClient): string {
  const { socket } = client;
  return socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject.CN) : 'no TLS';
}

async function shownNow(): Promise<string> {
  const client = await connect();
  const name = shownTo(client);
  client.destroy();
  return name;
}

async function works(client: RawClient): Promise<boolean> {
  return (await client.query('SELECT 1')).some(({ tag }) => tag === 'D');
}

test('after SIGHUP new clients see the new certificate, and those that are here stay', async () => {
  const old = await connect();
  const before = shownTo(old);
  try {
    write('misnamed');
    // Without a signal nothing happens.
    expect(await shownNow()).toBe(before);
    await rig.daemon.reload(undefined, RELOADED);
    const after = await shownNow();
    expect(after).not.toBe(before);
    expect(await works(old)).toBe(true);
    write('server');
    await rig.daemon.reload(undefined, RELOADED);
    expect(await shownNow()).toBe(before);
    expect(await works(old)).toBe(true);
  } finally {
    old.destroy();
  }
});

const BROKEN: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ['is no certificate', { 'tls.crt': 'nonsense\n' }, /client_tls_cert_file/],
  ['is empty', { 'tls.crt': '' }, /client_tls_cert_file/],
  ['has a key that is none', { 'tls.key': 'nonsense\n' }, /client_tls_key_file/],
  ['does not match its key', { 'tls.crt': 'misnamed' }, /client_tls_(key|cert)_file/],
];

test.each(BROKEN)(
  'a certificate file that %s: the old one stays, and the log names file and line',
  async (_what, broken, setting) => {
    const old = await connect();
    const before = shownTo(old);
    try {
      for (const [file, text] of Object.entries(broken)) {
        rig.daemon.write(file, text === 'misnamed' ? pem('misnamed.crt') : text);
      }
      const from = rig.daemon.log().length;
      await rig.daemon.reload(undefined, REFUSED);
      const log = rig.daemon.log().slice(from);
      const line = log.split('\n').find((text) => /problem/.test(text)) ?? '';
      expect(line).toMatch(/ERROR .*\/pgweir\.ini:\d+: problem: /);
      expect(line).toMatch(setting);
      const place = Number(/pgweir\.ini:(\d+):/.exec(line)?.[1]);
      const text = readFileSync(rig.daemon.configFile, 'utf8').split('\n')[place - 1] ?? '';
      expect(text).toMatch(setting);
      expect(await shownNow()).toBe(before);
      expect(await works(old)).toBe(true);
      write('misnamed');
      await rig.daemon.reload(undefined, RELOADED);
      expect(await shownNow()).not.toBe(before);
    } finally {
      old.destroy();
    }
  },
);

test('a broken certificate file keeps everything else of the new configuration out, too', async () => {
  rig.daemon.write('tls.crt', 'nonsense\n');
  const changed = { ...SETTINGS, login_notify_message: 'new' };
  await rig.daemon.reload(rig.config({ settings: changed, databases: DATABASES }), REFUSED);
  const client = await RawClient.connect(rawTarget(rig.daemon), { tls: { start: 'request' } });
  const { messages } = await client.login(LOGIN);
  client.destroy();
  expect(messages.filter(({ tag }) => tag === 'N')).toEqual([]);
});

test('another mode applies to new clients, and those that are here stay as they are', async () => {
  const old = await connect();
  try {
    const without = { ...SETTINGS, client_tls_sslmode: 'disable' };
    await rig.daemon.reload(rig.config({ settings: without, databases: DATABASES }), RELOADED);
    await expect(connect()).rejects.toThrow(/answered with N/);
    const plain = await RawClient.connect(rawTarget(rig.daemon));
    await plain.login(LOGIN);
    plain.destroy();
    expect(await works(old)).toBe(true);
  } finally {
    old.destroy();
  }
});
